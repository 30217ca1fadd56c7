"""Double opt-in: what was asked for counts once its owner confirmed it by a link."""

from datetime import datetime, timedelta
from typing import Final

from django.core import signing
from django.db import transaction

from customers.actions.consents import ConsentStatement, record_consents
from customers.models import Consent
from customers.queries.consents import LOCK_CUSTOMERS
from customers.queries.database import as_json, execute
from customers.vocabulary import ConsentState, CustomerStatus

VALID_FOR: Final = timedelta(days=7)
_SALT: Final = "customers.opt-in"


def token_of(consent: Consent) -> str:
    """What stands in the link that confirms a pending statement; it names nobody."""
    return signing.dumps(consent.pk, salt=_SALT)


def pending_of(token: str, *, now: datetime) -> Consent | None:
    """The pending statement a link stands for; None where it is not ours, or too old."""
    try:
        pk = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    return Consent.objects.filter(pk=pk, state=ConsentState.PENDING, at__gt=now - VALID_FOR).first()


@transaction.atomic
def confirm(*, pending: Consent, now: datetime) -> bool:
    """Turn a pending statement into consent, unless something else was said since.

    Repeating it is harmless. False: it was withdrawn, replaced, or its owner is a customer no more.
    """
    execute(LOCK_CUSTOMERS, {"ids": as_json([pending.customer_id])})
    newest = (
        Consent.objects.filter(
            customer_id=pending.customer_id, purpose=pending.purpose, channel=pending.channel
        )
        .select_related("customer")
        .latest("id")
    )
    if newest.state == ConsentState.GRANTED and newest.evidence.get("confirms") == pending.pk:
        return True
    if newest.pk != pending.pk or newest.customer.status != CustomerStatus.ACTIVE:
        return False
    statement = ConsentStatement(
        customer_id=pending.customer_id,
        purpose=pending.purpose,
        channel=pending.channel,
        state=ConsentState.GRANTED,
        notice_version=pending.notice_version,
        source="double-opt-in",
        evidence={"confirms": pending.pk},
    )
    record_consents(statements=[statement], now=now)
    return True
