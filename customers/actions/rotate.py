"""Encrypt anew, under the first key of the settings, what stands under an older one."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import OperationalError, transaction
from psycopg.errors import LockNotAvailable

from customers.errors import KeyDestroyed, UnknownKey
from customers.identifiers import Keyring, identity_binding, key_id_of, slot_of
from customers.queries.database import as_array, as_json, execute, rows
from customers.queries.events import QUARANTINE_BINDING
from customers.queries.identities import keyring
from customers.queries.person_keys import fresh_slots
from customers.queries.quarantine import people_named
from customers.queries.sealed import (
    GIVE_WAY,
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
PAUSE_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """What one look found: the last row of it, and how many were encrypted anew."""

    last: int
    done: int


def rotate(*, columns: Sequence[SealedColumn]) -> Iterator[int]:
    """Go through everything, a batch in a transaction of its own; how many rows each batch had.

    It can be killed and begun again: what is done is not found again. Readers go on meanwhile,
    because all keys decrypt; writers wait for a batch, which locks rows in the order in which
    files do, and gives way where two would wait for each other. What was encrypted for somebody
    erased is left: nothing opens it any more. The old key may leave the settings once a run
    finds nothing.

    Raises UnknownKey, with the row: its key is not in the settings, or it was changed.
    """
    ring = keyring()
    yield from _walk(lambda after: _identities(after, ring))
    yield from _walk(lambda after: _payloads(after, ring))
    for column in columns:
        yield from _walk(lambda after, column=column: _seals(after, column, ring))  # type: ignore[misc]  # bound now


def _walk(batch: Callable[[int], _Batch | None]) -> Iterator[int]:
    after = 0
    while True:
        try:
            with transaction.atomic():
                execute(GIVE_WAY, {})
                found = batch(after)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            time.sleep(PAUSE_SECONDS)
            continue
        if found is None:
            return
        after = found.last
        if found.done:
            yield found.done


def bring_home(customer_ids: Sequence[int]) -> None:
    """Encrypt these customers' identifiers with their own keys, in the caller's transaction.

    After two people were parted neither may depend on the other's key.
    """
    ring = keyring()
    found = rows(STRAY_IDENTITIES, {"ids": as_array(customer_ids)})
    _store(REENCRYPT, [_encrypted(row, slot=row[-1], ring=ring) for row in found])


def _identities(after: int, ring: Keyring) -> _Batch | None:
    stale = {"after": after, "key_id": ring.current, "most": AT_ONCE}
    found = rows(STALE_IDENTITIES, stale)
    # Who was merged keeps his own slot, so that parting him again finds it.
    return _renewed(
        "customers_identity",
        REENCRYPT,
        found,
        lambda row: _encrypted(row, slot=slot_of(row[4]) or row[5], ring=ring),
    )


def _encrypted(row: tuple[Any, ...], *, slot: int, ring: Keyring) -> dict[str, Any]:
    pk, kind, value_hash, ciphertext, key_id, _slot = row
    binding = identity_binding(kind, bytes(value_hash))
    value = ring.decrypt(key_id, bytes(ciphertext), binding)
    new_id, renewed = ring.encrypt(value, binding, slot=slot)
    return {"id": pk, "ciphertext": renewed.hex(), "key_id": new_id}


def _payloads(after: int, ring: Keyring) -> _Batch | None:
    found = rows(STALE_PAYLOADS, _stale(after, ring, "@"))
    fresh = iter(fresh_slots(len(found)))

    def renewed(row: tuple[Any, ...]) -> dict[str, Any]:
        pk, sealed = row
        return {
            "id": pk,
            "sealed": _resealed(bytes(sealed), QUARANTINE_BINDING, next(fresh), ring),
            "named": people_named(ring.unseal(bytes(sealed), QUARANTINE_BINDING)),
        }

    return _renewed("customers_quarantine", STORE_PAYLOADS, found, renewed)


def _seals(after: int, column: SealedColumn, ring: Keyring) -> _Batch | None:
    names = {"table": column.table, "column": column.column, "binding": column.binding}
    statement = STALE_SEALS.format(**names, slot=column.slot or "NULL", order=column.order)
    found = rows(statement, _stale(after, ring, "@" if column.slot else ":"))

    def renewed(row: tuple[Any, ...]) -> dict[str, Any]:
        pk, sealed, binding, slot = row
        return {"id": pk, "sealed": _resealed(bytes(sealed), bytes(binding), slot, ring)}

    return _renewed(column.table, RESEAL.format(**names), found, renewed)


def _stale(after: int, ring: Keyring, mark: str) -> dict[str, object]:
    prefix = f"{ring.current}{mark}".encode()
    return {"after": after, "prefix": prefix, "length": len(prefix), "most": AT_ONCE}


def _resealed(sealed: bytes, binding: bytes, slot: int | None, ring: Keyring) -> str:
    kept = slot_of(key_id_of(sealed)) or slot
    return ring.seal_bytes(ring.unseal_bytes(sealed, binding), binding, slot=kept).hex()


def _renewed(
    table: str,
    statement: str,
    found: Sequence[tuple[Any, ...]],
    renew: Callable[[tuple[Any, ...]], dict[str, Any]],
) -> _Batch | None:
    if not found:
        return None
    fresh = []
    for row in found:
        try:
            fresh.append(renew(row))
        except KeyDestroyed:
            continue
        except UnknownKey as error:
            raise UnknownKey(error.code, f"{error.message} ({table} {row[0]})") from error
    _store(statement, fresh)
    return _Batch(last=max(row[0] for row in found), done=len(fresh))


def _store(statement: str, fresh: Sequence[dict[str, Any]]) -> None:
    if fresh:
        execute(statement, {"rows": as_json(fresh)})
