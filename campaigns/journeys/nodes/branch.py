"""``branch``: the first case whose rule the customer meets; otherwise ``else``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from campaigns.errors import GraphError
from campaigns.journeys import fields
from campaigns.journeys.graph import Arrival, Experiment, Json, Kind, Leave, Node, Step
from compliance.sentences import Sentence

ELSE = "else"

NO_CASES: Final = Sentence(
    code="no_cases",
    en="“cases” must list 1 to {most} cases.",
    zh="“cases”必须列出 1 到 {most} 个分支。",
)
NOT_A_CASE: Final = Sentence(
    code="not_an_object",
    en="A case has a “label” and a “rule”.",
    zh="每个分支都由“label”和“rule”组成。",
)
LABEL_TAKEN: Final = Sentence(
    code="label_taken", en="The label “{label}” is taken.", zh="标签“{label}”已被占用。"
)
NO_RULE: Final = Sentence(code="no_rule", en="The case needs a rule.", zh="该分支缺少规则。")
_MOST_CASES: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch(Node):
    """``cases`` maps label to segment rule, in order of precedence."""

    cases: Mapping[str, Json]
    experiment: Experiment | None


def parse(node_id: str, raw: Mapping[str, Json], path: str) -> Branch:
    fields.known_keys(raw, {"cases", "experiment"}, path)
    listed = raw.get("cases")
    if not isinstance(listed, list) or not listed or len(listed) > _MOST_CASES:
        raise GraphError(NO_CASES, f"{path}/cases", most=_MOST_CASES)
    cases: dict[str, Json] = {}
    for index, case in enumerate(listed):
        at = f"{path}/cases/{index}"
        if not isinstance(case, Mapping):
            raise GraphError(NOT_A_CASE, at)
        fields.known_keys(case, {"label", "rule"}, at)
        label = fields.label(fields.text(case, "label", at), f"{at}/label")
        if label in cases or label == ELSE:
            raise GraphError(LABEL_TAKEN, f"{at}/label", label=label)
        if "rule" not in case:
            raise GraphError(NO_RULE, f"{at}/rule")
        cases[label] = case["rule"]
    arms = {**dict.fromkeys(cases, 1.0), ELSE: 0.0}
    return Branch(id=node_id, cases=cases, experiment=fields.experiment(raw, arms, path))


def exits(node: Node) -> tuple[str, ...]:
    assert isinstance(node, Branch)
    return (*node.cases, ELSE)


def step(node: Node, arrival: Arrival) -> Step:
    assert isinstance(node, Branch)
    for label in node.cases:
        if (node.id, label) in arrival.facts.matched:
            return Leave(exit=label)
    return Leave(exit=ELSE)


KIND = Kind(parse=parse, exits=exits, step=step)
