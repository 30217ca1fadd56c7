"""``exit``: the run ends."""

from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.journeys import fields
from campaigns.journeys.graph import MAX_REASON, Arrival, Finish, Json, Kind, Node, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit(Node):
    reason: str


def parse(node_id: str, raw: Mapping[str, Json], path: str) -> Exit:
    fields.known_keys(raw, {"reason"}, path)
    reason = fields.text(raw, "reason", path, default="completed", most=MAX_REASON)
    return Exit(id=node_id, reason=reason)


def exits(node: Node) -> tuple[str, ...]:
    return ()


def step(node: Node, arrival: Arrival) -> Step:
    assert isinstance(node, Exit)
    return Finish(reason=node.reason)


KIND = Kind(parse=parse, exits=exits, step=step)
