"""``wait``: stay for a time; ``max_visits`` bounds a loop through this node."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from campaigns.journeys import fields
from campaigns.journeys.graph import ONWARD, Arrival, Json, Kind, Leave, Node, Stay, Step

MAX = "max"
_LONGEST = 366 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Node):
    duration: timedelta
    max_visits: int | None


def parse(node_id: str, raw: Mapping[str, Json], path: str) -> Wait:
    fields.known_keys(raw, {"seconds", "max_visits"}, path)
    seconds = fields.number(raw, "seconds", path, least=1, most=_LONGEST)
    bounded = "max_visits" in raw
    return Wait(
        id=node_id,
        duration=timedelta(seconds=seconds),
        max_visits=int(fields.number(raw, "max_visits", path, least=1, most=1000))
        if bounded
        else None,
    )


def exits(node: Node) -> tuple[str, ...]:
    assert isinstance(node, Wait)
    return (ONWARD,) if node.max_visits is None else (ONWARD, MAX)


def step(node: Node, arrival: Arrival) -> Step:
    assert isinstance(node, Wait)
    if arrival.resumed:
        return Leave()
    if node.max_visits is not None and arrival.visit > node.max_visits:
        return Leave(exit=MAX)
    return Stay(until=arrival.now + node.duration)


KIND = Kind(parse=parse, exits=exits, step=step)
