"""A rule said in words, in English or Chinese, for the people who have to agree with it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, assert_never

from compliance.sentences import Language
from segments.rules.catalog import Catalog
from segments.rules.phrases import PHRASES, Phrases
from segments.rules.tree import (
    All,
    AnyOf,
    Attribute,
    Condition,
    EventAggregate,
    EventCount,
    EventFilter,
    Everyone,
    Fixed,
    Lifecycle,
    MonthsInARow,
    Not,
    Operator,
    Rolling,
    Rule,
    Sample,
    Scalar,
    SegmentRef,
    Sequence,
    Step,
    Tag,
    Touch,
    Value,
    Window,
)
from segments.vocabulary import value_in_words


def explain(rule: Rule, catalog: Catalog, language: Language) -> str:
    """One sentence without a full stop, such as
    ``risk level is one of C3, C4 and did not do "order_filled" in the last 90 days``.
    """
    return _rule(rule, _Voice(catalog=catalog, words=PHRASES[language], language=language))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Voice:
    catalog: Catalog
    words: Phrases
    language: Language


def _rule(rule: Rule, voice: _Voice) -> str:  # noqa: C901 - one arm per kind
    words = voice.words
    match rule:
        case Everyone():
            return words.everyone
        case All():
            return words.and_.join(_inside(child, voice) for child in rule.children)
        case AnyOf():
            return words.or_.join(_inside(child, voice) for child in rule.children)
        case Not():
            return words.not_.format(_rule(rule.child, voice))
        case Attribute():
            return _attribute(rule, voice)
        case EventCount():
            return _count(rule, voice)
        case EventAggregate():
            return _aggregate(rule, voice)
        case Sequence():
            return _sequence(rule, voice)
        case MonthsInARow():
            return _months(rule, voice)
        case Tag():
            return words.tag.format(
                _quoted(voice.catalog.tag_label(rule.key, voice.language), voice)
            )
        case SegmentRef():
            return words.segment.format(_quoted(voice.catalog.segment_label(rule.key), voice))
        case Lifecycle():
            return _lifecycle(rule, voice)
        case Touch():
            return _touch(rule, voice)
        case Sample():
            return words.sample.format(plain(Decimal(rule.basis_points) / 100))
        case _:
            assert_never(rule)


def _inside(rule: Rule, voice: _Voice) -> str:
    """A group within a group stands in brackets, so that "and" and "or" stay apart."""
    said = _rule(rule, voice)
    is_group = isinstance(rule, All | AnyOf) and len(rule.children) > 1
    return voice.words.group.format(said) if is_group else said


def _quoted(text: str, voice: _Voice) -> str:
    return voice.words.quote.format(text)


def _attribute(rule: Attribute, voice: _Voice) -> str:
    of = voice.catalog.find(rule.field)
    name = rule.field if of is None else of.label(voice.language)
    value = rule.value if of is None else _known(of.name, rule.value, voice)
    return _compared(name, rule.op, value, voice)


def _lifecycle(rule: Lifecycle, voice: _Voice) -> str:
    stages = [value_in_words("lifecycle", stage, voice.language) for stage in rule.stages]
    words = voice.words
    phrase = words.lifecycle if len(stages) > 1 else words.one_stage
    return phrase.format(words.listed.join(stages))


_OF_ONE: Final = {Operator.IN: Operator.EQ, Operator.NOT_IN: Operator.NEQ}


def _compared(name: str, op: Operator, value: Value, voice: _Voice) -> str:
    words = voice.words
    said = _said(value, voice)
    if op in (Operator.WITHIN_DAYS, Operator.OLDER_THAN_DAYS, Operator.ANNIVERSARY):
        if op is Operator.ANNIVERSARY and value == 0:
            return words.anniversary_today.format(name)
        return words.operators[op].format(name, words.day.of(said[0]))
    first = value[0] if isinstance(value, tuple) else value
    if isinstance(value, tuple) and len(value) == 1:
        op = _OF_ONE.get(op, op)
    phrases = words.operators | words.dated if isinstance(first, date) else words.operators
    return phrases[op].format(name, *said)


def _known(field: str, value: Value, voice: _Voice) -> Value:
    """The operand with those values named that have a word in the reader's language."""
    match value:
        case str():
            return value_in_words(field, value, voice.language)
        case tuple():
            return tuple(
                value_in_words(field, one, voice.language) if isinstance(one, str) else one
                for one in value
            )
        case _:
            return value


