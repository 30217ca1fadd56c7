"""Read the ledgers below: goals and experiments from published journeys, exposures from hops,
conversions from events. Reading again is harmless: unique constraints keep each row once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from attribution.models import CollectCursor
from attribution.queries.collecting import (
    ADD_GOALS,
    NAMED_BROWSERS,
    PULL_CONVERSIONS,
    PULL_CONVERSIONS_OF_BROWSERS,
    PULL_EXPOSURES,
    SYNC_EXPERIMENTS,
)
from campaigns.journeys.check import experiments
from campaigns.journeys.graph import Graph
from campaigns.models import Journey, JourneyVersion
from campaigns.queries.journeys import version_graph
from customers.queries.database import execute, may_go_alone, rows
from customers.queries.identities import owners_of_browsers

CURSOR = "collect"
# Rows may commit out of the order of their times; what is this young is read once more.
OVERLAP = timedelta(minutes=2)
_BEGINNING = timedelta(days=36_500)
_LOCK: Final = 7_261_833_009


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """New rows of one call."""

    exposures: int
    conversions: int


@transaction.atomic
def collect(*, now: datetime) -> Collected:
    """Bring goals, experiments, exposures and conversions up to date.

    One collector at a time; a second one leaves it to the first. Cost: statements over what arrived
    since the last call, not over the whole ledger.
    """
    if not may_go_alone(_LOCK):
        return Collected(exposures=0, conversions=0)
    cursor = _cursor(now)
    since = min(cursor.read_until, now) - OVERLAP
    reading = {"since": since, "now": now, "fresh": _sync(now)}
    collected = Collected(
        exposures=execute(
            PULL_EXPOSURES, {"since": since, "rows": json.dumps(_places_of_experiments())}
        ),
        conversions=execute(PULL_CONVERSIONS, reading) + _of_browsers(reading),
    )
    cursor.read_until = now
    cursor.save(update_fields=["read_until"])
    return collected


def _cursor(now: datetime) -> CollectCursor:
    CollectCursor.objects.get_or_create(key=CURSOR, defaults={"read_until": now - _BEGINNING})
    return CollectCursor.objects.get(key=CURSOR)


def _of_browsers(reading: Mapping[str, object]) -> int:
    """Conversions of what somebody did before a call told who he is."""
    named = [browser for (browser,) in rows(NAMED_BROWSERS, reading)]
    owners = owners_of_browsers(named)
    if not owners:
        return 0
    browsers = [
        {"anonymous_id": browser, "customer_id": owner} for browser, owner in owners.items()
    ]
    return execute(PULL_CONVERSIONS_OF_BROWSERS, {**reading, "browsers": json.dumps(browsers)})


def _sync(now: datetime) -> list[int]:
    """Goals and experiments as the live versions have them; the ids of goals that are new."""
    goals: list[dict[str, object]] = []
    found: list[dict[str, object]] = []
    for journey in Journey.objects.filter(live__isnull=False):
        if journey.live_id is None:
            continue
        graph = version_graph(journey.live_id)
        goals += _goals(journey, graph)
        found += _experiments(journey, graph)
    execute(SYNC_EXPERIMENTS, {"rows": json.dumps(found), "now": now})
    return [goal for (goal,) in rows(ADD_GOALS, {"rows": json.dumps(goals), "now": now})]


def _places_of_experiments() -> list[dict[str, object]]:
    """At which node of which published version each experiment stands."""
    published = JourneyVersion.objects.filter(published_at__isnull=False)
    return [
        {
            "key": experiment.key,
            "journey_id": journey_id,
            "version_id": version_id,
            "node": node_id,
        }
        for version_id, journey_id in published.values_list("id", "journey_id")
        for node_id, experiment in experiments(version_graph(version_id)).items()
    ]


def _goals(journey: Journey, graph: Graph) -> list[dict[str, object]]:
    goal = graph.goal
    if goal is None:
        return []
    common = {
        "journey_id": journey.pk,
        "currency": settings.CURRENCY,
        "margin": goal.margin,
        "days": goal.within_days,
    }
    made: list[dict[str, object]] = [
        {
            **common,
            "key": f"{journey.key}:conversion",
            "name": goal.event,
            "kind": "conversion",
            "events": [goal.event],
            "value_property": goal.value,
        }
    ]
    if goal.visit_events:
        made.append(
            {
                **common,
                "key": f"{journey.key}:visit",
                "name": ", ".join(goal.visit_events)[:120],
                "kind": "visit",
                "events": list(goal.visit_events),
                "value_property": "",
            }
        )
    return made


def _experiments(journey: Journey, graph: Graph) -> list[dict[str, object]]:
    return [
        {
            "key": experiment.key,
            "name": experiment.name,
            "journey_id": journey.pk,
            "node": node_id,
            "arms": dict(experiment.weights),
            "control": experiment.control,
        }
        for node_id, experiment in experiments(graph).items()
    ]
