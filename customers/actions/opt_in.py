"""Double opt-in: what was asked for counts once its owner confirmed it by a link."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.core import signing
from django.db import transaction

from customers.actions.consents import ConsentStatement, record_consents
from customers.models import Consent, Customer
from customers.queries.consents import is_carried_from
from customers.queries.locks import lock_standing
from customers.vocabulary import ConsentState, CustomerStatus

VALID_FOR: Final = timedelta(days=7)
_SALT: Final = "customers.opt-in"


class Confirmed(StrEnum):
    """What became of a confirmation."""

    GRANTED = "granted"
    """He consents: by this, or by what he said since."""
    WITHDRAWN = "withdrawn"
    """A no of his stands, under whichever of his numbers he said it."""
    REPLACED = "replaced"
    """Something else was said since, or another link waits."""
    NOBODY = "nobody"
    """There is no customer whom it could count for."""


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
def confirm(*, pending: Consent, now: datetime) -> Confirmed:
    """Turn a pending statement into consent, unless something else was said since.

    Of somebody who was merged into another it is that one's consent, as far as it was this that he
    waited for. Repeating it is harmless.
    """
    asked = pending.customer_id
    standing = lock_standing([asked])[asked]
    if not Customer.objects.filter(pk=standing, status=CustomerStatus.ACTIVE).exists():
        return Confirmed.NOBODY
    newest = Consent.objects.filter(
        customer_id=standing, purpose=pending.purpose, channel=pending.channel
    ).latest("id")
    match newest.state:
        case ConsentState.GRANTED | ConsentState.WITHDRAWN:
            return Confirmed(newest.state)
        case ConsentState.PENDING if is_carried_from(pending, newest):
            record_consents(statements=[_consent(pending, standing)], now=now)
            return Confirmed.GRANTED
        case _:
            return Confirmed.REPLACED


def _consent(pending: Consent, standing: int) -> ConsentStatement:
    merged = {} if standing == pending.customer_id else {"of": pending.customer_id}
    return ConsentStatement(
        customer_id=standing,
        purpose=pending.purpose,
        channel=pending.channel,
        state=ConsentState.GRANTED,
        notice_version=pending.notice_version,
        source="double-opt-in",
        evidence={"confirms": pending.pk, **merged},
    )
