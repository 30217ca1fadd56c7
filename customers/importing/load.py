"""Write one batch of good rows: customers, identifiers, consents, in three statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customers.importing.mapping import Plan
from customers.importing.reasons import REASONS
from customers.importing.rows import BadRow, GoodRow, customer_row
from customers.queries.consents import IMPORT_CONSENTS
from customers.queries.database import as_json, execute, rows
from customers.queries.identities import ADD_IDENTITIES, identity_row, keyring
from customers.queries.people import REGISTER_ATTRIBUTES, upsert_customers
from customers.vocabulary import ConsentState, Purpose


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


def write_batch(
    batch: Sequence[GoodRow], *, terms: ConsentTerms, source: str, now: datetime
) -> list[BadRow]:
    """Write the rows in the caller's transaction; the flagged ones come back.

    A row is flagged when its customer had withdrawn a consent the file claims (it stays
    withdrawn), or was erased.
    """
    if not batch:
        return []
    ring = keyring()
    given = [customer_row(row) for row in batch]
    names = {row.customer_no: str(name) for row in batch if (name := row.columns.get("name"))}
    stored = upsert_customers(given, names, is_numbered=True, now=now)
    ids = {number: one.customer_id for number, one in stored.items()}
    identities = [
        identity_row(*stored[row.customer_no], kind, value, ring)
        for row in batch
        if row.customer_no in ids
        for kind, value in row.contacts
    ]
    if identities:
        execute(ADD_IDENTITIES, {"rows": as_json(identities), "source": source, "now": now})
    kept = _write_consents(batch, ids, terms, source, now)
    return [
        flag
        for row in batch
        for flag in _flags(row, ids.get(row.customer_no), kept.get(ids.get(row.customer_no, 0), []))
    ]


def _write_consents(
    batch: Sequence[GoodRow],
    ids: Mapping[str, int],
    terms: ConsentTerms,
    source: str,
    now: datetime,
) -> dict[int, list[str]]:
    """Channels that stay withdrawn although the file says otherwise, by customer."""
    statements = [
        statement
        for row in batch
        if row.customer_no in ids
        for statement in _statements(row, ids[row.customer_no], terms)
    ]
    if not statements:
        return {}
    kept: dict[int, list[str]] = {}
    for customer_id, channel in rows(
        IMPORT_CONSENTS, {"rows": as_json(statements), "source": source, "now": now}
    ):
        kept.setdefault(customer_id, []).append(channel)
    return kept


def _statements(row: GoodRow, customer_id: int, terms: ConsentTerms) -> list[dict[str, Any]]:
    # What the row itself says counts for more than what was said of the whole file.
    said = {**dict.fromkeys(terms.channels, True), **row.consents}
    return [
        {
            "customer_id": customer_id,
            "purpose": Purpose.MARKETING,
            "channel": channel,
            "state": ConsentState.GRANTED if granted else ConsentState.WITHDRAWN,
            "notice_version": terms.notice_version,
            "evidence": {**(terms.evidence or {}), "line": row.record.line},
        }
        for channel, granted in said.items()
    ]


def _flags(row: GoodRow, customer_id: int | None, kept: Sequence[str]) -> list[BadRow]:
    found = [("", "customer_erased")] if customer_id is None else []
    found += [(channel, "consent_kept_withdrawn") for channel in kept]
    return [
        BadRow(
            number=row.record.number,
            line=row.record.line,
            customer_no=row.customer_no,
            column=column,
            code=code,
            message=str(REASONS[code]),
            value="",
        )
        for column, code in found
    ]
