"""Move due enrolments on: claim some hundred, run the engine on each, write what came of it."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from campaigns.actions.routing import Route, pick, routes
from campaigns.channels.sms.prices import LONGEST
from campaigns.errors import CampaignError
from campaigns.failpoints import reach
from campaigns.journeys.engine import Outcome, branch_rules, run
from campaigns.journeys.graph import Facts, Graph, Position, Send
from campaigns.models import DispatchBatch, Enrolment, Journey, ProviderAccount, TemplateVersion
from campaigns.operations import RECORD_POISON
from campaigns.queries.enrolments import CLAIM_ENROLMENTS, WRITE_ENROLMENTS
from campaigns.queries.journeys import approved_templates, version_graph
from campaigns.states import TouchState
from compliance.calendar import zone
from compliance.masking import mask
from compliance.tracing import event_trace, is_on, note, span
from customers.queries.database import execute, rows
from customers.queries.events import newest_events
from customers.queries.identities import beginnings
from customers.queries.people import time_zones
from customers.vocabulary import IdentityKind, Purpose
from segments.errors import RuleError
from segments.queries.rules import check_rule, matching

BATCH = 500
LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 5
TOUCH_LIFETIME = timedelta(days=3)
# Ties a touch's key to its enrolment, node and visit: a second decision has the same key.
_KEY_SPACE = uuid.UUID("6f0c2a52-8f52-4d0c-9a35-6a2d1c1b7e11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """What one call did: enrolments claimed and finished, touches queued, batches to dispatch."""

    claimed: int = 0
    finished: int = 0
    touches: int = 0
    batches: int = 0


@dataclass(frozen=True, slots=True)
class _Due:
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
class _Run:
    """What the engine said about one enrolment, or why it could not."""

    due: _Due
    outcome: Outcome | None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Means:
    """What touches are made with: the accounts of each channel, the approved templates.

    ``destinations``: how a customer's number begins, where a route goes by the price.
    """

    routes: Mapping[str, Route]
    templates: Mapping[str, TemplateVersion]
    destinations: Mapping[int, str] = field(default_factory=dict)

    def account(self, channel: str, customer_id: int) -> ProviderAccount:
        """Which account gets the customer's touch."""
        return pick(self.routes[channel], customer_id, self.destinations.get(customer_id, ""))


def advance(*, owner: str, now: datetime, limit: int = BATCH) -> Advanced:
    """Advance at most ``limit`` due enrolments of running journeys.

    1. Claim them: a lease, a fence that rises.
    2. Ask which branch rules their customers meet: one statement per version.
    3. Run the engine, which knows no tables.
    4. Write enrolments, hops and touches in one transaction; where the fence has moved on,
       nothing is written.

    Returns
    -------
    Advanced : all zero when nothing is due.
    """
    due = _claim(owner, now, limit)
    if not due:
        return Advanced()
    runs: list[_Run] = []
    for version_id in {item.version_id for item in due}:
        runs.extend(_run_version(version_id, [d for d in due if d.version_id == version_id], now))
    means = _means(runs, now)
    with span("advance", enrolments=len(runs)):
        return _write([_require_means(item, means) for item in runs], means, now)


def _means(runs: Sequence[_Run], now: datetime) -> _Means:
    ways = routes(now)
    going = {
        item.due.customer_id
        for item in runs
        for effect in (item.outcome.effects if item.outcome else ())
        if effect.channel in ways and ways[effect.channel].asks_where_to
    }
    return _Means(
        routes=ways,
        templates=approved_templates(_named(runs)),
        destinations=beginnings(sorted(going), IdentityKind.PHONE, LONGEST) if going else {},
    )


def _named(runs: Sequence[_Run]) -> list[str]:
    return sorted(
        {effect.template for item in runs if item.outcome for effect in item.outcome.effects}
    )


def _require_means(item: _Run, means: _Means) -> _Run:
    """A run that would send what nobody approved, or by no account, fails instead."""
    for effect in item.outcome.effects if item.outcome else ():
        if effect.channel not in means.routes:
            return _Run(item.due, None, f"Unserved: no account serves {effect.channel}")
        if effect.template not in means.templates:
            return _Run(item.due, None, f"NotApproved: template {effect.template}")
    return item


