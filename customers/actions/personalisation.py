"""The customer's word on being addressed by what is known of him (PIPL 24)."""

from datetime import datetime

from django.db import transaction

from compliance.actions import record
from customers.models import Customer
from customers.queries.locks import lock_standing


@transaction.atomic
def refuse_personalisation(*, customer_id: int, how: str, now: datetime) -> None:
    """From now on he gets nothing that was written or chosen by his data; repeating it is harmless.

    Whoever is about to send to him holds the same lock: he sees this, or was before it. Of somebody
    who was merged into another it is that one's word.
    """
    customer = Customer.objects.get(pk=lock_standing([customer_id])[customer_id])
    if customer.personalise_off:
        return
    Customer.objects.filter(pk=customer.pk).update(personalise_off=True, updated_at=now)
    record(
        actor="customer",
        action="personalisation.off",
        subject=customer.customer_no,
        now=now,
        detail={"how": how},
    )
