"""A provider's invoice beside our own touches: what agrees, what differs, what is missing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from django.conf import settings

from campaigns.models import Invoice
from campaigns.queries.invoices import invoice_days, invoice_findings


class Finding(StrEnum):
    """What a line or a touch turned out to be."""

    MATCHED = "matched"
    AMOUNT_DIFFERS = "amount_differs"
    SEGMENTS_DIFFER = "segments_differ"  # at an equal amount
    BILLED_TWICE = "billed_twice"  # a second line for the same touch
    CREDITED = "credited"  # given back, for a charge of this or an earlier invoice
    MISSING_OURS = "missing_ours"  # charged, and no touch of this account near that day
    MISSING_THEIRS = "missing_theirs"  # accepted in the invoice's days, and on none of its lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day and one finding: how many, and what each side says they cost."""

    on: date
    finding: Finding
    count: int
    their_amount: Decimal
    our_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line or touch that does not simply match; what a side does not know is None."""

    finding: Finding
    on: date
    line: int | None
    reference: str
    key: str | None
    their_segments: int | None
    our_segments: int | None
    their_amount: Decimal | None
    our_amount: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """The whole of one invoice. Amounts are in its currency; lines in another were refused."""

    account: str
    file: str
    currency: str
    lines_ok: int
    lines_bad: int
    bad_lines: tuple[tuple[int, str], ...]
    totals: Mapping[Finding, int]
    their_amount: Decimal
    our_amount: Decimal
    days: tuple[Day, ...]


def reconcile(invoice: Invoice) -> Reconciliation:
    """Compare an invoice with the touches as they stand now, by day in the house's time zone."""
    days = tuple(
        Day(on=on, finding=Finding(found), count=count, their_amount=theirs, our_amount=ours)
        for on, found, count, theirs, ours in invoice_days(invoice, settings.TIME_ZONE)
    )
    return Reconciliation(
        account=invoice.account.key,
        file=invoice.file_name,
        currency=invoice.currency,
        lines_ok=invoice.lines_ok,
        lines_bad=invoice.lines_bad,
        bad_lines=tuple((number, fault) for number, fault in invoice.bad_lines),
        totals={
            finding: sum(day.count for day in days if day.finding is finding) for finding in Finding
        },
        their_amount=sum((day.their_amount for day in days), Decimal(0)),
        our_amount=sum((day.our_amount for day in days), Decimal(0)),
        days=days,
    )


def items(invoice: Invoice, *, limit: int | None = None) -> Iterator[Item]:
    """What does not simply match, by day and line."""
    for found, *rest in invoice_findings(invoice, settings.TIME_ZONE, limit):
        on, line, reference, key, their_segments, our_segments, theirs, ours = rest
        yield Item(
            finding=Finding(found),
            on=on,
            line=line,
            reference=reference,
            key=key.hex if key else None,
            their_segments=their_segments,
            our_segments=our_segments,
            their_amount=theirs,
            our_amount=ours,
        )
