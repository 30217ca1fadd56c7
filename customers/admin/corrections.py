"""What can be corrected of a customer, and what was."""

from django.utils.translation import get_language
from django.utils.translation import gettext as _t

from compliance.console.shown import Panel, moment
from customers.actions.correct import COLUMNS_CORRECTED, CONTACTS_CORRECTED
from customers.admin.words import FIELD_WORDS
from customers.errors import KeyDestroyed
from customers.identifiers import correction_binding, mask, redact
from customers.models import Attribute, Correction, Customer
from customers.queries.identities import keyring


def correctable() -> list[tuple[str, str]]:
    """Fields that can be corrected, with their names."""
    built_in = [
        (name, str(FIELD_WORDS[name])) for name in (*CONTACTS_CORRECTED, *COLUMNS_CORRECTED)
    ]
    is_chinese = get_language() == "zh-hans"
    return built_in + [
        (one.key, (is_chinese and one.label_zh) or one.label_en or one.key)
        for one in Attribute.objects.order_by("key")
    ]


def corrections(customer: Customer) -> Panel:
    """What was corrected, masked."""
    return Panel(
        title=_t("Corrections"),
        headers=(_t("At"), _t("Field"), _t("Before"), _t("After"), _t("Why"), _t("By")),
        rows=[
            (
                moment(one.at),
                FIELD_WORDS.get(one.field, one.field),
                _masked(one, bytes(one.before_cipher)),
                _masked(one, bytes(one.after_cipher)),
                one.why,
                one.by,
            )
            for one in customer.corrections.order_by("-id")
        ],
        empty=_t("Nothing was ever corrected."),
    )


def _masked(one: Correction, sealed: bytes) -> str:
    try:
        value = keyring().unseal(sealed, correction_binding(one.customer_id, one.field))
    except KeyDestroyed as error:
        return error.message
    if not value:
        return "—"
    is_secret = one.field in (*CONTACTS_CORRECTED, "name")
    return mask(one.field, value) if is_secret else redact(value)
