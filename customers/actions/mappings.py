"""Keep under a name which column goes where, for the next file of its kind."""

import re
from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from customers.errors import FileRejected
from customers.models import SavedMapping

_NAME = re.compile("[A-Za-z0-9_-]{1,64}")


def save_mapping(
    *,
    kind: str,
    name: str,
    columns: Mapping[str, str],
    id_column: str | None = None,
    saved_by: str,
    now: datetime,
) -> SavedMapping:
    """Store it, in place of one of that name; raises FileRejected when the name is none."""
    require_name(name)
    saved, _is_new = SavedMapping.objects.update_or_create(
        kind=kind,
        name=name,
        defaults={
            "columns": dict(columns),
            "id_column": id_column or "",
            "saved_by": saved_by,
            "saved_at": now,
        },
    )
    return saved


def require_name(name: str) -> None:
    """Raises FileRejected: nothing can be kept under this name."""
    if not _NAME.fullmatch(name):
        raise FileRejected(
            "mapping_name_invalid",
            _("A mapping's name has 1 to 64 letters, digits, hyphens or _."),
            path="save-mapping",
        )


def saved_mapping(*, kind: str, name: str) -> SavedMapping:
    """The mapping of that name; raises FileRejected, which names those there are."""
    found = SavedMapping.objects.filter(kind=kind, name=name).first()
    if found is None:
        names = (
            SavedMapping.objects.filter(kind=kind).order_by("name").values_list("name", flat=True)
        )
        raise FileRejected(
            "mapping_unknown",
            _("There is no mapping %(name)s; saved are: %(known)s.")
            % {"name": name, "known": ", ".join(names) or "—"},
            path="mapping",
        )
    return found