def _said(value: Value, voice: _Voice) -> tuple[str, ...]:
    """The operand as words: a list as one phrase in the first place, a pair also in two."""
    if not isinstance(value, tuple):
        return (_scalar(value, voice),)
    said = [_scalar(one, voice) for one in value]
    return voice.words.listed.join(said), said[0], said[-1]


def _scalar(value: Scalar | None, voice: _Voice) -> str:
    match value:
        case None:
            return voice.words.no_value
        case bool():
            return voice.words.true if value else voice.words.false
        case Decimal():
            return plain(value)
        case datetime():
            return value.isoformat(" ")
        case str():
            return value if value and value.isalnum() else _quoted(value, voice)
        case _:
            return value.isoformat()


def plain(number: Decimal) -> str:
    """Digits without an exponent where that is short, with separators of thousands."""
    whole = number.to_integral_value() if abs(number.adjusted()) < 30 else number
    if whole == number:
        number = whole
    return f"{number:,f}" if abs(number.adjusted()) < 30 else str(number)


def _window(window: Window, voice: _Voice) -> str:
    words = voice.words
    match window:
        case None:
            return ""
        case Rolling():
            return words.rolling.format(words.day.of(str(window.days)))
        case Fixed(start=None, end=end):
            return words.until.format(_scalar(end, voice))
        case Fixed(start=start, end=None):
            return words.since.format(_scalar(start, voice))
        case Fixed(start=start, end=end):
            return words.between_days.format(_scalar(start, voice), _scalar(end, voice))
        case _:
            assert_never(window)


def _event(event: EventFilter, voice: _Voice) -> str:
    name = _quoted(voice.catalog.event_label(event.name, voice.language), voice)
    if not event.where:
        return name
    conditions = voice.words.and_.join(_condition(one, voice) for one in event.where)
    return voice.words.where.format(name, conditions)


def _condition(condition: Condition, voice: _Voice) -> str:
    return _compared(_property(condition.name, voice), condition.op, condition.value, voice)


def _property(name: str, voice: _Voice) -> str:
    """Names in Latin letters stand apart from Chinese words."""
    return voice.words.property.format(name) if name.isascii() else name


def _count(rule: EventCount, voice: _Voice) -> str:
    words = voice.words
    event, window = _event(rule.event, voice), _window(rule.window, voice)
    if rule.op is Operator.GTE and rule.value == 1:
        return words.did.format(event=event, window=window)
    if (rule.op, rule.value) in ((Operator.EQ, 0), (Operator.LT, 1), (Operator.LTE, 0)):
        return words.did_not.format(event=event, window=window)
    times = words.times[rule.op].format(*_times(rule, voice))
    return words.did_times.format(event=event, times=times, window=window)


def _times(rule: EventCount, voice: _Voice) -> tuple[str, ...]:
    """How often, with the noun; of a range the second end alone carries it."""
    *others, last = _said(rule.value, voice)
    return (*others, voice.words.time.of(last))


def _aggregate(rule: EventAggregate, voice: _Voice) -> str:
    words = voice.words
    made = words.aggregate.format(
        function=words.functions[rule.fn],
        property=_property(rule.of, voice),
        event=_event(rule.event, voice),
        window=_window(rule.window, voice),
    )
    return _compared(made, rule.op, rule.value, voice)


def _sequence(rule: Sequence, voice: _Voice) -> str:
    words = voice.words
    steps = " → ".join(_step(step, voice) for step in rule.steps)
    between = ""
    if rule.not_between is not None:
        between = words.not_between.format(_event(rule.not_between, voice))
    return words.sequence.format(steps=steps, between=between, window=_window(rule.window, voice))


def _step(step: Step, voice: _Voice) -> str:
    event = _event(step.event, voice)
    if step.within_days is None:
        return event
    days = voice.words.day.of(str(step.within_days))
    return voice.words.step_within.format(event, days)


def _months(rule: MonthsInARow, voice: _Voice) -> str:
    event, window = _event(rule.event, voice), _window(rule.window, voice)
    months = voice.words.month.of(str(rule.months))
    return voice.words.months.format(event=event, months=months, window=window)


def _touch(rule: Touch, voice: _Voice) -> str:
    words = voice.words
    return words.touch.format(
        state=words.states[rule.state],
        journey=_quoted(voice.catalog.journey_label(rule.journey), voice),
        window=_window(rule.window, voice),
    )
