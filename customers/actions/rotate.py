"""Encrypt anew, under the first key of the settings, what stands under an older one."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from django.db import transaction

from customers.identifiers import Keyring, identity_binding
from customers.queries.database import as_json, execute, rows
from customers.queries.events import QUARANTINE_BINDING
from customers.queries.identities import keyring
from customers.queries.sealed import (
    REENCRYPT,
    RESEAL,
    STALE_IDENTITIES,
    STALE_PAYLOADS,
    STALE_SEALS,
    STORE_PAYLOADS,
    SealedColumn,
)

AT_ONCE: Final = 1_000


def rotate(*, columns: Sequence[SealedColumn]) -> Iterator[int]:
    """Go through everything, a batch in a transaction of its own; how many rows each batch had.

    It can be killed and begun again: what is done is not found again. Readers go on meanwhile,
    because all keys decrypt. The old key may leave the settings once a run finds nothing.
    """
    ring = keyring()
    yield from _walk(lambda after: _identities(after, ring))
    yield from _walk(lambda after: _payloads(after, ring))
    for column in columns:
        yield from _walk(lambda after, column=column: _seals(after, column, ring))  # type: ignore[misc]  # bound now


def _walk(batch: Callable[[int], list[int]]) -> Iterator[int]:
    after = 0
    while True:
        with transaction.atomic():
            done = batch(after)
        if not done:
            return
        after = done[-1]
        yield len(done)


def _identities(after: int, ring: Keyring) -> list[int]:
    fresh: list[dict[str, Any]] = []
    for pk, kind, value_hash, ciphertext, key_id in rows(
        STALE_IDENTITIES, {"after": after, "key_id": ring.current, "most": AT_ONCE}
    ):
        binding = identity_binding(kind, bytes(value_hash))
        value = ring.decrypt(key_id, bytes(ciphertext), binding)
        new_id, renewed = ring.encrypt(value, binding)
        fresh.append({"id": pk, "ciphertext": renewed.hex(), "key_id": new_id})
    return _stored(REENCRYPT, fresh)


def _payloads(after: int, ring: Keyring) -> list[int]:
    return _stored(
        STORE_PAYLOADS,
        [
            {"id": pk, "sealed": _resealed(bytes(sealed), QUARANTINE_BINDING, ring)}
            for pk, sealed in rows(STALE_PAYLOADS, _stale(after, ring))
        ],
    )


def _seals(after: int, column: SealedColumn, ring: Keyring) -> list[int]:
    names = {"table": column.table, "column": column.column, "binding": column.binding}
    return _stored(
        RESEAL.format(**names),
        [
            {"id": pk, "sealed": _resealed(bytes(sealed), bytes(binding), ring)}
            for pk, sealed, binding in rows(STALE_SEALS.format(**names), _stale(after, ring))
        ],
    )


def _stale(after: int, ring: Keyring) -> dict[str, object]:
    prefix = ring.current.encode() + b":"
    return {"after": after, "prefix": prefix, "length": len(prefix), "most": AT_ONCE}


def _resealed(sealed: bytes, binding: bytes, ring: Keyring) -> str:
    return ring.seal_bytes(ring.unseal_bytes(sealed, binding), binding).hex()


def _stored(statement: str, fresh: Sequence[dict[str, Any]]) -> list[int]:
    if fresh:
        execute(statement, {"rows": as_json(fresh)})
    return [row["id"] for row in fresh]