def _claim(owner: str, now: datetime, limit: int) -> list[_Due]:
    claimed = rows(
        CLAIM_ENROLMENTS, {"owner": owner, "now": now, "until": now + LEASE, "limit": limit}
    )
    if claimed:
        reach("advance.claimed")
    return [_due(row) for row in claimed]


def _due(row: tuple[Any, ...]) -> _Due:
    enrolment, version, journey, customer, state, node, visit, visits, hops, fence, attempts = row
    return _Due(
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


def _run_version(version_id: int, due: Sequence[_Due], now: datetime) -> list[_Run]:
    try:
        graph = version_graph(version_id)
        rules = {name: check_rule(rule) for name, rule in branch_rules(graph).items()}
    except (CampaignError, RuleError) as error:
        # Such as a segment archived since: this version fails, the rest of the batch goes on.
        return [_Run(item, None, f"{type(error).__name__}: {error}") for item in due]
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


def _run_one(graph: Graph, due: _Due, facts: Facts, now: datetime) -> _Run:
    position = Position(
        node=due.node,
        visit=due.visit,
        waiting=due.state == Enrolment.State.WAITING,
        visits=due.visits,
        hops=due.hops,
    )
    try:
        return _Run(due, run(graph, position, facts, now))
    except (LookupError, RuntimeError, CampaignError) as error:
        return _Run(due, None, f"{type(error).__name__}: {error}")


@transaction.atomic
def _write(runs: Sequence[_Run], means: _Means, now: datetime) -> Advanced:
    told = [_enrolment_row(item, now) for item in runs]
    written = {row[0] for row in rows(WRITE_ENROLMENTS, {"rows": json.dumps(told), "now": now})}
    _record_poison([item for item in runs if item.due.id in written], now)
    kept = [item for item in runs if item.due.id in written and item.outcome]
    _copy_hops(kept, now)
    touches, batches = _queue_touches(kept, means, now)
    _trace(kept, now)
    reach("advance.written")
    return Advanced(
        claimed=len(runs),
        finished=sum(1 for item in kept if item.outcome and item.outcome.finish),
        touches=touches,
        batches=batches,
    )


def _enrolment_row(item: _Run, now: datetime) -> dict[str, object]:
    due, outcome = item.due, item.outcome
    if outcome is None:
        return _failed_row(item, now)
    finish = outcome.finish
    state = Enrolment.State.WAITING
    if finish:
        state = Enrolment.State.EXITED if finish.early else Enrolment.State.DONE
    return {
        "id": due.id,
        "fence": due.fence,
        "state": state,
        "node": outcome.position.node,
        "visit": outcome.position.visit,
        "visits": dict(outcome.position.visits),
        "hops": outcome.position.hops,
        "due_at": outcome.due_at.isoformat() if outcome.due_at else None,
        "exit_reason": finish.reason if finish else "",
        "error": "",
        "attempts": 0,
    }


def _failed_row(item: _Run, now: datetime) -> dict[str, object]:
    """Try again a little later; after `MAX_ATTEMPTS` the enrolment is put aside with its error."""
    due = item.due
    is_poison = due.attempts >= MAX_ATTEMPTS
    retry_at = (now + timedelta(seconds=2**due.attempts)).isoformat()
    return {
        "id": due.id,
        "fence": due.fence,
        "state": Enrolment.State.FAILED if is_poison else due.state,
        "node": due.node,
        "visit": due.visit,
        "visits": dict(due.visits),
        "hops": due.hops,
        "due_at": None if is_poison else retry_at,
        "exit_reason": "quarantined" if is_poison else "",
        "error": item.error[:2000],
        "attempts": due.attempts,
    }


def _record_poison(runs: Sequence[_Run], now: datetime) -> None:
    """What is given up for good stays in sight, with its error, until somebody replays it."""
    told = [
        {
            "id": item.due.id,
            "state": item.due.state,
            "error_class": item.error.partition(":")[0],
            "message": mask(item.error.partition(": ")[2])[:500],
        }
        for item in runs
        if item.outcome is None and item.due.attempts >= MAX_ATTEMPTS
    ]
    if told:
        execute(RECORD_POISON, {"rows": json.dumps(told), "now": now})


def _copy_hops(runs: Sequence[_Run], now: datetime) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY campaigns_hop (enrolment_id, seq, node, visit, exit, at) FROM STDIN"
        ) as copy,
    ):
        for item in runs:
            assert item.outcome is not None
            for number, hop in enumerate(item.outcome.hops, start=item.due.hops + 1):
                copy.write_row((item.due.id, number, hop.node, hop.visit, hop.exit, now))


