"""Claim due enrolments and let the engine say what each does next."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from campaigns.errors import CampaignError
from campaigns.failpoints import reach
from campaigns.journeys.engine import Outcome, branch_rules, run
from campaigns.journeys.graph import Facts, Graph, Position
from campaigns.models import Enrolment, Journey
from campaigns.queries.enrolments import CLAIM_ENROLMENTS
from campaigns.queries.journeys import version_graph
from compliance.calendar import zone
from customers.queries.database import rows
from customers.queries.people import time_zones
from segments.errors import RuleError
from segments.queries.rules import check_rule, matching

LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Due:
    """One claimed enrolment."""

    id: int
    version_id: int
    journey_id: int
    customer_id: int
    state: str
    node: str
    visit: int
    visits: Mapping[str, int]
    hops: int
    fence: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Run:
    """What the engine said about one enrolment, or why it could not."""

    due: Due
    outcome: Outcome | None
    error: str = ""


def claim_due(owner: str, now: datetime, limit: int) -> list[Due]:
    """Claim due enrolments of running journeys: a lease, a fence that rises."""
    claimed = rows(
        CLAIM_ENROLMENTS, {"owner": owner, "now": now, "until": now + LEASE, "limit": limit}
    )
    if claimed:
        reach("advance.claimed")
    return [_due(row) for row in claimed]


def _due(row: tuple[Any, ...]) -> Due:
    enrolment, version, journey, customer, state, node, visit, visits, hops, fence, attempts = row
    return Due(
        id=enrolment,
        version_id=version,
        journey_id=journey,
        customer_id=customer,
        state=state,
        node=node,
        visit=visit,
        # The driver hands jsonb over as text.
        visits=json.loads(visits),
        hops=hops,
        fence=fence,
        attempts=attempts,
    )


def run_version(version_id: int, due: Sequence[Due], now: datetime) -> list[Run]:
    """Run the engine on enrolments of one version, with one statement for all of their rules."""
    try:
        graph = version_graph(version_id)
        rules = {name: check_rule(rule) for name, rule in branch_rules(graph).items()}
    except (CampaignError, RuleError) as error:
        # Such as a segment archived since: this version fails, the rest of the batch goes on.
        return [Run(item, None, f"{type(error).__name__}: {error}") for item in due]
    journey_key = Journey.objects.values_list("key", flat=True).get(pk=due[0].journey_id)
    ids = [item.customer_id for item in due]
    matched, zones = matching(rules, ids, now=now), _zones(ids)
    return [
        _run_one(
            graph,
            item,
            Facts(
                customer_id=item.customer_id,
                journey_key=journey_key,
                zone=zones[item.customer_id],
                matched=matched.get(item.customer_id, frozenset()),
            ),
            now,
        )
        for item in due
    ]


def _zones(ids: Sequence[int]) -> Mapping[int, ZoneInfo]:
    return {who: zone(name, settings.TIME_ZONE) for who, name in time_zones(ids).items()}


def _run_one(graph: Graph, due: Due, facts: Facts, now: datetime) -> Run:
    position = Position(
        node=due.node,
        visit=due.visit,
        waiting=due.state == Enrolment.State.WAITING,
        visits=due.visits,
        hops=due.hops,
    )
    try:
        return Run(due, run(graph, position, facts, now))
    except (LookupError, RuntimeError, CampaignError) as error:
        return Run(due, None, f"{type(error).__name__}: {error}")
