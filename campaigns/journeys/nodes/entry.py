"""``entry``: where customers come in: from a segment, or put in through the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from campaigns.errors import GraphError
from campaigns.journeys import fields
from campaigns.journeys.graph import ONWARD, Arrival, Json, Kind, Leave, Node, Step
from compliance.sentences import Sentence

NO_SOURCE: Final = Sentence(
    code="entry_without_source",
    en="Name the segment whose members enter.",
    zh="请指明由哪个分群的成员进入。",
)


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
    raise GraphError(NO_SOURCE, path)


def exits(node: Node) -> tuple[str, ...]:
    return (ONWARD,)


def step(node: Node, arrival: Arrival) -> Step:
    return Leave()


KIND = Kind(parse=parse, exits=exits, step=step)
