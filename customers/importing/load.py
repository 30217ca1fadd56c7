"""Seal one batch of good rows, then write it: customers, identifiers, consents, each at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from customers.errors import KeyDestroyed
from customers.identifiers import Keyring
from customers.importing.mapping import Plan
from customers.importing.reasons import REASONS
from customers.importing.rows import BadRow, GoodRow, bad_row, customer_row
from customers.importing.strangers import Newcomer, Roll, Strangers, write_strangers
from customers.queries.aliases import link_waiting_aliases
from customers.queries.consents import IMPORT_CONSENTS, KIND_REACHED
from customers.queries.database import as_array, as_json, execute, rows
from customers.queries.identities import (
    ADD_FIRST_IDENTITIES,
    ADD_SEALED_IDENTITIES,
    keyring_for_many,
    sealed_identity,
)
from customers.queries.people import (
    REGISTER_ATTRIBUTES,
    Stored,
    made_now,
    sealed_customer,
    upsert_sealed,
)
from customers.vocabulary import ConsentState, Purpose

# As plain text, which the encoder of JSON writes at once; it asks a member of a set what it is.
_PURPOSE: Final = Purpose.MARKETING.value
_GRANTED, _WITHDRAWN = ConsentState.GRANTED.value, ConsentState.WITHDRAWN.value


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentTerms:
    """What a file's consents were given to."""

    channels: tuple[str, ...] = ()
    """Channels for which every customer of the file has consented."""
    notice_version: str = ""
    evidence: Mapping[str, str] | None = None


def register_attributes(plan: Plan) -> int:
    """Put the file's attributes into the catalogue; the number of new ones."""
    if not plan.attributes:
        return 0
    batch = [
        {"key": key, "type": kind, "label": plan.labels[key][:120]}
        for key, kind in plan.attributes.items()
    ]
    return execute(REGISTER_ATTRIBUTES, {"rows": as_json(batch)})


class Written(NamedTuple):
    """One row of a batch that is to be written."""

    customer_no: str
    slot: int
    """Whose key it was sealed with."""
    number: int
    line: int
    new_id: int | None = None
    """The id he gets, when nobody knew him."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One batch, judged and sealed: what is left is the database's."""

    good: Sequence[Written]
    bad: Sequence[BadRow]
    withheld: Sequence[BadRow]
    """Cells of good rows that are not stored."""
    customers: str = ""
    identities: str = ""
    consents: str = ""
    """Documents of the three statements for those who are known; empty where there is nothing."""
    strangers: Strangers | None = None
    """All of the others, where the batch tells them apart."""


SealAgain = Callable[[Mapping[str, int]], Prepared]
"""Some rows of the batch once more, by the slots that customers turned out to have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Who of a batch is known, and what those who are not are stored with."""

    ids: Sequence[int | None]
    """By customer; None: he is known."""
    source: str
    now: datetime


def prepare(
    good: Sequence[GoodRow],
    bad: Sequence[BadRow],
    slots: Sequence[int],
    terms: ConsentTerms,
    *,
    unknown: Unknown | None = None,
) -> Prepared:
    """Seal a batch; this asks nothing of the database, so that another batch may be written.

    Whose key was destroyed (a backup that was restored knows him still) is refused. Without
    ``unknown`` everybody is written as if he might be known.
    """
    ids = unknown.ids if unknown else [None] * len(good)
    roll = Roll(source=unknown.source, now=unknown.now) if unknown else None
    ring = keyring_for_many()
    written: list[Written] = []
    refused: list[BadRow] = []
    customers: list[dict[str, Any]] = []
    identities: list[dict[str, Any]] = []
    consents: list[dict[str, Any]] = []
    withheld: list[BadRow] = []
    for row, slot, new_id in zip(good, slots, ids, strict=True):
        try:
            sealer = ring.sealer(slot)
        except KeyDestroyed:
            refused.append(bad_row(row.record, row.customer_no, "", "customer_erased", ""))
            continue
        written.append(Written(row.customer_no, slot, row.record.number, row.record.line, new_id))
        place = len(written)
        withheld += row.withheld
        if roll and new_id is not None:
            _enrol(roll, row, Newcomer(new_id, slot, place, sealer), ring, terms)
            continue
        name = row.columns.get("name")
        customers.append(
            sealed_customer(customer_row(row), str(name) if name else None, slot, sealer)
        )
        for kind, value in row.contacts:
            identity = sealed_identity(kind, value, ring, sealer)
            identity["place"] = place
            identities.append(identity)
        consents += _statements(place, row, terms)
    return Prepared(
        good=written,
        bad=[*bad, *refused],
        withheld=withheld,
        customers=as_json(customers) if customers else "",
        identities=as_json(identities) if identities else "",
        consents=as_json(consents) if consents else "",
        strangers=roll.closed() if roll else None,
    )


