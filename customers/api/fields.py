"""What a key may see: whatever it asks for beyond that is refused, on record."""

from collections.abc import Collection

from django.utils.translation import gettext as _t
from rest_framework.exceptions import APIException

from compliance.queries import clock_now
from customers.actions.api_access import refuse_fields
from customers.models import Source
from customers.vocabulary import DEFAULT_FIELDS


class FieldRefused(APIException):
    """The key may not see what it asked for."""

    status_code = 403
    default_code = "field_not_permitted"


def granted(source: Source) -> frozenset[str]:
    """Blocks, and fields as ``block.field``."""
    return frozenset(DEFAULT_FIELDS if source.fields is None else source.fields)


def demand(source: Source, names: Collection[str]) -> None:
    """Raises 403, on record, unless the key may see all of them."""
    allowed = granted(source)
    refused = sorted(
        {
            str(name)
            for name in names
            if name not in allowed and name.partition(".")[0] not in allowed
        }
    )
    if refused:
        refuse_fields(source=source, fields=refused, now=clock_now())
        raise FieldRefused(_t("This key may not see: %(fields)s.") % {"fields": ", ".join(refused)})
