"""``wait``: stay for a time; ``max_visits`` bounds a loop through this node.

Seconds pass alike everywhere. Days are the customer's: the same hour on his clock so many dates
later, which a clock change makes 23 or 25 hours of; an hour that it skips is the end of the gap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.errors import GraphError
from campaigns.journeys import fields, sentences
from campaigns.journeys.graph import ONWARD, Arrival, Json, Kind, Leave, Node, Stay, Step
from compliance.calendar import first_instant

MAX = "max"
_MOST_DAYS = 366
_LONGEST = _MOST_DAYS * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Node):
    """``duration`` of seconds, or ``days`` of the customer's calendar where they are not zero."""

    duration: timedelta = timedelta()
    days: int = 0
    max_visits: int | None


def parse(node_id: str, raw: Mapping[str, Json], path: str) -> Wait:
    fields.known_keys(raw, {"seconds", "days", "max_visits"}, path)
    bounded = "max_visits" in raw
    most = fields.whole(raw, "max_visits", path, least=1, most=1000) if bounded else None
    if "days" not in raw:
        seconds = fields.number(raw, "seconds", path, least=1, most=_LONGEST)
        return Wait(id=node_id, duration=timedelta(seconds=seconds), max_visits=most)
    if "seconds" in raw:
        raise GraphError(sentences.TWO_TIMES, f"{path}/days")
    days = fields.whole(raw, "days", path, least=1, most=_MOST_DAYS)
    return Wait(id=node_id, days=days, max_visits=most)


def exits(node: Node) -> tuple[str, ...]:
    assert isinstance(node, Wait)
    return (ONWARD,) if node.max_visits is None else (ONWARD, MAX)


def step(node: Node, arrival: Arrival) -> Step:
    assert isinstance(node, Wait)
    if arrival.resumed:
        return Leave()
    if node.max_visits is not None and arrival.visit > node.max_visits:
        return Leave(exit=MAX)
    if node.days:
        return Stay(until=_days_on(arrival.now, node.days, arrival.facts.zone))
    return Stay(until=arrival.now + node.duration)


def _days_on(now: datetime, days: int, zone: ZoneInfo) -> datetime:
    local = now.astimezone(zone)
    # Where the clock shows the hour twice, the first time counts.
    return first_instant(local.date() + timedelta(days=days), local.time().replace(fold=0), zone)


KIND = Kind(parse=parse, exits=exits, step=step)
