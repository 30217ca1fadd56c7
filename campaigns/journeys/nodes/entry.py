"""``entry``: where customers come in: from a segment, or put in through the API."""

from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.errors import GraphError
from campaigns.journeys import fields
from campaigns.journeys.graph import ONWARD, Arrival, Json, Kind, Leave, Node, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Node):
    """``segment`` is the key of the segment whose members enter; None: by API only."""

    segment: str | None


def parse(node_id: str, raw: Mapping[str, Json], path: str) -> Entry:
    fields.known_keys(raw, {"segment", "api"}, path)
    if "segment" in raw:
        return Entry(id=node_id, segment=fields.text(raw, "segment", path))
    if raw.get("api") is True:
        return Entry(id=node_id, segment=None)
    raise GraphError("entry_without_source", "Name the segment whose members enter.", path)


def exits(node: Node) -> tuple[str, ...]:
    return (ONWARD,)


def step(node: Node, arrival: Arrival) -> Step:
    return Leave()


KIND = Kind(parse=parse, exits=exits, step=step)
