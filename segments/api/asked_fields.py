"""What a rule tells of those it selects: whoever may ask it may know the fields it asks for.

A sample, a count of one or a list of members answers a rule as well as the field itself would.
"""

from collections.abc import Mapping
from typing import Final

from customers.vocabulary import Block
from segments.models import Segment
from segments.queries.rules import catalog, named

# Of the fields that rules know, as the open API calls them. What is not here (what imports brought,
# and since when somebody is known) describes who it is.
_FIELDS: Final[Mapping[str, str]] = {
    **{
        name: f"{Block.IDENTITY}.{name}"
        for name in ("name", "gender", "birth_on", "city", "region")
    },
    "age": f"{Block.IDENTITY}.birth_on",
    "risk_level": f"{Block.RISK}.level",
    "risk_valid_until": f"{Block.RISK}.valid_until",
    "assess_days_left": f"{Block.RISK}.valid_until",
    "lowest_class": f"{Block.RISK}.lowest_class",
    "investor_type": f"{Block.RISK}.investor_type",
    "lifecycle": f"{Block.BEHAVIOUR}.lifecycle",
    "total_asset": f"{Block.ASSETS}.total_asset",
    "locale": f"{Block.PREFERENCE}.locale",
}
_NUMBER: Final = "customer_no"  # which every answer tells
_CONDITIONS: Final[Mapping[str, str]] = {
    "event": Block.TIMELINE,
    "touch": Block.TIMELINE,
    "tag": f"{Block.PREFERENCE}.tags",
    "lifecycle": f"{Block.BEHAVIOUR}.lifecycle",
}


def asked_fields(rule: object) -> set[str]:
    """Blocks, and fields as ``block.field``, that a key must see to ask a rule, with those of the
    segments that it names.
    """
    names = catalog().aliases
    found: set[str] = set()
    waiting, seen = [rule], set[str]()
    while waiting:
        one = waiting.pop()
        fields = {names.get(field, field) for field in named("field", one)} - {_NUMBER}
        found |= {_FIELDS.get(field, Block.IDENTITY) for field in fields}
        found |= {told for word, told in _CONDITIONS.items() if _asks(word, one)}
        # No segment's key holds a NUL, and the database could not be asked for one.
        if further := {key for key in named("segment", one) if "\x00" not in key} - seen:
            seen |= further
            waiting += Segment.objects.filter(key__in=further).values_list("rule", flat=True)
    return found


def _asks(word: str, rule: object) -> bool:
    stack = [rule]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            if word in node:
                return True
            stack.extend(node.values())
    return False
