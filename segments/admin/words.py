"""The words of floor 2's codes."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compliance.reader import language
from segments.catalogue.words import in_words
from segments.models import Tag
from segments.vocabulary import Fault, Why, read_reason

# What each is about, if anything, follows in brackets.
REASONS: dict[Why, Promise] = {
    Why.EVENT: _("Event"),
    Why.TAG: _("Tag"),
    Why.FIELD: _("Customer's details"),
    Why.SEGMENT: _("Another segment"),
    Why.WHO: _("Who it is (merged, restricted, erased, identified)"),
    Why.TIME: _("Time passed"),
    Why.REBUILD: _("Rebuild over everybody"),
    Why.RULE: _("New rule"),
    Why.UPLOAD: _("Upload"),
    Why.SNAPSHOT: _("Snapshot"),
}
FAULTS: dict[Fault, Promise] = {
    Fault.UNKNOWN: _("No customer of this number, or one who may be in no segment"),
    Fault.TWICE: _("Stands in an earlier line already"),
    Fault.UNREADABLE: _("No number can be read here"),
}
KEY_ERRORS = {"invalid": _("Letters, digits, _ and - only.")}
"""What a box for a key says of anything else."""


def namespaces_in_words() -> str:
    """The namespaces of the dictionary, each with what it is called where that is another word."""
    told: dict[str, str] = {}
    for namespace, key in Tag.objects.order_by("namespace", "-key").values_list("namespace", "key"):
        called = in_words(tag=key, text=namespace, language=language())
        if told.setdefault(namespace, namespace) == namespace and called != namespace:
            told[namespace] = f"{namespace} ({called})"
    return ", ".join(told.values())


def reason_in_words(kept: str) -> str:
    """Why an interval began or ended; a dash where nobody noted it."""
    why, name = read_reason(kept)
    if why is None:
        return "—"
    return f"{REASONS[why]} ({name})" if name else str(REASONS[why])
