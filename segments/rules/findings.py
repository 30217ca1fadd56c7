"""What was found of one customer, said in words: the other half of "asked: …"."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias, assert_never

from compliance.sentences import Detail, Said, Sentence
from segments.rules.catalog import Field, FieldType
from segments.rules.explain import plain
from segments.rules.moments import Clock
from segments.rules.tree import (
    All,
    AnyOf,
    Attribute,
    EventAggregate,
    EventCount,
    Everyone,
    Lifecycle,
    MonthsInARow,
    Not,
    Rule,
    Sample,
    SegmentRef,
    Sequence,
    Tag,
    Touch,
)
from segments.vocabulary import noun

# JSON as `evidence` builds it; which keys there are depends on the kind of condition.
Found: TypeAlias = Any

VALUE: Final = Sentence(code="value", en="it is {value}", zh="实际为 {value}")
MISSING: Final = Sentence(code="missing", en="the value is missing", zh="该值缺失")
KNOWN: Final = Sentence(code="known", en="it is known (and not shown)", zh="已知（不显示）")
YES: Final = Sentence(code="yes", en="yes", zh="是")
NO: Final = Sentence(code="no", en="no", zh="否")
NEVER: Final = Sentence(code="never", en="none in the period", zh="该时间范围内没有")
TIMES: Final = Sentence(
    code="times",
    en="{count} in the period, the latest on {latest}",
    zh="该时间范围内 {count} 次，最近一次在 {latest}",
)
MADE: Final = Sentence(
    code="made", en="it is {value}, from {count} events", zh="实际为 {value}，来自 {count} 个事件"
)
NO_FIGURE: Final = Sentence(
    code="no_figure", en="no event carries such a number", zh="没有事件带有该数值"
)
STEPS: Final = Sentence(code="steps", en="{steps} times each step", zh="各步骤发生次数：{steps}")
STEPS_BETWEEN: Final = Sentence(
    code="steps_between",
    en="{steps} times each step, {between} times the forbidden event",
    zh="各步骤发生次数：{steps}；被排除的事件 {between} 次",
)
MONTHS: Final = Sentence(code="months", en="in {months}", zh="发生于 {months}")
TAG_OPEN: Final = Sentence(code="tag_open", en="carried since {since}", zh="自 {since} 起带有")
TAG_UNTIL: Final = Sentence(
    code="tag_until", en="carried from {since} to {until}", zh="自 {since} 至 {until} 带有"
)
NO_TAG: Final = Sentence(code="no_tag", en="never carried", zh="从未带有")
MEMBER: Final = Sentence(code="member", en="a member since {since}", zh="自 {since} 起属于")
LEFT: Final = Sentence(code="left", en="left on {at}", zh="已于 {at} 离开")
NO_MEMBER: Final = Sentence(code="no_member", en="never a member", zh="从未属于")
DRAWN: Final = Sentence(code="drawn", en="drawn at {number} %", zh="抽签位置为 {number}%")


def found_in_words(  # noqa: C901 - one arm per kind
    rule: Rule, found: Found, fields: Mapping[str, Field], clock: Clock
) -> Said | None:
    """What `evidence` found for a single condition; None where there is nothing to find."""
    match rule:
        case Attribute():
            return _value(found, fields[rule.field], clock)
        case EventCount() | Touch():
            return _times(found, clock)
        case EventAggregate():
            if found["count"] == 0:
                return Said(sentence=NO_FIGURE)
            return _said(MADE, value=plain(Decimal(found["made"])), count=found["count"])
        case Sequence():
            return _steps(found)
        case MonthsInARow():
            return _said(MONTHS, months=", ".join(found)) if found else Said(sentence=NEVER)
        case Tag():
            return _tag(found, clock)
        case SegmentRef():
            return _member(found, clock)
        case Lifecycle():
            if not found:
                return Said(sentence=MISSING)
            return _said(VALUE, value=noun("lifecycle", found))
        case Sample():
            return _said(DRAWN, number=plain(Decimal(found) / 100))
        case Everyone():
            return None
        case All() | AnyOf() | Not():
            raise ValueError("a group is no single condition")
        case _:
            assert_never(rule)


def _said(sentence: Sentence, **details: Detail) -> Said:
    return Said(sentence=sentence, details=details)


def _value(found: Found, field: Field, clock: Clock) -> Said:
    if field.type is FieldType.ENCRYPTED:
        return Said(sentence=KNOWN if found else MISSING)
    if found is None:
        return Said(sentence=MISSING)
    match field.type:
        case FieldType.NUMBER:
            return _said(VALUE, value=plain(Decimal(found)))
        case FieldType.BOOLEAN:
            return _said(VALUE, value=YES if found else NO)
        case FieldType.DATETIME:
            return _said(VALUE, value=_local(found, clock))
        case _:
            return _said(VALUE, value=noun(field.name, str(found)))


def _times(found: Found, clock: Clock) -> Said:
    if found["count"] == 0:
        return Said(sentence=NEVER)
    return _said(TIMES, count=found["count"], latest=_local(found["latest"], clock))


def _steps(found: Found) -> Said:
    steps = " → ".join(str(step["count"]) for step in found["steps"])
    if found["between"] is None:
        return _said(STEPS, steps=steps)
    return _said(STEPS_BETWEEN, steps=steps, between=found["between"]["count"])


def _tag(found: Found, clock: Clock) -> Said:
    if found is None:
        return Said(sentence=NO_TAG)
    since = _local(found["since"], clock)
    if found["until"] is None:
        return _said(TAG_OPEN, since=since)
    return _said(TAG_UNTIL, since=since, until=_local(found["until"], clock))


def _member(found: Found, clock: Clock) -> Said:
    if found is None:
        return Said(sentence=NO_MEMBER)
    if found["left"] is not None:
        return _said(LEFT, at=_local(found["left"], clock))
    return _said(MEMBER, since=_local(found["entered"], clock))


def _local(instant: str, clock: Clock) -> str:
    """A time of the institution's zone, to the second; the database's own text where Python's
    calendar ends."""
    try:
        return f"{datetime.fromisoformat(instant).astimezone(clock.zone):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):
        return instant
