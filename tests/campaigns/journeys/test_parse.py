"""What journey JSON is refused, and that the error points to the exact place."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.errors import GraphError
from campaigns.journeys.graph import Goal
from campaigns.journeys.nodes.send import Send
from campaigns.journeys.nodes.split import Split
from campaigns.journeys.parse import parse

ENTRY = {"id": "e", "type": "entry", "segment": "s"}
EXIT = {"id": "x", "type": "exit"}
RULE = {"everyone": True}


def journey(*between: Any, edges: Any = None, **top: Any) -> dict[str, Any]:
    """Entry, these nodes, exit; edges only where a test needs them."""
    return {"nodes": [ENTRY, *between, EXIT], "edges": edges if edges is not None else [], **top}


def branch(**fields: Any) -> dict[str, Any]:
    return {"id": "b", "type": "branch", "cases": [{"label": "a", "rule": RULE}], **fields}


def split(**fields: Any) -> dict[str, Any]:
    return {"id": "s", "type": "split", "weights": {"a": 50, "b": 50}, **fields}


def wait(**fields: Any) -> dict[str, Any]:
    return {"id": "w", "type": "wait", "seconds": 60, **fields}


def wait_days(days: Any) -> dict[str, Any]:
    return {"id": "w", "type": "wait", "days": days}


WRONG: list[tuple[str, Any, str, str]] = [
    # what, journey, code, pointer
    ("a list", [], "not_an_object", ""),
    ("nothing", None, "not_an_object", ""),
    ("a key nobody reads", journey(colour="red"), "unknown_key", "/colour"),
    ("a key with a slash", journey(**{"a/b~c": 1}), "unknown_key", "/a~1b~0c"),
    ("no nodes", {"edges": []}, "no_nodes", "/nodes"),
    ("an empty list of nodes", {"nodes": [], "edges": []}, "no_nodes", "/nodes"),
    ("201 nodes", journey(*[{"id": f"n{i}"} for i in range(199)]), "no_nodes", "/nodes"),
    ("stages that are a text", journey(lifecycle="成熟"), "unknown_stages", "/lifecycle"),
    ("no stages", journey(lifecycle=[]), "unknown_stages", "/lifecycle"),
    ("a stage nobody knows", journey(lifecycle=["新"]), "unknown_stages", "/lifecycle"),
    ("a stage that is a list", journey(lifecycle=[[]]), "unknown_stages", "/lifecycle"),
    ("a node that is a text", journey("x"), "not_an_object", "/nodes/1"),
    ("a node without id", journey({"type": "exit"}), "not_a_text", "/nodes/1/id"),
    ("an id that is a number", journey({"id": 7, "type": "exit"}), "not_a_text", "/nodes/1/id"),
    ("an id of 65", journey({"id": "n" * 65, "type": "exit"}), "id_too_long", "/nodes/1/id"),
    ("an id twice", journey({"id": "e", "type": "exit"}), "id_taken", "/nodes/1/id"),
    ("no type", journey({"id": "n"}), "not_a_text", "/nodes/1/type"),
    (
        "a type nobody knows",
        journey({"id": "n", "type": "teleport"}),
        "unknown_type",
        "/nodes/1/type",
    ),
    ("no entry", {"nodes": [EXIT], "edges": []}, "one_entry", "/nodes"),
    ("two entries", journey({**ENTRY, "id": "e2"}), "one_entry", "/nodes"),
    (
        "an entry of nowhere",
        {"nodes": [{"id": "e", "type": "entry"}], "edges": []},
        "entry_without_source",
        "/nodes/0",
    ),
    (
        "an entry by api: 1",
        {"nodes": [{"id": "e", "type": "entry", "api": 1}], "edges": []},
        "entry_without_source",
        "/nodes/0",
    ),
    (
        "a send without template",
        journey({"id": "m", "type": "sms"}),
        "not_a_text",
        "/nodes/1/template",
    ),
    (
        "a send without channel",
        journey({"id": "m", "type": "send", "template": "t"}),
        "not_a_text",
        "/nodes/1/channel",
    ),
    (
        "a send with a misspelt key",
        journey({"id": "m", "type": "sms", "tmplate": "t"}),
        "unknown_key",
        "/nodes/1/tmplate",
    ),
    ("a wait in words", journey(wait(seconds="1d")), "not_in_range", "/nodes/1/seconds"),
    ("a wait of true", journey(wait(seconds=True)), "not_in_range", "/nodes/1/seconds"),
    ("a wait of nothing", journey(wait(seconds=0)), "not_in_range", "/nodes/1/seconds"),
    ("a wait of two years", journey(wait(seconds=63e6)), "not_in_range", "/nodes/1/seconds"),
    ("a wait of NaN", journey(wait(seconds=float("nan"))), "not_storable", "/nodes/1/seconds"),
    ("a wait of 10^400", journey(wait(seconds=10**400)), "not_in_range", "/nodes/1/seconds"),
    ("half a day", journey(wait_days(days=1.5)), "not_whole", "/nodes/1/days"),
    ("no day", journey(wait_days(days=0)), "not_in_range", "/nodes/1/days"),
    ("days of a century", journey(wait_days(days=36_500)), "not_in_range", "/nodes/1/days"),
    ("days in words", journey(wait_days(days="1")), "not_in_range", "/nodes/1/days"),
    ("days and seconds", journey(wait(days=1)), "two_times", "/nodes/1/days"),
    ("half a visit", journey(wait(max_visits=1.5)), "not_whole", "/nodes/1/max_visits"),
    ("no visits at most", journey(wait(max_visits=0)), "not_in_range", "/nodes/1/max_visits"),
    ("weights of 99", journey(split(weights=[50, 49])), "weights_not_100", "/nodes/1/weights"),
    ("a negative weight", journey(split(weights=[-1, 101])), "not_in_range", "/nodes/1/weights/a"),
    ("one arm", journey(split(weights=[100])), "no_weights", "/nodes/1/weights"),
    ("27 arms", journey(split(weights=[4] * 25 + [0, "?"])), "no_weights", "/nodes/1/weights"),
    ("weights in words", journey(split(weights="half")), "no_weights", "/nodes/1/weights"),
    (
        "a label with a slash",
        journey(split(weights={"a/b": -1, "c": 101})),
        "not_in_range",
        "/nodes/1/weights/a~1b",
    ),
    (
        "an arm of 65 letters",
        journey(split(weights={"a" * 65: 50, "b": 50})),
        "bad_label",
        "/nodes/1/weights",
    ),
    (
        "an arm without name",
        journey(split(weights={"": 50, "b": 50})),
        "bad_label",
        "/nodes/1/weights",
    ),
    ("no cases", journey(branch(cases=[])), "no_cases", "/nodes/1/cases"),
    (
        "51 cases",
        journey(branch(cases=[{"label": str(i), "rule": RULE} for i in range(51)])),
        "no_cases",
        "/nodes/1/cases",
    ),
    ("a case that is a text", journey(branch(cases=["a"])), "not_an_object", "/nodes/1/cases/0"),
    (
        "a case without rule",
        journey(branch(cases=[{"label": "a"}])),
        "no_rule",
        "/nodes/1/cases/0/rule",
    ),
    (
        "a case called else",
        journey(branch(cases=[{"label": "else", "rule": RULE}])),
        "label_taken",
        "/nodes/1/cases/0/label",
    ),
    (
        "a label twice",
        journey(branch(cases=[{"label": "a", "rule": RULE}] * 2)),
        "label_taken",
        "/nodes/1/cases/1/label",
    ),
    (
        "a label of 65",
        journey(branch(cases=[{"label": "a" * 65, "rule": RULE}])),
        "bad_label",
        "/nodes/1/cases/0/label",
    ),
    ("an experiment of 7", journey(split(experiment=7)), "not_an_object", "/nodes/1/experiment"),
    (
        "an experiment without key",
        journey(split(experiment={"name": "n"})),
        "not_a_text",
        "/nodes/1/experiment/key",
    ),
    ("a key of 81", journey(split(experiment="k" * 81)), "too_long", "/nodes/1/experiment/key"),
    (
        "a name of 121",
        journey(split(experiment={"key": "k", "name": "n" * 121})),
        "too_long",
        "/nodes/1/experiment/name",
    ),
    (
        "a control that is no arm",
        journey(split(experiment={"key": "k", "control": "z"})),
        "unknown_arm",
        "/nodes/1/experiment/control",
    ),
    (
        "weights of other arms",
        journey(split(experiment={"key": "k", "weights": {"a": 1}})),
        "unknown_arm",
        "/nodes/1/experiment/weights",
    ),
    (
        "weights of nothing",
        journey(split(experiment={"key": "k", "weights": {"a": 0, "b": 0}})),
        "no_weight",
        "/nodes/1/experiment/weights",
    ),
    (
        "an exit's reason of 41",
        {"nodes": [ENTRY, {**EXIT, "reason": "r" * 41}], "edges": []},
        "too_long",
        "/nodes/1/reason",
    ),
    ("no edges", {"nodes": [ENTRY, EXIT]}, "no_edges", "/edges"),
    ("1 001 edges", journey(edges=[["e", "x"]] * 1001), "no_edges", "/edges"),
    ("an edge of one", journey(edges=[["e"]]), "not_an_edge", "/edges/0"),
    ("an edge of four", journey(edges=[["e", "x", "", ""]]), "not_an_edge", "/edges/0"),
    ("an edge of numbers", journey(edges=[["e", "x"], [1, 2]]), "not_an_edge", "/edges/1"),
    ("an edge from nowhere", journey(edges=[["g", "x"]]), "unknown_node", "/edges/0/0"),
    ("an edge to nowhere", journey(edges=[["e", "g"]]), "unknown_node", "/edges/0/1"),
    ("two ways on", journey(edges=[["e", "x"], ["e", "x"]]), "ambiguous", "/edges/1"),
    ("a priority nobody knows", journey(priority="urgent"), "unknown_priority", "/priority"),
    ("re-entry always", journey(reentry="always"), "unknown_reentry", "/reentry"),
    ("re-entry after 0 days", journey(reentry={"days": 0}), "not_in_range", "/reentry/days"),
    ("a holdout of all", journey(holdout_percent=100), "not_in_range", "/holdout_percent"),
    ("a goal in words", journey(goal="buy"), "not_an_object", "/goal"),
    ("a goal without event", journey(goal={"within_days": 7}), "not_a_text", "/goal/event"),
    (
        "a goal of 121 letters",
        journey(goal={"event": "e" * 121, "within_days": 7}),
        "too_long",
        "/goal/event",
    ),
    (
        "a goal without window",
        journey(goal={"event": "Order"}),
        "not_in_range",
        "/goal/within_days",
    ),
    (
        "a goal's margin of 2",
        journey(goal={"event": "O", "within_days": 7, "margin": 2}),
        "not_in_range",
        "/goal/margin",
    ),
    (
        "visits in words",
        journey(goal={"event": "O", "within_days": 7, "visit_events": "v"}),
        "not_texts",
        "/goal/visit_events",
    ),
    # What PostgreSQL cannot store is refused here, by name, and not there by an exception.
    ("a name with NUL", journey(name="a\0b"), "not_storable", "/name"),
    (
        "half a surrogate in a rule",
        journey(branch(cases=[{"label": "a", "rule": {"x": "\ud800"}}])),
        "not_storable",
        "/nodes/1/cases/0/rule/x",
    ),
    ("NaN in the layout", journey(layout={"e": [float("nan"), 0]}), "not_storable", "/layout/e/0"),
    ("NUL in a key of the layout", journey(layout={"a\0": 1}), "not_storable", "/layout/a\0"),
]


@pytest.mark.parametrize(
    ("raw", "code", "path"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG]
)
def test_a_wrong_journey_is_refused_at_its_place(raw: Any, code: str, path: str) -> None:
    with pytest.raises(GraphError) as refused:
        parse(raw)

    assert (refused.value.code, refused.value.path) == (code, path)
    assert re.search("[一-鿿]", refused.value.in_language("zh"))


@pytest.mark.parametrize(
    "kind",
    ["wait_for", "wait_until", "webhook", "update_profile", "tag", "goal", "task", "call_api", ""],
)
def test_kinds_that_are_not_built_yet_are_unknown_types(kind: str) -> None:
    with pytest.raises(GraphError) as refused:
        parse(journey({"id": "n", "type": kind}))

    assert refused.value.path == "/nodes/1/type"


def test_a_shorthand_is_a_send_by_that_channel() -> None:
    graph = parse(journey({"id": "m", "type": "sms", "template": "t"}))

    assert graph.nodes["m"] == Send(id="m", channel="sms", template="t")


def test_listed_weights_are_labelled_by_letters_and_the_last_is_the_control() -> None:
    graph = parse(journey(split(weights=[50, 30, 20], experiment="k")))

    node = graph.nodes["s"]
    assert isinstance(node, Split)
    assert dict(node.arms) == {"a": 50, "b": 30, "c": 20}
    assert node.experiment is not None
    assert (node.experiment.control, dict(node.experiment.weights)) == (
        "c",
        {"a": 0.5, "b": 0.3, "c": 0.2},
    )


def test_everything_optional_is_read() -> None:
    graph = parse(
        journey(
            name="Spring",
            priority="service",
            reentry={"days": 30},
            holdout_percent=10,
            goal={
                "event": "Order Completed",
                "within_days": 14,
                "value": "revenue",
                "margin": 0.25,
                "visit_events": ["Page Viewed"],
            },
            layout={"e": [0, 0]},
        )
    )

    assert (graph.name, graph.priority, graph.reentry_days, graph.holdout_percent) == (
        "Spring",
        "service",
        30,
        10.0,
    )
    assert graph.goal == Goal(
        event="Order Completed",
        within_days=14,
        value="revenue",
        margin="0.2500",
        visit_events=("Page Viewed",),
    )


@pytest.mark.parametrize(
    ("edges", "has_cycle"),
    [
        ([["e", "w"], ["w", "x"]], False),
        ([["e", "w"], ["w", "v"], ["v", "w"]], True),
        ([["e", "w"], ["w", "w"]], True),
        ([["e", "w"], ["e", "v", "else"], ["w", "x"], ["v", "x"]], False),
    ],
    ids=["line", "loop of two", "self-loop", "two ways to one node"],
)
def test_a_cycle_is_noticed(edges: list[list[str]], has_cycle: bool) -> None:
    graph = parse(journey(wait(), wait(id="v"), edges=edges))

    assert graph.has_cycle is has_cycle


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


def mutations() -> st.SearchStrategy[Any]:
    """A sound journey with one value at some place replaced by anything."""
    sound = journey(
        branch(experiment="k"),
        split(experiment={"key": "k2", "control": "a"}),
        wait(max_visits=3),
        {"id": "m", "type": "sms", "template": "t"},
        edges=[["e", "b"], ["b", "s", "a"], ["s", "w", "b"], ["w", "x"]],
        goal={"event": "O", "within_days": 7},
        reentry={"days": 3},
    )
    places = [path for path, _ in leaves(sound)]

    @st.composite
    def mutate(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
        raw = json.loads(json.dumps(sound))
        path, value = draw(st.sampled_from(places)), draw(values)
        at = raw
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
        return raw

    return mutate()  # type: ignore[no-any-return]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """Every place in the value but the root."""
    found = [(path, value)] if path else []
    if isinstance(value, dict):
        items = list(value.items())
    else:
        items = list(enumerate(value)) if isinstance(value, list) else []
    for step, inner in items:
        found += leaves(inner, (*path, step))
    return found


@settings(max_examples=300, deadline=None)
@given(raw=mutations())
def test_anything_at_any_place_is_read_or_refused_by_a_graph_error(raw: Any) -> None:
    with suppress(GraphError):
        graph = parse(raw)
        assert graph.entry in graph.nodes