def _queue_touches(runs: Sequence[_Run], means: _Means, now: datetime) -> tuple[int, int]:
    """Insert the touches, one dispatch batch per journey and account; their numbers."""
    sends = [(item.due, effect) for item in runs if item.outcome for effect in item.outcome.effects]
    if not sends:
        return 0, 0
    batches: dict[tuple[int, int], DispatchBatch] = {}
    for due, effect in sends:
        account = means.account(effect.channel, due.customer_id)
        place = (due.journey_id, account.pk)
        if place not in batches:
            batches[place] = DispatchBatch.objects.create(
                journey_id=due.journey_id, account=account, due_at=now, created_at=now
            )
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY campaigns_touch (key, enrolment_id, journey_id, node, visit, customer_id,"
            " channel, purpose, product, account_id, batch_id, template_version_id, state, reason,"
            " verdict, content_hash, fence, attempts, may_be_sent, due_at, expires_at,"
            " provider_id, segments, cost, currency, queued_at) FROM STDIN"
        ) as copy,
    ):
        for due, effect in sends:
            account = means.account(effect.channel, due.customer_id)
            batch = batches[due.journey_id, account.pk]
            template = means.templates[effect.template]
            copy.write_row(_touch_row(due, effect, account, batch, template, now))
    return len(sends), len(batches)


def _trace(runs: Sequence[_Run], now: datetime) -> None:
    """Begin the trace of each touch, linked to the newest event of its customer before it."""
    if not is_on():
        return
    sends = [(item.due, effect) for item in runs if item.outcome for effect in item.outcome.effects]
    events = newest_events([due.customer_id for due, _effect in sends], until=now)
    note(
        "touch.queued",
        {
            _key(due, effect).hex: {
                "enrolment": due.id,
                "node": effect.node,
                "channel": effect.channel,
            }
            for due, effect in sends
        },
        {
            _key(due, effect).hex: [event_trace(*events[due.customer_id])]
            for due, effect in sends
            if due.customer_id in events
        },
    )


def _key(due: _Due, effect: Send) -> uuid.UUID:
    return uuid.uuid5(_KEY_SPACE, f"{due.id}:{effect.node}:{effect.visit}")


def _touch_row(
    due: _Due,
    effect: Send,
    account: ProviderAccount,
    batch: DispatchBatch,
    template: TemplateVersion,
    now: datetime,
) -> tuple[object, ...]:
    product = effect.product or template.product
    return (
        _key(due, effect),
        due.id,
        due.journey_id,
        effect.node,
        effect.visit,
        due.customer_id,
        effect.channel,
        _purpose(version_graph(due.version_id).priority, product),
        product,
        account.pk,
        batch.pk,
        template.pk,
        TouchState.QUEUED,
        "",
        "{}",
        "",
        0,
        0,
        False,
        now,
        now + TOUCH_LIFETIME,
        "",
        0,
        0,
        settings.CURRENCY,
        now,
    )


def _purpose(priority: str, product: str) -> str:
    """What the touch is for. A service that markets a product along the way is marketing."""
    is_service = priority in ("protective", Purpose.SERVICE)
    if is_service and product:
        return Purpose.MARKETING
    return Purpose.SERVICE if is_service else priority
