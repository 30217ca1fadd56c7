"""``split``: a random arm by weight, always the same one for the same customer."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from campaigns.errors import GraphError
from campaigns.journeys import fields
from campaigns.journeys.bucketing import choose
from campaigns.journeys.graph import Arrival, Experiment, Json, Kind, Leave, Node, Step
from compliance.sentences import Sentence

NO_WEIGHTS: Final = Sentence(
    code="no_weights",
    en="“weights” must give 2 to {most} arms.",
    zh="“weights”必须给出 2 到 {most} 个组别。",
)
NOT_100: Final = Sentence(
    code="weights_not_100", en="The weights must add up to 100.", zh="权重之和必须为 100。"
)
_MOST_ARMS: Final = len(string.ascii_lowercase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split(Node):
    """``arms`` maps label to percent, summing to 100; a list of weights is labelled a, b, c …"""

    arms: Mapping[str, float]
    experiment: Experiment | None


def parse(node_id: str, raw: Mapping[str, Json], path: str) -> Split:
    fields.known_keys(raw, {"weights", "experiment"}, path)
    at, weights = f"{path}/weights", raw.get("weights")
    if isinstance(weights, list) and len(weights) <= _MOST_ARMS:
        weights = dict(zip(string.ascii_lowercase, weights, strict=False))
    if not isinstance(weights, Mapping) or not 2 <= len(weights) <= _MOST_ARMS:
        raise GraphError(NO_WEIGHTS, at, most=_MOST_ARMS)
    arms = {
        fields.label(label, at): fields.number(weights, label, at, least=0, most=100)
        for label in weights
    }
    if abs(sum(arms.values()) - 100) > 1e-9:
        raise GraphError(NOT_100, at)
    return Split(id=node_id, arms=arms, experiment=fields.experiment(raw, arms, path))


def exits(node: Node) -> tuple[str, ...]:
    assert isinstance(node, Split)
    return tuple(node.arms)


def step(node: Node, arrival: Arrival) -> Step:
    assert isinstance(node, Split)
    facts = arrival.facts
    salt = node.experiment.key if node.experiment else f"{facts.journey_key}/{node.id}"
    index = choose(facts.customer_id, salt, tuple(node.arms.values()))
    return Leave(exit=tuple(node.arms)[index])


KIND = Kind(parse=parse, exits=exits, step=step)