def _enrol(roll: Roll, row: GoodRow, who: Newcomer, ring: Keyring, terms: ConsentTerms) -> None:
    """Put somebody whom nobody knows on the roll."""
    roll.add(row, who)
    hashes: dict[str, bytes] = {}
    for kind, value in row.contacts:
        hashes[kind] = digest = ring.lookup_hash(kind, value)
        roll.add_identity(who, kind, value, digest)
    for told in _statements(who.place, row, terms):
        kind = KIND_REACHED.get(told["channel"], "phone")
        is_claim = told["state"] == _GRANTED and kind in hashes
        roll.add_consent(who, told, (kind, hashes[kind]) if is_claim else None)


def write_batch(
    batch: Prepared, *, source: str, seal_again: SealAgain, now: datetime
) -> list[BadRow]:
    """Write the rows in the caller's transaction; the flagged ones come back.

    A row is flagged when its customer had withdrawn a consent the file claims (it stays
    withdrawn), or was erased.
    """
    if not batch.good:
        return []
    made = {
        row.customer_no: Stored(row.new_id, row.slot, is_new=True)
        for row in batch.good
        if row.new_id is not None
    }
    refused: Sequence[tuple[int, str]] = ()
    if batch.strangers:
        refused = write_strangers(batch.strangers)
    if not batch.customers:
        link_waiting_aliases(known=made, now=now)
        return _flags(batch, (), refused)
    stored = made | upsert_sealed(batch.customers, is_numbered=True, now=now)
    owners = [stored.get(row.customer_no) for row in batch.good]
    late = {
        row.customer_no: owner.slot
        for row, owner in zip(batch.good, owners, strict=True)
        if owner and owner.slot != row.slot
    }
    if batch.identities:
        _add_identities(batch, owners, source, now)
    again = seal_again(late) if late else None
    if again:
        _write_again(again, stored, source, now)
    link_waiting_aliases(known=made_now(stored), now=now)
    flags = _flags(batch, owners, [*refused, *_write_consents(batch, owners, source, now)])
    return [*flags, *again.bad] if again else flags


def _statements(place: int, row: GoodRow, terms: ConsentTerms) -> Iterator[dict[str, Any]]:
    # What the row itself says counts for more than what was said of the whole file.
    for channel, granted in {**dict.fromkeys(terms.channels, True), **row.consents}.items():
        yield {
            "place": place,
            "purpose": _PURPOSE,
            "channel": channel,
            "state": _GRANTED if granted else _WITHDRAWN,
            "notice_version": terms.notice_version,
            "evidence": {**(terms.evidence or {}), "line": row.record.line},
        }


def _write_again(again: Prepared, stored: Mapping[str, Stored], source: str, now: datetime) -> None:
    """For those whom another writer made after their slots were asked for."""
    if again.customers:
        upsert_sealed(again.customers, is_numbered=True, now=now)
    if again.identities:
        ids = as_array([stored[row.customer_no].customer_id for row in again.good])
        told = {"rows": again.identities, "ids": ids, "source": source, "now": now}
        execute(ADD_SEALED_IDENTITIES, told)


def _add_identities(
    batch: Prepared, owners: Sequence[Stored | None], source: str, now: datetime
) -> None:
    for statement, is_new in ((ADD_FIRST_IDENTITIES, True), (ADD_SEALED_IDENTITIES, False)):
        ids = [
            owner.customer_id
            if owner and row.new_id is None and owner.is_new == is_new and owner.slot == row.slot
            else None
            for row, owner in zip(batch.good, owners, strict=True)
        ]
        if any(ids):
            told = {"rows": batch.identities, "ids": as_array(ids), "source": source, "now": now}
            execute(statement, told)


def _write_consents(
    batch: Prepared, owners: Sequence[Stored | None], source: str, now: datetime
) -> list[tuple[int, str]]:
    """Place and channel of what stays withdrawn although the file says otherwise."""
    if not batch.consents:
        return []
    told = {
        "rows": batch.consents,
        "ids": as_array([one.customer_id if one else None for one in owners]),
        "known": as_array([None if not one or one.is_new else one.customer_id for one in owners]),
        "source": source,
        "now": now,
    }
    return [(place, channel) for place, channel in rows(IMPORT_CONSENTS, told)]


def _flags(
    batch: Prepared, owners: Sequence[Stored | None], kept: Sequence[tuple[int, str]]
) -> list[BadRow]:
    found = [
        (place, "", "customer_erased") for place, owner in enumerate(owners, 1) if owner is None
    ]
    found += [(place, channel, "consent_kept_withdrawn") for place, channel in kept]
    return [_flag(batch.good[place - 1], column, code) for place, column, code in sorted(found)]


def _flag(row: Written, column: str, code: str) -> BadRow:
    return BadRow(
        number=row.number,
        line=row.line,
        customer_no=row.customer_no,
        column=column,
        code=code,
        message=str(REASONS[code]),
        value="",
    )
