"""Queue the touches the engine decided on: by which account, of which template, in which batch."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from campaigns.actions.routing import Route, pick, routes
from campaigns.actions.steps import Due, Run
from campaigns.channels.sms.prices import LONGEST
from campaigns.guards.purpose import judged_as
from campaigns.journeys.graph import Send
from campaigns.models import DispatchBatch, ProviderAccount, TemplateVersion
from campaigns.queries.journeys import approved_templates, version_graph
from campaigns.states import TouchState
from compliance.tracing import event_trace, is_on, note
from customers.queries.events import newest_events
from customers.queries.identities import beginnings
from customers.vocabulary import IdentityKind

TOUCH_LIFETIME = timedelta(days=3)
# Ties a touch's key to its enrolment, node and visit: a second decision has the same key.
_KEY_SPACE = uuid.UUID("6f0c2a52-8f52-4d0c-9a35-6a2d1c1b7e11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What touches are made with: the accounts of each channel, the approved templates.

    ``destinations``: how a customer's number begins, where a route goes by the price.
    """

    routes: Mapping[str, Route]
    templates: Mapping[str, TemplateVersion]
    destinations: Mapping[int, str] = field(default_factory=dict)

    def account(self, channel: str, customer_id: int) -> ProviderAccount:
        """Which account gets the customer's touch."""
        return pick(self.routes[channel], customer_id, self.destinations.get(customer_id, ""))


def means_of(runs: Sequence[Run], now: datetime) -> Means:
    """Find what the touches of these runs need: one statement each, whatever their number."""
    ways = routes(now)
    going = {
        item.due.customer_id
        for item in runs
        for effect in (item.outcome.effects if item.outcome else ())
        if effect.channel in ways and ways[effect.channel].asks_where_to
    }
    return Means(
        routes=ways,
        templates=approved_templates(_named(runs)),
        destinations=beginnings(sorted(going), IdentityKind.PHONE, LONGEST) if going else {},
    )


def _named(runs: Sequence[Run]) -> list[str]:
    return sorted(
        {effect.template for item in runs if item.outcome for effect in item.outcome.effects}
    )


def require_means(item: Run, means: Means) -> Run:
    """A run that would send what nobody approved, or by no account, fails instead."""
    for effect in item.outcome.effects if item.outcome else ():
        if effect.channel not in means.routes:
            return Run(item.due, None, f"Unserved: no account serves {effect.channel}")
        if effect.template not in means.templates:
            return Run(item.due, None, f"NotApproved: template {effect.template}")
    return item


def queue_touches(runs: Sequence[Run], means: Means, now: datetime) -> tuple[int, int]:
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


def trace_touches(runs: Sequence[Run], now: datetime) -> None:
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


def _key(due: Due, effect: Send) -> uuid.UUID:
    return uuid.uuid5(_KEY_SPACE, f"{due.id}:{effect.node}:{effect.visit}")


def _touch_row(
    due: Due,
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
        judged_as(version_graph(due.version_id).priority, product),
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
