"""What marketers may filter by: the built-in customer fields and the registered attributes.

To add a built-in field, add a line to `_BUILT_IN` (and the column in `customers/models/people.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache

from compliance.sentences import Language
from segments.rules.tree import Operator


class FieldType(StrEnum):
    """What a field's values are; decides the operators and how values are compared."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    CHOICE = "choice"  # text out of a closed set
    LEVEL = "level"  # the same, with an order from low to high
    ENCRYPTED = "encrypted"  # only its presence can be asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing to filter by. Without `column` the value stands in `attributes` under `name`.

    ``is_daily``: it is counted in days or years from `column`, and changes at local midnight.
    """

    name: str
    type: FieldType
    label_en: str
    label_zh: str
    column: str | None = None
    is_daily: bool = False
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    def label(self, language: Language) -> str:
        """The field's name for people; falls back to the other language, then to the key."""
        first, second = self.label_en, self.label_zh
        if language == "zh":
            first, second = second, first
        return first or second or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Every field by name; `aliases` maps other accepted names to it.

    ``tags``, ``events``, ``segments``, ``journeys``: what to call them, by key, where people
    read the rule.
    """

    fields: Mapping[str, Field] = field(hash=False)
    aliases: Mapping[str, str] = field(hash=False)
    tags: Mapping[str, Mapping[Language, str]] = field(hash=False, default_factory=dict)
    events: Mapping[str, Mapping[Language, str]] = field(hash=False, default_factory=dict)
    segments: Mapping[str, str] = field(hash=False, default_factory=dict)
    journeys: Mapping[str, str] = field(hash=False, default_factory=dict)

    @classmethod
    def build(cls, extra: Iterable[Field] = ()) -> "Catalog":
        """The built-in fields plus registered attributes.

        A built-in name wins over an attribute of the same name, since rules already in use
        must not change their meaning when a file brings a new column.
        """
        fields = {one.name: one for one in _BUILT_IN}
        aliases = {alias: one.name for one in _BUILT_IN for alias in one.aliases}
        for one in extra:
            if one.name not in aliases:
                fields.setdefault(one.name, one)
        return cls(fields=fields, aliases=aliases)

    def tag_label(self, key: str, language: Language) -> str:
        """What to call a tag; its key where nobody told."""
        return self.tags.get(key, {}).get(language, key)

    def event_label(self, name: str, language: Language) -> str:
        """What to call an event; its name where the tracking plan has no title."""
        return self.events.get(name, {}).get(language) or name

    def journey_label(self, key: str) -> str:
        """What to call a journey; its key where nobody told."""
        return self.journeys.get(key, key)

    def segment_label(self, key: str) -> str:
        """What to call a segment; its key where nobody told."""
        return self.segments.get(key, key)

    def find(self, name: str) -> Field | None:
        """The field of this name or alias."""
        return self.fields.get(self.aliases.get(name, name))

    def nearest(self, name: str) -> str:
        """The known name most like `name`, which may be what people call it; or an empty text."""
        if found := nearest(name, [*self.fields, *self.aliases]):
            return found
        called = {one.label_en: one.name for one in self.fields.values()}
        called |= {one.label_zh: one.name for one in self.fields.values()}
        return called.get(nearest(name, called), "")


@lru_cache(maxsize=1_024)
def nearest_of(name: str, known: frozenset[str]) -> str:
    """As `nearest`, remembered: the rules of live segments are checked with every pass."""
    return nearest(name, known)


def nearest(name: str, known: Iterable[str]) -> str:
    """The member of `known` most like `name`, however either is written in capitals; or an empty
    text when none is alike.
    """
    folded = {one.casefold(): one for one in known}
    alike = get_close_matches(name[:100].casefold(), list(folded), n=1, cutoff=0.6)
    return folded[alike[0]] if alike else ""


def operators_of(kind: FieldType) -> tuple[Operator, ...]:
    """The operators a field of this type understands, in the order people are shown them."""
    return _OPERATORS[kind]


RISK_LEVELS = ("C1", "C2", "C3", "C4", "C5")
LIFECYCLE_STAGES = ("潜在", "成熟", "衰退", "流失")

_PRESENCE = (Operator.EXISTS, Operator.NOT_EXISTS)
_EQUALITY = (Operator.EQ, Operator.NEQ)
_LISTS = (Operator.IN, Operator.NOT_IN)
_ORDER = (Operator.GT, Operator.GTE, Operator.LT, Operator.LTE, Operator.BETWEEN)
_TEXT = (Operator.CONTAINS, Operator.STARTS_WITH, Operator.REGEX)
_TIME = (
    Operator.BEFORE,
    Operator.AFTER,
    Operator.WITHIN_DAYS,
    Operator.OLDER_THAN_DAYS,
    Operator.ANNIVERSARY,
)

_OPERATORS: dict[FieldType, tuple[Operator, ...]] = {
    FieldType.TEXT: (*_EQUALITY, *_LISTS, *_TEXT, *_PRESENCE),
    FieldType.NUMBER: (*_EQUALITY, *_ORDER, *_LISTS, *_PRESENCE),
    FieldType.BOOLEAN: (*_EQUALITY, *_PRESENCE),
    FieldType.DATE: (*_EQUALITY, *_ORDER, *_TIME, *_PRESENCE),
    FieldType.DATETIME: (*_EQUALITY, *_ORDER, *_TIME, *_PRESENCE),
    FieldType.CHOICE: (*_EQUALITY, *_LISTS, *_PRESENCE),
    FieldType.LEVEL: (*_EQUALITY, *_ORDER, *_LISTS, *_PRESENCE),
    FieldType.ENCRYPTED: _PRESENCE,
}


def _built_in(
    name: str,
    kind: FieldType,
    labels: tuple[str, str],
    *,
    column: str = "",
    is_daily: bool = False,
    choices: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
) -> Field:
    return Field(
        name=name,
        type=kind,
        label_en=labels[0],
        label_zh=labels[1],
        column=column or name,
        is_daily=is_daily,
        choices=choices,
        aliases=aliases,
    )


_BUILT_IN = (
    _built_in("customer_no", FieldType.TEXT, ("customer number", "客户号")),
    _built_in("name", FieldType.ENCRYPTED, ("name", "姓名"), column="name_cipher"),
    _built_in("gender", FieldType.TEXT, ("gender", "性别")),
    # Whole years at the moment of judging, from birth_on; where that is unknown, the number
    # imported as `age`, if any (many bank files carry nothing else).
    _built_in("age", FieldType.NUMBER, ("age", "年龄"), column="birth_on", is_daily=True),
    _built_in("birth_on", FieldType.DATE, ("date of birth", "出生日期")),
    _built_in("city", FieldType.TEXT, ("city", "城市")),
    _built_in("region", FieldType.TEXT, ("region", "地区")),
    _built_in(
        "risk_level",
        FieldType.LEVEL,
        ("risk level", "风险等级"),
        choices=RISK_LEVELS,
        aliases=("risk",),
    ),
    _built_in("risk_valid_until", FieldType.DATE, ("assessment valid until", "测评有效期至")),
    # Days from today to that day, 0 on the day itself; negative once it has passed.
    _built_in(
        "assess_days_left",
        FieldType.NUMBER,
        ("days until the assessment ends", "测评剩余天数"),
        column="risk_valid_until",
        is_daily=True,
    ),
    _built_in("lowest_class", FieldType.BOOLEAN, ("lowest risk class", "最低风险类别")),
    _built_in("investor_type", FieldType.TEXT, ("investor type", "投资者类型")),
    _built_in(
        "lifecycle",
        FieldType.CHOICE,
        ("lifecycle stage", "生命周期"),
        choices=LIFECYCLE_STAGES,
    ),
    _built_in("total_asset", FieldType.NUMBER, ("total assets", "总资产"), aliases=("aum",)),
    _built_in("locale", FieldType.TEXT, ("language", "语言")),
    _built_in("created_at", FieldType.DATETIME, ("known since", "建档时间")),
)
