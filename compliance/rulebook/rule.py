"""A rule as data: when it counts, on what ground, with which numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from compliance.errors import RulesRefused
from compliance.sentences import Sentence

NOT_A_LIST = Sentence(code="not_a_list", en="The rules are not a list.", zh="规则不是列表。")
TWICE = Sentence(code="twice", en="A rule id stands there twice.", zh="规则编号重复。")
MALFORMED = Sentence(
    code="malformed",
    en="Rule {number} cannot be read: {reason}",
    zh="第 {number} 条规则无法读取：{reason}",
)
VANISHED = Sentence(
    code="vanished",
    en="{rule} is missing: a rule is deprecated by its status, never deleted.",
    zh="缺少规则 {rule}：规则只能将状态改为 deprecated，不能删除。",
)
SHAPE = Sentence(
    code="shape",
    en="{rule}: “params” must be shaped like {shape}.",
    zh="{rule}：“params”的结构必须与 {shape} 相同。",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as data: when it counts, on what ground, with which numbers."""

    rule_id: str
    basis: str
    severity: str
    is_active: bool
    effective_from: date | None
    effective_to: date | None
    params: Mapping[str, Any]

    def is_in_force(self, on: date) -> bool:
        """Whether the rule counts on that day; both days are included."""
        return (
            self.is_active
            and (self.effective_from is None or self.effective_from <= on)
            and (self.effective_to is None or on <= self.effective_to)
        )


def in_force(rules: Iterable[Rule], on: date) -> Mapping[str, Rule]:
    """The rules that count on that day, by id."""
    return {rule.rule_id: rule for rule in rules if rule.is_in_force(on)}


def read_rules(told: object) -> tuple[Rule, ...]:
    """Rules out of JSON: a list of objects, each id once.

    Raises
    ------
    RulesRefused : the message names the place.
    """
    if not isinstance(told, list):
        raise RulesRefused(NOT_A_LIST)
    rules = tuple(_rule(entry, number) for number, entry in enumerate(told, 1))
    if len({rule.rule_id for rule in rules}) != len(rules):
        raise RulesRefused(TWICE)
    return rules


def _rule(entry: object, number: int) -> Rule:
    try:
        if not isinstance(entry, dict) or not isinstance(entry["params"], dict):
            raise TypeError("a rule and its params are objects")
        if entry["status"] not in ("active", "pending", "deprecated"):
            raise ValueError("status is active, pending or deprecated")
        return Rule(
            rule_id=str(entry["rule_id"]),
            basis=str(entry["basis"]),
            severity=str(entry["severity"]),
            is_active=entry["status"] == "active",
            effective_from=_day(entry["effective_from"]),
            effective_to=_day(entry["effective_to"]),
            params=entry["params"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RulesRefused(MALFORMED, number=number, reason=repr(error)) from error


def _day(told: object) -> date | None:
    return date.fromisoformat(str(told)) if told else None


def require_successor(rules: Sequence[Rule], of: Sequence[Rule]) -> None:
    """Refuse what no change of parameters could be: rules that vanished, other shapes.

    Raises
    ------
    RulesRefused : the message names the rule.
    """
    given = {rule.rule_id: rule for rule in rules}
    for known in of:
        rule = given.get(known.rule_id)
        if rule is None:
            raise RulesRefused(VANISHED, rule=known.rule_id)
        if not _fits(rule.params, known.params, is_open=False):
            raise RulesRefused(SHAPE, rule=known.rule_id, shape=str(known.params))


def completed(
    told: Iterable[Mapping[str, Any]], shipped: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Rules an officer wrote under an older release, with what was added since.

    An added rule or number counts as we ship it until somebody changes it.
    """
    models = {rule["rule_id"]: rule for rule in shipped}
    written = [dict(rule) for rule in told]
    for rule in written:
        model = models.pop(rule["rule_id"], None)
        if model is not None:
            rule["params"] = {**model["params"], **rule["params"]}
    return [*written, *(dict(rule) for rule in models.values())]


def is_shaped(value: object, model: object) -> bool:
    """Whether one number, text, list or table is shaped as its model is."""
    return _fits(value, model, is_open=_is_table(model))


def _fits(value: object, model: object, *, is_open: bool) -> bool:
    """Whether a value is shaped as its model is.

    The params' own names are fixed; the tables inside them may have other keys. Of a table that
    we ship empty nothing is known here; who reads it judges it.
    """
    match model:
        case dict():
            if not isinstance(value, dict) or (not is_open and value.keys() != model.keys()):
                return False
            if is_open:
                example = next(iter(model.values()), None)
                return example is None or all(
                    _fits(inner, example, is_open=False) for inner in value.values()
                )
            return all(
                _fits(value[key], inner, is_open=_is_table(inner)) for key, inner in model.items()
            )
        case list():
            return isinstance(value, list) and all(
                _fits(inner, model[0], is_open=False) for inner in value if model
            )
        case bool() | str():
            return type(value) is type(model)
        case _:
            return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_table(model: object) -> bool:
    return isinstance(model, dict)
