"""Addresses nobody may write to again: put on the list, taken off by a person."""

import json
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.errors import StateConflict, WhyMissing
from campaigns.models import ProviderAccount, Suppression
from campaigns.queries.receipts import SUPPRESS
from compliance.actions import record
from customers.queries.database import execute
from customers.queries.identities import lookup_hashes


def suppress(
    *,
    kind: str,
    values: Iterable[str],
    why: Suppression.Why,
    account: ProviderAccount | None,
    now: datetime,
) -> int:
    """Put addresses on the list; how many were not on it. What is none of its kind is skipped.

    Queued touches meet it at their gate, so it holds from this moment.
    """
    told = [{"value_hash": value_hash.hex()} for value_hash in lookup_hashes(kind, values)]
    if not told:
        return 0
    return execute(
        SUPPRESS,
        {
            "rows": json.dumps(told),
            "kind": kind,
            "why": why.value,
            "account": account.pk if account else None,
            "now": now,
        },
    )


@transaction.atomic
def lift(*, suppression: Suppression, actor: str, opinion: str, now: datetime) -> None:
    """Take an address off the list, because its owner asked for it or it exists again.

    Raises
    ------
    WhyMissing : no reason is given.
    StateConflict : somebody took it off before.
    """
    if not opinion.strip():
        raise WhyMissing(_("Say why this address may be written to again."))
    number = suppression.pk
    # Who takes receipts may hold the row: it is not waited for with the audit trail.
    taken_off, _each = suppression.delete()
    if not taken_off:
        raise StateConflict(_("The address is off the list already."))
    record(
        actor=actor,
        action="suppression.lift",
        subject=str(number),
        now=now,
        detail={
            "kind": suppression.kind,
            "hash": bytes(suppression.value_hash).hex(),
            "why": suppression.why,
            "opinion": opinion,
        },
    )
