"""Run one customer through a graph until he waits or is done. Deterministic: no clock, no luck."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from campaigns.journeys.bucketing import BUCKETS, bucket
from campaigns.journeys.graph import (
    Arrival,
    Effect,
    Facts,
    Finish,
    Graph,
    Hop,
    Leave,
    Node,
    Position,
    Stay,
    Step,
)
from campaigns.journeys.registry import KINDS

# More hops in one go than any checked graph can make: a wall against a wrong graph.
MAX_HOPS = 1000

_STEPS = {kind.step.__module__: kind.step for kind in KINDS.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Where the run stands now. ``due_at`` is set while it waits, ``finish`` once it is over."""

    position: Position
    due_at: datetime | None
    finish: Finish | None
    effects: tuple[Effect, ...]
    hops: tuple[Hop, ...]


def run(graph: Graph, position: Position, facts: Facts, now: datetime) -> Outcome:
    """Advance from ``position``.

    Parameters
    ----------
    graph : the pinned version's graph; checked when it was published.
    position : where the enrolment stands; ``waiting`` if it was parked there and is now due.
    facts : what is known of the customer at ``now``.
    now : aware datetime; waits count from it.

    Raises
    ------
    LookupError : the position names a node the graph doesn't have.
    RuntimeError : more than `MAX_HOPS` hops without a wait.
    """
    if position.hops == 0 and _is_held_out(graph, facts):
        return Outcome(
            position=position,
            due_at=None,
            finish=Finish(reason="holdout", early=True),
            effects=(),
            hops=(Hop(node=position.node, visit=1, exit="holdout"),),
        )
    node_id, visit, resumed = position.node, position.visit, position.waiting
    visits = dict(position.visits)
    effects: list[Effect] = []
    hops: list[Hop] = []

    def at(*, waiting: bool) -> Position:
        return Position(
            node=node_id,
            visit=visit,
            waiting=waiting,
            visits=visits,
            hops=position.hops + len(hops),
        )

    while len(hops) < MAX_HOPS:
        node = graph.nodes[node_id]
        arrival = Arrival(facts=facts, visit=visit, resumed=resumed, now=now)
        step: Step = _step(node, arrival)
        match step:
            case Stay(until=until):
                return Outcome(
                    position=at(waiting=True),
                    due_at=until,
                    finish=None,
                    effects=tuple(effects),
                    hops=tuple(hops),
                )
            case Finish():
                return _over(at(waiting=False), step, effects, hops)
            case Leave(exit=label, effects=made):
                effects.extend(made)
                hops.append(Hop(node=node_id, visit=visit, exit=label))
                following = graph.ways[node_id].get(label)
                if following is None:
                    return _over(at(waiting=False), Finish(reason="end_of_path"), effects, hops)
                node_id, resumed = following, False
                visit = _count_visit(graph, visits, node_id)
            case _:
                assert_never(step)
    raise RuntimeError(f"more than {MAX_HOPS} hops without a wait at “{node_id}”")


def _step(node: Node, arrival: Arrival) -> Step:
    return _STEPS[type(node).__module__](node, arrival)


def _over(position: Position, finish: Finish, effects: list[Effect], hops: list[Hop]) -> Outcome:
    return Outcome(
        position=position,
        due_at=None,
        finish=finish,
        effects=tuple(effects),
        hops=tuple(hops),
    )


def _count_visit(graph: Graph, visits: dict[str, int], node_id: str) -> int:
    """How often the customer has now come here; only a graph with a cycle needs to remember."""
    if not graph.has_cycle:
        return 1
    visits[node_id] = visits.get(node_id, 0) + 1
    return visits[node_id]


def _is_held_out(graph: Graph, facts: Facts) -> bool:
    share = graph.holdout_percent
    salt = f"holdout:{facts.journey_key}"
    return share > 0 and bucket(facts.customer_id, salt) < share * BUCKETS / 100


def branch_rules(graph: Graph) -> Mapping[tuple[str, str], object]:
    """``{(node, label): rule}`` for every branch case: what `Facts.matched` must be asked of."""
    from_nodes: dict[tuple[str, str], object] = {}
    for node_id, node in graph.nodes.items():
        for label, rule in getattr(node, "cases", {}).items():
            from_nodes[node_id, label] = rule
    return from_nodes
