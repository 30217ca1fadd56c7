"""A rule said in words, in English or Chinese, for the people who have to agree with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import assert_never

from compliance.sentences import Language
from segments.rules.catalog import Catalog
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
    Function,
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
    TouchState,
    Value,
    Window,
)
from segments.vocabulary import value_in_words


def explain(rule: Rule, catalog: Catalog, language: Language) -> str:
    """One sentence without a full stop, such as
    ``risk level is one of C3, C4 and did not do "order_filled" in the last 90 days``.
    """
    return _rule(rule, _Voice(catalog=catalog, words=_WORDS[language], language=language))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """The phrases of one language, with gaps to fill."""

    everyone: str
    and_: str
    or_: str
    not_: str
    group: str
    tag: str
    segment: str
    lifecycle: str
    sample: str
    touch: str
    states: Mapping[TouchState, str]
    listed: str
    quote: str
    true: str
    false: str
    no_value: str
    property: str
    where: str
    did: str
    did_not: str
    did_times: str
    times: Mapping[Operator, str]
    aggregate: str
    functions: Mapping[Function, str]
    sequence: str
    step_within: str
    not_between: str
    months: str
    rolling: str
    between_days: str
    since: str
    until: str
    operators: Mapping[Operator, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Voice:
    catalog: Catalog
    words: _Words
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
            return words.tag.format(_quoted(rule.key, voice))
        case SegmentRef():
            return words.segment.format(_quoted(rule.key, voice))
        case Lifecycle():
            return words.lifecycle.format(words.listed.join(_stages(rule, voice)))
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
    return voice.words.operators[rule.op].format(name, *_said(value, voice))


def _stages(rule: Lifecycle, voice: _Voice) -> list[str]:
    return [value_in_words("lifecycle", stage, voice.language) for stage in rule.stages]


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
            return words.rolling.format(window.days)
        case Fixed(start=None, end=end):
            return words.until.format(_scalar(end, voice))
        case Fixed(start=start, end=None):
            return words.since.format(_scalar(start, voice))
        case Fixed(start=start, end=end):
            return words.between_days.format(_scalar(start, voice), _scalar(end, voice))
        case _:
            assert_never(window)


def _event(event: EventFilter, voice: _Voice) -> str:
    name = _quoted(event.name, voice)
    if not event.where:
        return name
    conditions = voice.words.and_.join(_condition(one, voice) for one in event.where)
    return voice.words.where.format(name, conditions)


def _condition(condition: Condition, voice: _Voice) -> str:
    name = voice.words.property.format(condition.name)
    return voice.words.operators[condition.op].format(name, *_said(condition.value, voice))


def _count(rule: EventCount, voice: _Voice) -> str:
    words = voice.words
    event, window = _event(rule.event, voice), _window(rule.window, voice)
    if rule.op is Operator.GTE and rule.value == 1:
        return words.did.format(event=event, window=window)
    if (rule.op, rule.value) in ((Operator.EQ, 0), (Operator.LT, 1), (Operator.LTE, 0)):
        return words.did_not.format(event=event, window=window)
    times = words.times[rule.op].format(*_said(rule.value, voice))
    return words.did_times.format(event=event, times=times, window=window)


def _aggregate(rule: EventAggregate, voice: _Voice) -> str:
    words = voice.words
    made = words.aggregate.format(
        function=words.functions[rule.fn],
        property=words.property.format(rule.of),
        event=_event(rule.event, voice),
        window=_window(rule.window, voice),
    )
    return words.operators[rule.op].format(made, *_said(rule.value, voice))


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
    return voice.words.step_within.format(event, step.within_days)


def _months(rule: MonthsInARow, voice: _Voice) -> str:
    event, window = _event(rule.event, voice), _window(rule.window, voice)
    return voice.words.months.format(event=event, months=rule.months, window=window)


def _touch(rule: Touch, voice: _Voice) -> str:
    words = voice.words
    return words.touch.format(
        state=words.states[rule.state],
        journey=_quoted(rule.journey, voice),
        window=_window(rule.window, voice),
    )


# {0} is what is compared; {1} the value or the whole list, {2} and {3} the ends of a range.
_ENGLISH = _Words(
    everyone="every customer",
    and_=" and ",
    or_=" or ",
    not_="not ({})",
    group="({})",
    tag="carries the tag {}",
    segment="is in the segment {}",
    lifecycle="lifecycle stage is one of {}",
    sample="belongs to a fixed random {} % of customers",
    touch="{state} a message of the journey {journey}{window}",
    states={
        TouchState.ACCEPTED: "was sent",
        TouchState.DELIVERED: "received",
        TouchState.OPENED: "opened",
        TouchState.CLICKED: "clicked a link in",
    },
    listed=", ",
    quote='"{}"',
    true="yes",
    false="no",
    no_value="nothing",
    property="{}",
    where="{} (with {})",
    did="did {event}{window}",
    did_not="did not do {event}{window}",
    did_times="did {event} {times}{window}",
    times={
        Operator.EQ: "exactly {} times",
        Operator.NEQ: "any number of times but {}",
        Operator.GT: "more than {} times",
        Operator.GTE: "at least {} times",
        Operator.LT: "fewer than {} times",
        Operator.LTE: "at most {} times",
        Operator.BETWEEN: "{1} to {2} times",
    },
    aggregate="{function} {property} of {event}{window}",
    functions={
        Function.SUM: "the sum of",
        Function.AVG: "the average",
        Function.MIN: "the smallest",
        Function.MAX: "the largest",
        Function.LAST: "the latest",
    },
    sequence="did in this order{window}: {steps}{between}",
    step_within="{} within {} days",
    not_between=", without {} in between",
    months="did {event} in {months} calendar months in a row{window}",
    rolling=" in the last {} days",
    between_days=" from {} to {}",
    since=" since {}",
    until=" until {}",
    operators={
        Operator.EQ: "{0} is {1}",
        Operator.NEQ: "{0} is known and is not {1}",
        Operator.GT: "{0} is above {1}",
        Operator.GTE: "{0} is at least {1}",
        Operator.LT: "{0} is below {1}",
        Operator.LTE: "{0} is at most {1}",
        Operator.BETWEEN: "{0} is from {2} to {3}",
        Operator.IN: "{0} is one of {1}",
        Operator.NOT_IN: "{0} is known and is none of {1}",
        Operator.CONTAINS: "{0} contains {1}",
        Operator.STARTS_WITH: "{0} starts with {1}",
        Operator.REGEX: "{0} matches the pattern {1}",
        Operator.EXISTS: "{0} is known",
        Operator.NOT_EXISTS: "{0} is not known",
        Operator.BEFORE: "{0} is before {1}",
        Operator.AFTER: "{0} is after {1}",
        Operator.WITHIN_DAYS: "{0} lies in the last {1} days",
        Operator.OLDER_THAN_DAYS: "{0} is more than {1} days ago",
        Operator.ANNIVERSARY: "the anniversary of {0} falls today or in the next {1} days",
    },
)

_CHINESE = _Words(
    everyone="所有客户",
    and_="，且",
    or_="，或",
    not_="不满足（{}）",
    group="（{}）",
    tag="带有标签{}",
    segment="属于分群{}",
    lifecycle="生命周期为 {} 之一",
    sample="属于固定随机抽取的 {}% 客户",
    touch="{window}{state}旅程{journey}的消息",
    states={
        TouchState.ACCEPTED: "被发送过",
        TouchState.DELIVERED: "收到过",
        TouchState.OPENED: "打开过",
        TouchState.CLICKED: "点击过",
    },
    listed="、",
    quote="“{}”",
    true="是",
    false="否",
    no_value="无",
    property="{}",
    where="{}（其中{}）",
    did="{window}发生过{event}",
    did_not="{window}未发生过{event}",
    did_times="{window}发生{event}{times}",
    times={
        Operator.EQ: "恰好 {} 次",
        Operator.NEQ: "的次数不等于 {}",
        Operator.GT: "超过 {} 次",
        Operator.GTE: "至少 {} 次",
        Operator.LT: "少于 {} 次",
        Operator.LTE: "最多 {} 次",
        Operator.BETWEEN: "{1} 至 {2} 次",
    },
    aggregate="{window}{event}的 {property} {function}",
    functions={
        Function.SUM: "合计",
        Function.AVG: "平均值",
        Function.MIN: "最小值",
        Function.MAX: "最大值",
        Function.LAST: "最近一次的值",
    },
    sequence="{window}依次发生：{steps}{between}",
    step_within="{}（{} 天内）",
    not_between="，期间没有{}",
    months="{window}连续 {months} 个自然月发生{event}",
    rolling="最近 {} 天内",
    between_days="{} 至 {} 期间",
    since="自 {} 起",
    until="截至 {} ",
    operators={
        Operator.EQ: "{0}为 {1}",
        Operator.NEQ: "{0}已知且不为 {1}",
        Operator.GT: "{0}大于 {1}",
        Operator.GTE: "{0}不低于 {1}",
        Operator.LT: "{0}小于 {1}",
        Operator.LTE: "{0}不高于 {1}",
        Operator.BETWEEN: "{0}在 {2} 到 {3} 之间",
        Operator.IN: "{0}为 {1} 之一",
        Operator.NOT_IN: "{0}已知且不为 {1} 中任何一个",
        Operator.CONTAINS: "{0}包含 {1}",
        Operator.STARTS_WITH: "{0}以 {1} 开头",
        Operator.REGEX: "{0}匹配模式 {1}",
        Operator.EXISTS: "{0}已知",
        Operator.NOT_EXISTS: "{0}未知",
        Operator.BEFORE: "{0}早于 {1}",
        Operator.AFTER: "{0}晚于 {1}",
        Operator.WITHIN_DAYS: "{0}在最近 {1} 天内",
        Operator.OLDER_THAN_DAYS: "{0}早于 {1} 天前",
        Operator.ANNIVERSARY: "{0}的周年日在今天或未来 {1} 天内",
    },
)

_WORDS: Mapping[Language, _Words] = {"en": _ENGLISH, "zh": _CHINESE}
