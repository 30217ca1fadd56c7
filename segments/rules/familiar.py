"""Words that people bring from other languages of rules, and what they are called here."""

from collections.abc import Iterable
from typing import Final

from segments.rules.catalog import nearest

_FAMILIAR: Final[dict[str, tuple[str, ...]]] = {
    "all": ("and", "&&", "must", "allof"),
    "any": ("or", "||", "should", "anyof"),
    "not": ("none", "!", "nor", "must_not"),
    "op": ("operator", "comparison", "cmp"),
    "value": ("values", "val", "operand"),
    "where": ("filter", "filters", "conditions", "properties"),
    "within_days": ("days", "last_days", "window", "period"),
    "property": ("field", "key", "name"),
    "of": ("property", "field"),
    "fn": ("function", "func"),
    "eq": ("=", "==", "===", "is", "equal", "equals"),
    "neq": ("!=", "<>", "ne", "is_not", "isnt"),
    "gt": (">", "greater_than", "more_than"),
    "gte": (">=", "ge", "at_least", "min"),
    "lt": ("<", "less_than"),
    "lte": ("<=", "le", "at_most", "max"),
    "in": ("one_of", "any_of", "isin"),
    "not_in": ("nin", "none_of"),
    "contains": ("like", "ilike", "includes", "has"),
    "starts_with": ("prefix", "begins_with"),
    "regex": ("matches", "~", "=~", "rlike", "regexp"),
    "exists": ("is_not_null", "is_set", "not_null"),
    "not_exists": ("is_null", "null", "missing", "is_not_set"),
    "sum": ("total", "add"),
    "avg": ("mean", "average"),
    "last": ("latest", "newest"),
    "accepted": ("sent", "submitted"),
    "opened": ("read", "viewed"),
    "潜在": ("potential", "new", "lead"),
    "成熟": ("mature", "active"),
    "衰退": ("declining", "at_risk", "decline"),
    "流失": ("lost", "churned"),
}


def meant(word: str, known: Iterable[str]) -> str:
    """The member of `known` that is surely or probably meant by `word`; else an empty text."""
    members, folded = list(known), word.strip().casefold()
    for member in members:
        if folded in _FAMILIAR.get(member, ()):
            return member
    return nearest(word, members)
