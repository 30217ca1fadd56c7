"""Put right what is known of a customer, with its history."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from compliance.actions import record
from compliance.masking import mask
from customers.actions.rights import explained, standing
from customers.errors import CellError, IdentifierError, RightRefused
from customers.id_cards import holds_id_card
from customers.identifiers import (
    correction_binding,
    holds_contact,
    identity_binding,
    name_binding,
    normalise,
)
from customers.importing.cells import ATTRIBUTES, COLUMNS, FREE_COLUMNS, Converter, Value
from customers.models import NEWEST_TOLD, Correction, Customer, Identity
from customers.queries.database import as_json, execute
from customers.queries.identities import ADD_IDENTITIES, identity_row, keyring
from customers.queries.people import attribute_types
from customers.vocabulary import AttributeType, CustomerStatus

# What a person says of himself. What he is judged by comes from assessments and from the books.
COLUMNS_CORRECTED: Final = ("name", "gender", "birth_on", "city", "region", "locale", "time_zone")
CONTACTS_CORRECTED: Final = ("phone", "email")
LONGEST_WHY: Final = 400


@transaction.atomic
def correct_customer(
    *, customer_no: str, field: str, value: str, actor: str, why: str, now: datetime
) -> Correction:
    """Replace one value by the right one, or take it out; the act is audited without the values.

    1. The new value is read as a cell of a file would be.
    2. A wrong phone number or e-mail address goes, so that nothing is sent there any more.
    3. What it was and what it became are kept, sealed for the customer; what a tracking call says
       of an earlier time does not bring the wrong value back.

    Parameters
    ----------
    field : a column of `COLUMNS_CORRECTED`, ``phone``, ``email``, or an attribute's key
    value : as typed; empty takes out what is wrong

    Raises RightRefused: nobody has the number or he is no active customer, the field cannot be
    corrected, the value is none, or nothing was said of why.
    """
    customer = standing(customer_no)
    explained(why)
    if customer.status != CustomerStatus.ACTIVE:
        raise RightRefused("not_active", _("Only an active customer can be corrected."))
    change = _change(customer, field, value.strip(), now)
    if field not in CONTACTS_CORRECTED:
        key = field if field in COLUMNS_CORRECTED else f"attributes.{field}"
        customer.told_at = {**customer.told_at, key: now.timestamp()}
    customer.updated_at = now
    customer.save()
    record(
        actor=actor,
        action="customer.correct",
        subject=str(customer.pk),
        now=now,
        detail={"field": field, "why": why.strip()},
    )
    binding, ring = correction_binding(customer.pk, field), keyring()
    return Correction.objects.create(
        customer=customer,
        field=field,
        before_cipher=ring.seal(change[0], binding, slot=customer.slot),
        after_cipher=ring.seal(change[1], binding, slot=customer.slot),
        why=mask(why.strip())[:LONGEST_WHY],
        by=actor,
        at=now,
    )


def _change(customer: Customer, field: str, text: str, now: datetime) -> tuple[str, str]:
    """Do it; the value before and after, as text."""
    if field in CONTACTS_CORRECTED:
        return _contact(customer, field, text, now)
    if field in COLUMNS_CORRECTED:
        return _column(customer, field, _read(COLUMNS[field], text))
    kind = attribute_types().get(field)
    if kind is None:
        raise RightRefused("field_unknown", _("This field cannot be corrected here."))
    before = customer.attributes.get(field, "")
    after = _read(ATTRIBUTES[AttributeType(kind)], text)
    rest = {key: known for key, known in customer.attributes.items() if key != field}
    customer.attributes = rest if after is None else {**rest, field: after}
    _refuse_contact(field, after)
    return str(before), _text(after)


def _refuse_contact(field: str, after: Value | None) -> None:
    """As in a file: what stands in clear may not say how to reach somebody."""
    told = after if isinstance(after, int | float | str) else ""
    if holds_id_card(told):
        raise RightRefused(
            "id_card", _("It holds the number of an identity card, which is kept nowhere.")
        )
    if holds_contact(field, told):
        raise RightRefused(
            "contact_elsewhere",
            _("It holds a phone number or an e-mail address: correct that as phone or email."),
        )


def _column(customer: Customer, field: str, after: Value | None) -> tuple[str, str]:
    if field != "name":
        if field in FREE_COLUMNS:
            _refuse_contact(field, after)
        before = getattr(customer, field)
        setattr(customer, field, after)
        return _text(before), _text(after)
    binding, ring = name_binding(customer.customer_no), keyring()
    cipher, name = customer.name_cipher, _text(after)
    customer.name_cipher = ring.seal(name, binding, slot=customer.slot) if name else None
    return ring.unseal(bytes(cipher), binding) if cipher else "", name


def _contact(customer: Customer, kind: str, text: str, now: datetime) -> tuple[str, str]:
    try:
        after = normalise(kind, text) if text else ""
    except IdentifierError as error:
        raise RightRefused(error.code, error.message) from error
    ring, before = keyring(), ""
    # The newest is the one that messages go to.
    held = Identity.objects.filter(customer=customer, kind=kind)
    wrong = held.order_by(NEWEST_TOLD, "-id").first()
    if wrong is not None:
        binding = identity_binding(kind, bytes(wrong.value_hash))
        before = ring.decrypt(wrong.key_id, bytes(wrong.ciphertext), binding)
        wrong.delete()
    if after:
        row = identity_row(customer.pk, customer.slot, kind, after, ring)
        told = {"rows": as_json([row]), "source": "correction", "now": now}
        execute(ADD_IDENTITIES, told)
    return before, after


def _read(convert: Converter, text: str) -> Value | None:
    if not text:
        return None
    try:
        return convert(text)
    except CellError as error:
        raise RightRefused(error.code, error.message) from error


def _text(value: object) -> str:
    return "" if value is None else str(value)
