"""Take a provider's invoice in, once."""

import hashlib
from datetime import datetime
from itertools import islice
from typing import Final

from django.db import transaction

from campaigns.invoices.read import BadLine, Line, read_invoice
from campaigns.models import Invoice, ProviderAccount
from campaigns.queries.invoices import ADD_INVOICE_LINES
from compliance.actions import record
from customers.queries.database import as_json, execute

_LINES_AT_ONCE: Final = 5_000
_BAD_LISTED: Final = 1_000


@transaction.atomic
def take_invoice(
    *, account: ProviderAccount, file_name: str, content: bytes, actor: str, now: datetime
) -> Invoice:
    """Store the lines that can be read and list the others; the same file again changes nothing.

    Raises
    ------
    FileUnreadable : nothing of the file can be taken; nothing was stored.
    """
    invoice, is_new = Invoice.objects.get_or_create(
        account=account,
        file_hash=hashlib.sha256(content).hexdigest(),
        defaults={
            "file_name": file_name[:255],
            "currency": account.currency,
            "taken_at": now,
            "taken_by": actor,
        },
    )
    if not is_new:
        return invoice
    bad: list[BadLine] = []
    lines = read_invoice(content, currency=account.currency)
    while part := list(islice(lines, _LINES_AT_ONCE)):
        bad += [line for line in part if isinstance(line, BadLine)]
        good = [_row(line) for line in part if isinstance(line, Line)]
        invoice.lines_ok += execute(
            ADD_INVOICE_LINES, {"invoice": invoice.pk, "rows": as_json(good)}
        )
    invoice.lines_bad = len(bad)
    invoice.bad_lines = [[line.number, line.fault.value] for line in bad[:_BAD_LISTED]]
    invoice.save(update_fields=["lines_ok", "lines_bad", "bad_lines"])
    record(
        actor=actor,
        action="invoice.take",
        subject=account.key,
        now=now,
        detail={"hash": invoice.file_hash, "lines": invoice.lines_ok, "refused": len(bad)},
    )
    return invoice


def _row(line: Line) -> dict[str, object]:
    return {
        "number": line.number,
        "reference": line.reference,
        "segments": line.segments,
        "amount": str(line.amount),
        "billed_on": line.billed_on.isoformat(),
    }
