"""``branch``: the first case whose rule the customer meets; otherwise ``else``."""

from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.errors import GraphError
from campaigns.journeys import fields
from campaigns.journeys.graph import Arrival, Experiment, Json, Kind, Leave, Node, Step

ELSE = "else"


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch(Node):
    """``cases`` maps label to segment rule, in order of precedence."""

    cases: Mapping[str, Json]
    experiment: Experiment | None


def parse(node_id: str, raw: Mapping[str, Json], path: str) -> Branch:
    fields.known_keys(raw, {"cases", "experiment"}, path)
    listed = raw.get("cases")
    if not isinstance(listed, list) or not listed or len(listed) > 50:
        raise GraphError("no_cases", "“cases” must list 1 to 50 cases.", f"{path}/cases")
    cases: dict[str, Json] = {}
    for index, case in enumerate(listed):
        at = f"{path}/cases/{index}"
        if not isinstance(case, Mapping):
            raise GraphError("not_an_object", "A case has a “label” and a “rule”.", at)
        fields.known_keys(case, {"label", "rule"}, at)
        label = fields.label(fields.text(case, "label", at), f"{at}/label")
        if label in cases or label == ELSE:
            raise GraphError("label_taken", f"The label “{label}” is taken.", f"{at}/label")
        if "rule" not in case:
            raise GraphError("no_rule", "The case needs a rule.", f"{at}/rule")
        cases[label] = case["rule"]
    arms = {**dict.fromkeys(cases, 1.0), ELSE: 0.0}
    return Branch(id=node_id, cases=cases, experiment=fields.experiment(raw, arms, path))


def exits(node: Node) -> tuple[str, ...]:
    assert isinstance(node, Branch)
    return (*node.cases, ELSE)


def step(node: Node, arrival: Arrival) -> Step:
    assert isinstance(node, Branch)
    for label in node.cases:
        if f"{node.id}/{label}" in arrival.facts.matched:
            return Leave(exit=label)
    return Leave(exit=ELSE)


KIND = Kind(parse=parse, exits=exits, step=step)
