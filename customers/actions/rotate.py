"""Encrypt anew, under the first key of the settings, what stands under an older one."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from django.db import transaction

from customers.identifiers import Keyring, identity_binding, key_id_of, slot_of
from customers.queries.database import as_array, as_json, execute, rows
from customers.queries.events import QUARANTINE_BINDING
from customers.queries.identities import keyring
from customers.queries.person_keys import fresh_slots
from customers.queries.quarantine import people_named
from customers.queries.sealed import (
    REENCRYPT,
    RESEAL,
    STALE_IDENTITIES,
    STALE_PAYLOADS,
    STALE_SEALS,
    STORE_PAYLOADS,
    STRAY_IDENTITIES,
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


def bring_home(customer_ids: Sequence[int]) -> None:
    """Encrypt these customers' identifiers with their own keys, in the caller's transaction.

    After two people were parted neither may depend on the other's key.
    """
    ring = keyring()
    found = rows(STRAY_IDENTITIES, {"ids": as_array(customer_ids)})
    _stored(REENCRYPT, [_encrypted(row, slot=row[-1], ring=ring) for row in found])


def _identities(after: int, ring: Keyring) -> list[int]:
    stale = {"after": after, "key_id": ring.current, "most": AT_ONCE}
    found = rows(STALE_IDENTITIES, stale)
    # Who was merged keeps his own slot, so that parting him again finds it.
    fresh = [_encrypted(row, slot=slot_of(row[4]) or row[5], ring=ring) for row in found]
    return _stored(REENCRYPT, fresh)


def _encrypted(row: tuple[Any, ...], *, slot: int, ring: Keyring) -> dict[str, Any]:
    pk, kind, value_hash, ciphertext, key_id, _slot = row
    binding = identity_binding(kind, bytes(value_hash))
    value = ring.decrypt(key_id, bytes(ciphertext), binding)
    new_id, renewed = ring.encrypt(value, binding, slot=slot)
    return {"id": pk, "ciphertext": renewed.hex(), "key_id": new_id}


def _payloads(after: int, ring: Keyring) -> list[int]:
    found = rows(STALE_PAYLOADS, _stale(after, ring, "@"))
    fresh = fresh_slots(len(found))
    return _stored(
        STORE_PAYLOADS,
        [
            {
                "id": pk,
                "sealed": _resealed(bytes(sealed), QUARANTINE_BINDING, slot, ring),
                "named": people_named(ring.unseal(bytes(sealed), QUARANTINE_BINDING)),
            }
            for (pk, sealed), slot in zip(found, fresh, strict=True)
        ],
    )


def _seals(after: int, column: SealedColumn, ring: Keyring) -> list[int]:
    names = {"table": column.table, "column": column.column, "binding": column.binding}
    statement = STALE_SEALS.format(**names, slot=column.slot or "NULL")
    return _stored(
        RESEAL.format(**names),
        [
            {"id": pk, "sealed": _resealed(bytes(sealed), bytes(binding), slot, ring)}
            for pk, sealed, binding, slot in rows(
                statement, _stale(after, ring, "@" if column.slot else ":")
            )
        ],
    )


def _stale(after: int, ring: Keyring, mark: str) -> dict[str, object]:
    prefix = f"{ring.current}{mark}".encode()
    return {"after": after, "prefix": prefix, "length": len(prefix), "most": AT_ONCE}


def _resealed(sealed: bytes, binding: bytes, slot: int | None, ring: Keyring) -> str:
    kept = slot_of(key_id_of(sealed)) or slot
    return ring.seal_bytes(ring.unseal_bytes(sealed, binding), binding, slot=kept).hex()


def _stored(statement: str, fresh: Sequence[dict[str, Any]]) -> list[int]:
    if fresh:
        execute(statement, {"rows": as_json(fresh)})
    return [row["id"] for row in fresh]
