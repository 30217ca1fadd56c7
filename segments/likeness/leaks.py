"""Which fields a seed's own rule speaks of: a model given them would only find the rule again."""

from collections.abc import Mapping
from typing import Final

# Fields made of the same figures: whoever names one gives the others away.
_KIN: Final = (
    frozenset({"total_asset", "rfm_m", "rfm_segment", "hnw"}),
    frozenset({"rfm_r", "rfm_f", "rfm_segment", "persona", "hnw", "lifecycle"}),
)


def leaking_fields(
    rule: object, rules: Mapping[str, object], aliases: Mapping[str, str]
) -> frozenset[str]:
    """The fields that a rule names, itself or through other segments, and their kin.

    Parameters
    ----------
    rules : the rules of all segments by key
    aliases : other names of fields
    """
    named: set[str] = set()
    seen: set[str] = set()
    stack = [rule]
    while stack:
        match stack.pop():
            case list() as nodes:
                stack.extend(nodes)
            case dict() as node:
                if isinstance(name := node.get("field"), str):
                    named.add(aliases.get(name, name))
                if "lifecycle" in node:
                    named.add("lifecycle")
                key = node.get("segment")
                if isinstance(key, str) and key not in seen:
                    seen.add(key)
                    stack.append(rules.get(key))
                stack.extend(node.values())
            case _:
                continue
    kin = [family for family in _KIN if family & named]
    return frozenset(named).union(*kin)
