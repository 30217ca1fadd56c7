"""Waits of the shared sample: days by the customer's calendar, and times no journey may ask for.

A wait here is seconds or days: a monthly day, a weekday and a cron line are no words of a node, and
whoever writes one is told where, instead of having it ignored.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns.errors import GraphError
from campaigns.journeys.engine import run
from campaigns.journeys.graph import Facts, Position
from campaigns.journeys.parse import parse

SAMPLE = Path(__file__).parents[2] / "compliance/cases/time_edges.jsonl"
CASES = {case["id"]: case["input"] for case in map(json.loads, SAMPLE.read_text().splitlines())}
A_YEAR = 366 * 86_400


def journey(**wait: Any) -> dict[str, Any]:
    return {
        "name": "n",
        "nodes": [
            {"id": "e", "type": "entry", "segment": "s"},
            {"id": "w", "type": "wait", **wait},
            {"id": "x", "type": "exit"},
        ],
        "edges": [["e", "w"], ["w", "x"]],
    }


@pytest.mark.parametrize(
    ("case", "wait"),
    [
        ("TM-041", {"seconds": 60, **CASES["TM-041"]}),
        ("TM-045", {"seconds": 0}),
        ("TM-045", CASES["TM-045"]),
        ("TM-047", {"seconds": 100 * A_YEAR}),
        ("TM-047", CASES["TM-047"]),
        ("TM-049", {"seconds": 60, **CASES["TM-049"]}),
        ("TM-051", {"seconds": 60, **CASES["TM-051"]}),
    ],
)
def test_a_time_that_no_wait_has_is_refused_with_its_place(case: str, wait: dict[str, Any]) -> None:
    with pytest.raises(GraphError) as refused:
        parse(journey(**wait))

    assert refused.value.path.startswith("/nodes/1")


def test_the_longest_wait_is_taken() -> None:
    assert parse(journey(seconds=A_YEAR))
    assert parse(journey(days=366))


def test_a_day_across_a_clock_change_ends_at_the_same_hour() -> None:
    """TM-043: noon to noon, which is 23 hours."""
    case = CASES["TM-043"]
    zone = ZoneInfo(case["tz"])

    ends = wait_ends(1, datetime.fromisoformat(case["from"]).replace(tzinfo=zone))

    assert ends == datetime(2026, 3, 8, 12, tzinfo=zone)
    assert ends == datetime(2026, 3, 8, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "starts", "fold", "days", "ends"),
    [
        ("America/New_York", "2026-10-31T12:00", 0, 1, "2026-11-01T17:00Z"),  # 25 hours
        ("America/New_York", "2026-03-07T02:30", 0, 1, "2026-03-08T07:00Z"),  # into the gap
        ("America/New_York", "2026-10-31T01:30", 0, 1, "2026-11-01T05:30Z"),  # shown twice
        ("America/New_York", "2026-11-01T01:30", 1, 1, "2026-11-02T06:30Z"),  # from the second
        ("Australia/Lord_Howe", "2026-10-03T02:15", 0, 1, "2026-10-03T15:30Z"),
        ("Africa/Cairo", "2026-04-23T00:30", 0, 1, "2026-04-23T22:00Z"),
        ("Asia/Shanghai", "2026-12-31T23:59:59.500", 0, 1, "2027-01-01T15:59:59.500Z"),
        ("Asia/Shanghai", "2028-02-28T09:00", 0, 1, "2028-02-29T01:00Z"),
        ("Pacific/Apia", "2011-12-29T12:00", 0, 1, "2011-12-30T10:00Z"),  # a day that never was
        ("America/New_York", "2026-03-02T12:00", 0, 7, "2026-03-09T16:00Z"),
    ],
)
def test_days_are_the_customers(zone: str, starts: str, fold: int, days: int, ends: str) -> None:
    start = datetime.fromisoformat(starts).replace(tzinfo=ZoneInfo(zone), fold=fold)

    assert wait_ends(days, start) == datetime.fromisoformat(ends)


def test_a_day_in_seconds_is_the_same_everywhere() -> None:
    start = datetime(2026, 3, 7, 12, tzinfo=ZoneInfo("America/New_York"))

    due_at = run(
        parse(journey(seconds=86_400)), AT_WAIT, facts(start), start.astimezone(UTC)
    ).due_at

    assert due_at == datetime(2026, 3, 8, 17, tzinfo=UTC)


AT_WAIT = Position(node="w", hops=1)


def facts(start: datetime) -> Facts:
    assert isinstance(start.tzinfo, ZoneInfo)
    return Facts(customer_id=1, journey_key="j", zone=start.tzinfo)


def wait_ends(days: int, start: datetime) -> datetime:
    """When who arrived then, by his own clock, goes on."""
    plan = parse(journey(days=days))
    due_at = run(plan, AT_WAIT, facts(start), start.astimezone(UTC)).due_at
    assert due_at is not None
    return due_at
