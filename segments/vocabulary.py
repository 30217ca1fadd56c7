"""The closed sets of floor 2, each member with its meaning."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Final

from compliance.sentences import Language, Sentence


class Why(StrEnum):
    """Why an interval of a membership began or ended."""

    EVENT = "event"  # the customer did it
    TAG = "tag"  # given or taken
    FIELD = "field"  # a value in the customer's row
    SEGMENT = "segment"  # came into or left one that the rule names
    WHO = "who"  # merged, erased, restricted, or identified
    TIME = "time"  # a window ran out, a day turned
    REBUILD = "rebuild"  # found by a run over everybody
    RULE = "rule"  # the same, and the rule is another
    UPLOAD = "upload"  # somebody brought numbers of customers
    SNAPSHOT = "snapshot"  # was in another segment when it was kept as a list


class RefreshStep(IntEnum):
    """How far a refresh of a segment's members is."""

    WAITING = 0  # no worker has begun
    JUDGING = 1  # the rule runs over everybody
    MOVING = 2  # who left is let out, who came is let in
    TIMING = 3  # when time may move them next


RESERVED_KEYS: Final = frozenset({"preview"})
"""No segment is called so: ``/api/v1/segments/…`` of this name is another address."""


class Fault(StrEnum):
    """Why a line of a list leads to no member."""

    UNKNOWN = "unknown"  # no customer of this number, or one who may be in no segment
    TWICE = "twice"  # stands in an earlier line
    UNREADABLE = "unreadable"  # no number, or a broken line


LOGINS: Final = ("login", "app_open", "Signed In", "Application Opened")
"""The events that say somebody came: by the event catalogue, and as tracking clients name them."""

NAMED: Final = ":"
"""Between the reason and what it is about, as in ``event:fund_viewed``."""


def reason(why: Why, name: str = "") -> str:
    """As intervals keep it.

    >>> reason(Why.EVENT, "fund_viewed"), reason(Why.TIME)
    ('event:fund_viewed', 'time')
    """
    return f"{why.value}{NAMED}{name}" if name else why.value


def read_reason(kept: str) -> tuple[Why | None, str]:
    """What `reason` was given; no reason where the interval is older than reasons are.

    >>> read_reason("event:fund_viewed")
    (<Why.EVENT: 'event'>, 'fund_viewed')
    """
    word, _, name = kept.partition(NAMED)
    return (Why(word) if word else None), name


def _nouns(**words: str) -> dict[str, Sentence]:
    return {zh: Sentence(code=code, en=code.replace("_", " "), zh=zh) for code, zh in words.items()}


NOUNS: Final[Mapping[str, Mapping[str, Sentence]]] = {
    "lifecycle": _nouns(potential="潜在", mature="成熟", declining="衰退", lost="流失"),
    "rfm_segment": _nouns(
        high_value="高价值", promising="潜力", long_tail="长尾", active_with_little="活跃小额"
    ),
    "persona": _nouns(frequent_trader="高频交易型", steady_saver="稳健理财型", novice="小白探索型"),
}
"""Values that rules and customers carry in Chinese, by field: how each language says them."""


def noun(field: str, value: str) -> Sentence | str:
    """What to call a field's value; the value itself where it is in no closed set."""
    return NOUNS.get(field, {}).get(value, value)


def value_in_words(field: str, value: str, language: Language) -> str:
    """As `noun`, in one language."""
    said = noun(field, value)
    if isinstance(said, str):
        return said
    return said.en if language == "en" else said.zh
