"""Times that no journey may ask for, of the shared sample: refused when it is saved, with a place.

What is a wait here is seconds: a monthly day, a weekday and a cron line are no words of a node, and
whoever writes one is told where, instead of having it ignored.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from campaigns.errors import GraphError
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
