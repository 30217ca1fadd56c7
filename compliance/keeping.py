"""How long what is kept: the rules of `records.json`, and between which numbers each may lie."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from compliance.errors import RulesRefused
from compliance.rulebook.rule import Rule
from compliance.sentences import Sentence

OUT_OF_BOUNDS: Final = Sentence(
    code="period_out_of_bounds",
    en="{rule}: “{unit}” is a whole number from {least} to {most}: {why}.",
    zh="{rule}：“{unit}”须为 {least} 至 {most} 之间的整数：{why}。",
)
ALWAYS_ON: Final = Sentence(
    code="period_always_on",
    en="{rule} has no end: its status stays active and it has no dates. Change its number instead.",
    zh="{rule} 不能停用：状态须为 active，且不设日期。请改为修改其数字。",
)
EVIDENCE: Final = Sentence(
    code="evidence",
    en="below it evidence that a supervisor asks for is gone",
    zh="低于下限将丢失监管所需的证据",
)
PRIVACY: Final = Sentence(
    code="privacy",
    en="above it personal data is kept longer than needed",
    zh="高于上限则个人信息的保存超过必要期限",
)
PROMISED: Final = Sentence(
    code="promised",
    en="clients may send an event again for 30 days",
    zh="客户端可在 30 天内重发事件",
)
COMPARED: Final = Sentence(
    code="compared",
    en="four weeks are compared",
    zh="需要与前四周比较",
)
COUNTED: Final = Sentence(
    code="counted",
    en="caps and suitability look back a month",
    zh="频次上限和适当性规则需回看一个月",
)


class Kept(StrEnum):
    """What has a period of keeping, by its rule."""

    ANSWERS = "K-01"
    TRADED = "K-02"
    ASSESSED = "K-03"
    UPLOADS = "K-04"
    REFUSED_ROWS = "K-05"
    MESSAGE_KEYS = "K-06"
    ARRIVALS = "K-07"
    CONTACTS = "K-08"
    EXPORTS = "K-09"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Between which numbers a period lies, both included, and why no further."""

    unit: str
    least: int
    most: int
    why: Sentence


BOUNDS: Final[Mapping[Kept, Bounds]] = {
    Kept.ANSWERS: Bounds(unit="months", least=60, most=1200, why=EVIDENCE),
    Kept.TRADED: Bounds(unit="years", least=5, most=100, why=EVIDENCE),
    Kept.ASSESSED: Bounds(unit="years", least=5, most=100, why=EVIDENCE),
    Kept.UPLOADS: Bounds(unit="days", least=1, most=30, why=PRIVACY),
    Kept.REFUSED_ROWS: Bounds(unit="days", least=7, most=365, why=PRIVACY),
    Kept.MESSAGE_KEYS: Bounds(unit="days", least=33, most=400, why=PROMISED),
    Kept.ARRIVALS: Bounds(unit="days", least=35, most=400, why=COMPARED),
    Kept.CONTACTS: Bounds(unit="days", least=40, most=400, why=COUNTED),
    Kept.EXPORTS: Bounds(unit="days", least=1, most=14, why=PRIVACY),
}


def require_periods(rules: Iterable[Rule]) -> None:
    """Refuse periods that are no whole numbers between their bounds, or that would end.

    Answers may end: then none is ever dropped. Raises `RulesRefused`, naming the rule.
    """
    given = {rule.rule_id: rule for rule in rules}
    for kept, bounds in BOUNDS.items():
        rule = given[kept]
        number = rule.params[bounds.unit]
        if int(number) != number or not bounds.least <= number <= bounds.most:
            raise RulesRefused(
                OUT_OF_BOUNDS,
                rule=kept,
                unit=bounds.unit,
                least=bounds.least,
                most=bounds.most,
                why=bounds.why,
            )
        is_dated = rule.effective_from is not None or rule.effective_to is not None
        if kept is not Kept.ANSWERS and (is_dated or not rule.is_active):
            raise RulesRefused(ALWAYS_ON, rule=kept)
