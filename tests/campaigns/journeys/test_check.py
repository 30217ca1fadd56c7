"""What a journey that can be read may still not do."""

from typing import Any

import pytest

from campaigns.journeys.check import References, Severity, check, reachable
from campaigns.journeys.parse import parse

KNOWN = References(
    segments=frozenset({"s"}),
    templates={"t": "sms", "mail": "email"},
    channels=frozenset({"sms", "email"}),
)
ENTRY = {"id": "e", "type": "entry", "segment": "s"}
EXIT = {"id": "x", "type": "exit"}
SMS = {"id": "m", "type": "sms", "template": "t"}
WAIT = {"id": "w", "type": "wait", "seconds": 60}
BRANCH = {"id": "b", "type": "branch", "cases": [{"label": "a", "rule": {"everyone": True}}]}


def problems(
    *nodes: dict[str, Any], edges: list[list[str]], known: References = KNOWN
) -> list[tuple[str, str, str]]:
    """(severity, code, node) of everything found."""
    graph = parse({"nodes": list(nodes), "edges": edges})
    return [(p.severity.value, p.code, p.node) for p in check(graph, known)]


def test_a_sound_journey_has_no_problems() -> None:
    assert problems(ENTRY, SMS, EXIT, edges=[["e", "m"], ["m", "x"]]) == []


def test_a_bounded_loop_has_no_problems() -> None:
    found = problems(
        ENTRY,
        SMS,
        {**WAIT, "max_visits": 3},
        EXIT,
        edges=[["e", "m"], ["m", "w"], ["w", "m"], ["w", "x", "max"]],
    )

    assert found == []


@pytest.mark.parametrize(
    ("nodes", "edges", "expected"),
    [
        ([ENTRY, SMS], [["e", "m"]], [("warning", "open_exit", "m")]),
        ([ENTRY, BRANCH, EXIT], [["e", "b"], ["b", "x", "a"]], [("warning", "open_exit", "b")]),
        (
            [ENTRY, SMS, EXIT],
            [["e", "m"], ["m", "x"], ["m", "x", "yes"]],
            [("error", "unknown_exit", "m")],
        ),
        (
            [ENTRY, EXIT, SMS],
            [["e", "x"], ["x", "m"], ["m", "x"]],
            [
                ("error", "unknown_exit", "x"),
                ("error", "after_exit", "x"),
                ("error", "endless_cycle", "x"),
                ("error", "endless_cycle", "m"),
            ],
        ),
        ([ENTRY, SMS, EXIT], [["e", "x"], ["m", "x"]], [("error", "unreachable", "m")]),
        (
            [ENTRY, {**WAIT, "max_visits": 1}, EXIT],
            [["e", "w"], ["w", "e"], ["w", "x", "max"]],
            [("error", "back_to_entry", "e")],
        ),
        (
            [ENTRY, SMS, WAIT],
            [["e", "m"], ["m", "w"], ["w", "m"]],
            [("error", "endless_cycle", "m"), ("error", "endless_cycle", "w")],
        ),
        (
            [ENTRY, SMS],
            [["e", "m"], ["m", "m"]],
            [("error", "endless_cycle", "m")],
        ),
        (
            [{**ENTRY, "segment": "gone"}, EXIT],
            [["e", "x"]],
            [("error", "unknown_segment", "e")],
        ),
        (
            [ENTRY, {**SMS, "template": "draft"}, EXIT],
            [["e", "m"], ["m", "x"]],
            [("error", "template_not_approved", "m")],
        ),
        (
            [ENTRY, {**SMS, "template": "mail"}, EXIT],
            [["e", "m"], ["m", "x"]],
            [("error", "wrong_channel", "m")],
        ),
        (
            [ENTRY, {"id": "m", "type": "send", "channel": "pigeon", "template": "t"}, EXIT],
            [["e", "m"], ["m", "x"]],
            [("error", "no_account", "m"), ("error", "wrong_channel", "m")],
        ),
    ],
    ids=[
        "no way on after a send",
        "no way on for else",
        "an exit the node doesn't have",
        "a way on after an exit",
        "a node nobody comes to",
        "a way back to the entry",
        "a loop without a bound",
        "a send to itself",
        "a segment nobody knows",
        "a template nobody approved",
        "a template of another channel",
        "a channel without account",
    ],
)
def test_a_problem_is_named_with_its_node(
    nodes: list[dict[str, Any]], edges: list[list[str]], expected: list[tuple[str, str, str]]
) -> None:
    assert problems(*nodes, edges=edges) == expected


def test_all_problems_are_told_at_once() -> None:
    found = problems(
        {**ENTRY, "segment": "gone"},
        {**SMS, "template": "draft"},
        {**SMS, "id": "island"},
        edges=[["e", "m"]],
    )

    assert {code for _, code, _ in found} >= {
        "unknown_segment",
        "template_not_approved",
        "unreachable",
        "open_exit",
    }


def test_two_experiments_of_one_key_are_refused() -> None:
    split = {"type": "split", "weights": [50, 50], "experiment": "k"}
    found = problems(
        ENTRY,
        {**split, "id": "s1"},
        {**split, "id": "s2"},
        EXIT,
        edges=[
            ["e", "s1"],
            ["s1", "s2", "a"],
            ["s1", "x", "b"],
            ["s2", "x", "a"],
            ["s2", "x", "b"],
        ],
    )

    assert found == [("error", "experiment_taken", "s2")]


def test_warnings_do_not_forbid_publishing() -> None:
    graph = parse({"nodes": [ENTRY, SMS], "edges": [["e", "m"]]})

    assert [p.severity for p in check(graph, KNOWN)] == [Severity.WARNING]


def test_reachable_follows_every_way() -> None:
    graph = parse({"nodes": [ENTRY, BRANCH, SMS, EXIT], "edges": [["e", "b"], ["b", "x", "a"]]})

    assert reachable(graph, "e") == {"e", "b", "x"}
