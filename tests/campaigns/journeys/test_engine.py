"""One customer through one graph: tables per node kind, then what holds for every graph."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from campaigns.journeys.check import References, Severity, check
from campaigns.journeys.engine import MAX_HOPS, Outcome, branch_rules, run
from campaigns.journeys.graph import Facts, Finish, Graph, Hop, Position, Send
from campaigns.journeys.parse import parse
from tests.chaos.sizes import IS_LONG

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ENTRY = {"id": "e", "type": "entry", "segment": "s"}
EXIT = {"id": "x", "type": "exit", "reason": "bought"}
SMS = {"id": "m", "type": "sms", "template": "t"}
RULE = {"everyone": True}
CROWDS = 2_000 if IS_LONG else 100


def graph(*nodes: dict[str, Any], edges: list[list[str]], **top: Any) -> Graph:
    return parse({"nodes": [ENTRY, *nodes], "edges": edges, **top})


def facts(customer_id: int = 1, *matched: tuple[str, str]) -> Facts:
    return Facts(
        customer_id=customer_id,
        journey_key="j",
        zone=ZoneInfo("Asia/Shanghai"),
        matched=frozenset(matched),
    )


def start() -> Position:
    return Position(node="e")


def test_an_exit_ends_the_run_with_its_reason() -> None:
    outcome = run(graph(EXIT, edges=[["e", "x"]]), start(), facts(), NOW)

    assert outcome.finish == Finish(reason="bought")
    assert outcome.hops == (Hop(node="e", visit=1, exit=""),)
    assert (outcome.position.node, outcome.position.hops, outcome.due_at) == ("x", 1, None)


def test_a_node_without_a_way_on_ends_the_run() -> None:
    outcome = run(graph(edges=[]), start(), facts(), NOW)

    assert outcome.finish == Finish(reason="end_of_path")


def test_a_send_is_an_effect_with_its_visit() -> None:
    outcome = run(graph(SMS, EXIT, edges=[["e", "m"], ["m", "x"]]), start(), facts(), NOW)

    assert outcome.effects == (Send(node="m", visit=1, channel="sms", template="t"),)


def test_a_wait_stays_and_goes_on_when_it_is_resumed() -> None:
    waiting = {"id": "w", "type": "wait", "seconds": 3600}
    plan = graph(waiting, EXIT, edges=[["e", "w"], ["w", "x"]])

    parked = run(plan, start(), facts(), NOW)
    resumed = run(plan, parked.position, facts(), NOW + timedelta(hours=1))

    assert parked.due_at == NOW + timedelta(hours=1)
    assert parked.position == Position(node="w", waiting=True, hops=1)
    assert parked.finish is None
    assert resumed.finish == Finish(reason="bought")
    assert resumed.position.hops == 2


def test_a_loop_is_left_by_max_after_its_visits() -> None:
    waiting = {"id": "w", "type": "wait", "seconds": 60, "max_visits": 2}
    plan = graph(SMS, waiting, EXIT, edges=[["e", "m"], ["m", "w"], ["w", "m"], ["w", "x", "max"]])

    outcome, sent = run(plan, start(), facts(), NOW), []
    while True:
        sent += [effect.visit for effect in outcome.effects]
        if outcome.finish:
            break
        outcome = run(plan, outcome.position, facts(), NOW)

    assert sent == [1, 2, 3]
    assert outcome.hops[-1] == Hop(node="w", visit=3, exit="max")


@pytest.mark.parametrize(
    ("matched", "exit_taken"),
    [
        ((), "else"),
        ((("b", "one"),), "one"),
        ((("b", "two"),), "two"),
        ((("b", "two"), ("b", "one")), "one"),
        ((("other", "one"),), "else"),
    ],
    ids=["none", "first", "second", "both: the first counts", "another node's case"],
)
def test_a_branch_takes_the_first_case_met(matched: tuple[str, ...], exit_taken: str) -> None:
    branch = {
        "id": "b",
        "type": "branch",
        "cases": [{"label": "one", "rule": RULE}, {"label": "two", "rule": RULE}],
    }
    plan = graph(branch, edges=[["e", "b"]])

    outcome = run(plan, start(), facts(1, *matched), NOW)

    assert outcome.hops[-1].exit == exit_taken


def test_a_slash_in_an_id_is_not_taken_for_another_nodes_case() -> None:
    one = {"id": "a", "type": "branch", "cases": [{"label": "b/c", "rule": RULE}]}
    other = {"id": "a/b", "type": "branch", "cases": [{"label": "c", "rule": RULE}]}
    plan = graph(one, other, edges=[["e", "a"], ["a", "a/b", "else"]])

    outcome = run(plan, start(), facts(1, ("a/b", "c")), NOW)

    assert len(branch_rules(plan)) == 2
    assert [hop.exit for hop in outcome.hops] == ["", "else", "c"]


def test_branch_rules_are_named_by_node_and_label() -> None:
    branch = {"id": "b", "type": "branch", "cases": [{"label": "one", "rule": RULE}]}

    assert branch_rules(graph(branch, SMS, edges=[])) == {("b", "one"): RULE}


def test_a_split_is_sticky_and_follows_its_weights() -> None:
    plan = graph({"id": "s", "type": "split", "weights": [80, 20]}, edges=[["e", "s"]])

    first = [run(plan, start(), facts(c), NOW).hops[-1].exit for c in range(2000)]
    again = [run(plan, start(), facts(c), NOW).hops[-1].exit for c in range(2000)]

    assert first == again
    assert 1520 < Counter(first)["a"] < 1680


def test_two_splits_of_a_journey_share_out_independently() -> None:
    halves = {"type": "split", "weights": [50, 50]}
    plan = graph(
        {**halves, "id": "s"},
        {**halves, "id": "t"},
        edges=[["e", "s"], ["s", "t", "a"], ["s", "t", "b"]],
    )

    paths = Counter(
        tuple(hop.exit for hop in run(plan, start(), facts(c), NOW).hops[1:]) for c in range(2000)
    )

    assert len(paths) == 4
    assert min(paths.values()) > 400


def test_a_held_out_customer_leaves_at_the_door_and_gets_nothing() -> None:
    plan = graph(SMS, EXIT, edges=[["e", "m"], ["m", "x"]], holdout_percent=20)

    outcomes = [run(plan, start(), facts(c), NOW) for c in range(2000)]

    held = [o for o in outcomes if o.finish == Finish(reason="holdout", early=True)]
    assert 320 < len(held) < 480
    assert all(o.effects == () and o.hops[0].exit == "holdout" for o in held)


def test_the_holdout_is_decided_once_and_not_after_a_wait() -> None:
    plan = graph({"id": "w", "type": "wait", "seconds": 60}, EXIT, edges=[["e", "w"], ["w", "x"]])
    stricter = replace(plan, holdout_percent=99.0)
    parked = run(plan, start(), facts(), NOW)

    assert run(stricter, parked.position, facts(), NOW).finish == Finish(reason="bought")


def test_a_position_the_graph_does_not_have_is_an_error() -> None:
    with pytest.raises(LookupError):
        run(graph(edges=[]), Position(node="gone"), facts(), NOW)


def test_a_graph_that_never_waits_is_stopped() -> None:
    plan = graph(SMS, edges=[["e", "m"], ["m", "m"]])

    with pytest.raises(RuntimeError, match=str(MAX_HOPS)):
        run(plan, start(), facts(), NOW)


# --- What holds for every graph that may be published ---------------------------------------------
KNOWN = References(segments=frozenset({"s"}), templates={"t": "sms"}, channels=frozenset({"sms"}))


@st.composite
def sound_graphs(draw: st.DrawFn) -> Graph:
    """Random nodes, each wired to later nodes; a bounded wait may lead back."""
    kinds = draw(st.lists(st.sampled_from(["sms", "wait", "loop", "branch", "split"]), max_size=8))
    ids = [f"n{i}" for i in range(len(kinds))]
    nodes: list[dict[str, Any]] = []
    edges: list[list[str]] = [["e", ids[0] if ids else "x"]]
    for place, (name, kind) in enumerate(zip(ids, kinds, strict=True)):
        later = [*ids[place + 1 :], "x"]
        following = [later[0], draw(st.sampled_from(later))]
        match kind:
            case "sms":
                nodes.append({**SMS, "id": name})
                edges.append([name, later[0]])
            case "wait":
                nodes.append({"id": name, "type": "wait", "seconds": 60})
                edges.append([name, later[0]])
            case "loop":
                visits = draw(st.integers(1, 3))
                nodes.append({"id": name, "type": "wait", "seconds": 60, "max_visits": visits})
                edges.append([name, draw(st.sampled_from(ids[: place + 1]))])
                edges.append([name, later[0], "max"])
            case "branch":
                case = {"label": "yes", "rule": RULE}
                nodes.append({"id": name, "type": "branch", "cases": [case]})
                edges += [[name, following[0], "yes"], [name, following[1], "else"]]
            case _:
                nodes.append({"id": name, "type": "split", "weights": [50, 50]})
                edges += [[name, following[0], "a"], [name, following[1], "b"]]
    holdout = draw(st.sampled_from([0, 0, 30]))
    return graph(*nodes, EXIT, edges=edges, holdout_percent=holdout)


def may_be_published(plan: Graph) -> bool:
    return all(p.severity is Severity.WARNING for p in check(plan, KNOWN))


def most_hops(plan: Graph) -> int:
    """Each round of each bounded loop can pass through every node once."""
    rounds = 1
    for node in plan.nodes.values():
        rounds *= 1 + (getattr(node, "max_visits", None) or 0)
    return rounds * len(plan.nodes)


@settings(max_examples=250, deadline=None)
@given(plan=sound_graphs(), customer=st.integers(1, 10**9), yes=st.booleans())
def test_every_run_of_a_published_graph_ends_and_is_the_same_twice(
    plan: Graph, customer: int, *, yes: bool
) -> None:
    assert may_be_published(plan)
    known = facts(customer, *(branch_rules(plan) if yes else ()))

    first, second = whole_run(plan, known), whole_run(plan, known)

    assert first == second
    hops = [hop for outcome in first for hop in outcome.hops]
    assert len(hops) <= most_hops(plan)
    assert first[-1].finish is not None
    sends = [(effect.node, effect.visit) for outcome in first for effect in outcome.effects]
    assert len(sends) == len(set(sends)), "one touch per node and visit"


def whole_run(plan: Graph, known: Facts) -> list[Outcome]:
    outcomes, now = [run(plan, start(), known, NOW)], NOW
    while outcomes[-1].finish is None:
        assert len(outcomes) <= most_hops(plan)
        due = outcomes[-1].due_at
        assert due is not None
        assert due > now
        now = due
        outcomes.append(run(plan, outcomes[-1].position, known, now))
    return outcomes


@dataclass(slots=True)
class Walker:
    """One enrolment as the tables would hold it."""

    position: Position
    due_at: datetime | None
    state: str


class Crowd(RuleBasedStateMachine):
    """Customers enter, time passes, whoever is due moves: nobody is ever lost or doubled."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.walkers: dict[int, Walker] = {}
        self.sends: list[tuple[int, str, int]] = []

    @initialize(plan=sound_graphs())
    def publish(self, plan: Graph) -> None:
        self.plan = plan

    @rule(customer=st.integers(1, 50))
    def enter(self, customer: int) -> None:
        self.walkers.setdefault(customer, Walker(start(), self.now, "active"))

    @rule(minutes=st.integers(0, 3))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(yes=st.booleans(), limit=st.integers(1, 20))
    def advance(self, limit: int, *, yes: bool) -> None:
        due = [c for c, w in self.walkers.items() if w.due_at is not None and w.due_at <= self.now]
        for customer in due[:limit]:
            walker = self.walkers[customer]
            known = facts(customer, *(branch_rules(self.plan) if yes else ()))
            outcome = run(self.plan, walker.position, known, self.now)
            walker.position, walker.due_at = outcome.position, outcome.due_at
            walker.state = "waiting"
            if outcome.finish:
                walker.state = "exited" if outcome.finish.early else "done"
            self.sends += [(customer, e.node, e.visit) for e in outcome.effects]

    @invariant()
    def everybody_is_in_exactly_one_state(self) -> None:
        states = Counter(walker.state for walker in self.walkers.values())
        assert sum(states.values()) == len(self.walkers)
        assert set(states) <= {"active", "waiting", "done", "exited"}

    @invariant()
    def who_is_under_way_is_due_some_day_and_who_is_not_never(self) -> None:
        for walker in self.walkers.values():
            assert (walker.due_at is not None) == (walker.state in {"active", "waiting"})

    @invariant()
    def nobody_is_sent_the_same_visit_twice(self) -> None:
        assert len(self.sends) == len(set(self.sends))


TestCrowd = Crowd.TestCase
TestCrowd.settings = settings(max_examples=CROWDS, stateful_step_count=30, deadline=None)
