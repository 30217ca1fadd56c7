"""The phrases that a rule is said in, in English and Chinese; `explain` fills their gaps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from compliance.sentences import Language
from segments.rules.tree import Function, Operator, TouchState


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A noun with its number: for exactly one of them, and for any other number."""

    one: str
    many: str

    def of(self, number: str) -> str:
        """So many of them, as in "7 days"."""
        return (self.one if number == "1" else self.many).format(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """The phrases of one language, with gaps to fill."""

    everyone: str
    and_: str
    or_: str
    not_: str
    group: str
    tag: str
    segment: str
    lifecycle: str
    one_stage: str
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
    time: Counted
    times: Mapping[Operator, str]
    aggregate: str
    functions: Mapping[Function, str]
    sequence: str
    day: Counted
    step_within: str
    not_between: str
    month: Counted
    months: str
    rolling: str
    between_days: str
    since: str
    until: str
    operators: dict[Operator, str]
    dated: dict[Operator, str]  # those that are said in other words of days and times
    anniversary_today: str


# {0} is what is compared; {1} the value or the whole list, {2} and {3} the ends of a range.
_ENGLISH = Phrases(
    everyone="every customer",
    and_=" and ",
    or_=" or ",
    not_="not ({})",
    group="({})",
    tag="carries the tag {}",
    segment="is in the segment {}",
    lifecycle="lifecycle stage is one of {}",
    one_stage="lifecycle stage is {}",
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
    time=Counted(one="{} time", many="{} times"),
    times={
        Operator.EQ: "exactly {0}",
        Operator.NEQ: "not exactly {0}",
        Operator.GT: "more than {0}",
        Operator.GTE: "at least {0}",
        Operator.LT: "fewer than {0}",
        Operator.LTE: "at most {0}",
        Operator.BETWEEN: "{1} to {2}",
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
    day=Counted(one="{} day", many="{} days"),
    step_within="{} within {}",
    not_between=", without {} in between",
    month=Counted(one="{} calendar month", many="{} calendar months in a row"),
    months="did {event} in {months}{window}",
    rolling=" in the last {}",
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
        Operator.WITHIN_DAYS: "{0} lies in the last {1}",
        Operator.OLDER_THAN_DAYS: "{0} is more than {1} ago",
        Operator.ANNIVERSARY: "the anniversary of {0} falls today or in the next {1}",
    },
    dated={
        Operator.GT: "{0} is after {1}",
        Operator.GTE: "{0} is not before {1}",
        Operator.LT: "{0} is before {1}",
        Operator.LTE: "{0} is not after {1}",
    },
    anniversary_today="the anniversary of {0} falls today",
)

_CHINESE = Phrases(
    everyone="所有客户",
    and_="，且",
    or_="，或",
    not_="不满足（{}）",
    group="（{}）",
    tag="带有标签{}",
    segment="属于分群{}",
    lifecycle="生命周期为 {} 之一",
    one_stage="生命周期为 {}",
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
    property=" {} ",
    where="{}（其中{}）",
    did="{window}发生过{event}",
    did_not="{window}未发生过{event}",
    did_times="{window}发生{event}{times}",
    time=Counted(one="{} 次", many="{} 次"),
    times={
        Operator.EQ: "恰好 {0}",
        Operator.NEQ: "不是恰好 {0}",
        Operator.GT: "超过 {0}",
        Operator.GTE: "至少 {0}",
        Operator.LT: "少于 {0}",
        Operator.LTE: "最多 {0}",
        Operator.BETWEEN: "{1} 至 {2}",
    },
    aggregate="{window}{event}的{property}{function}",
    functions={
        Function.SUM: "合计",
        Function.AVG: "平均值",
        Function.MIN: "最小值",
        Function.MAX: "最大值",
        Function.LAST: "最近一次的值",
    },
    sequence="{window}依次发生：{steps}{between}",
    day=Counted(one="{} 天", many="{} 天"),
    step_within="{}（{}内）",
    not_between="，期间没有{}",
    month=Counted(one="至少 {} 个自然月", many="连续 {} 个自然月"),
    months="{window}{months}发生{event}",
    rolling="最近 {}内",
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
        Operator.WITHIN_DAYS: "{0}在最近 {1}内",
        Operator.OLDER_THAN_DAYS: "{0}早于 {1}前",
        Operator.ANNIVERSARY: "{0}的周年日在今天或未来 {1}内",
    },
    dated={
        Operator.GT: "{0}晚于 {1}",
        Operator.GTE: "{0}不早于 {1}",
        Operator.LT: "{0}早于 {1}",
        Operator.LTE: "{0}不晚于 {1}",
    },
    anniversary_today="{0}的周年日在今天",
)

PHRASES: Final[Mapping[Language, Phrases]] = {"en": _ENGLISH, "zh": _CHINESE}
