"""The closed sets of floor 2, each member with its meaning."""

from enum import StrEnum
from typing import Final


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
