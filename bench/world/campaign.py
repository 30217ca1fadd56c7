"""A journey that everybody has walked, its touches, and segments of every size."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction

from bench.world.telling import tell
from bench.world.wealth import WITHOUT_TRIGGERS
from campaigns.actions.accounts import save_account
from campaigns.actions.launch import publish, review, save_draft, submit
from campaigns.channels.base import Channel
from campaigns.models import Journey, ProviderAccount, TemplateVersion
from compliance.roles import Role
from config.replay.build import approve_templates
from config.replay.staff import person
from customers.queries.database import execute
from segments.actions.refresh import refresh
from segments.actions.save import save_segment

ISSUE_RULE: Final = {
    "all": [
        {"event": "fund_viewed", "count": {"op": "gte", "value": 3}, "within_days": 30},
        {"field": "risk_level", "op": "in", "value": ["C3", "C4"]},
        {"not": {"event": "order_filled", "within_days": 90}},
    ]
}
"""Viewed at least three funds in 30 days, C3 or C4, no order filled in 90 days."""

RULES: Final[dict[str, dict[str, Any]]] = {
    "everybody": {"everyone": True},
    "browsing": ISSUE_RULE,
    "two-levels": {"field": "risk_level", "op": "in", "value": ["C3", "C4"]},
    "viewers": {"event": "fund_viewed", "within_days": 30},
    "tagged": {"tag": "bench_3"},
    "wealthy": {"field": "total_asset", "op": "gte", "value": 1_500_000},
}
TOUCHES_A_BATCH: Final = 500

_ENROL = """
    INSERT INTO campaigns_enrolment (
        version_id, journey_id, customer_id, entry_no, state, node, visit, visits, hops, due_at,
        lease_owner, fence, attempts, error, exit_reason, entered_at, finished_at)
    SELECT %(version)s, %(journey)s, c.id, 1,
           CASE WHEN c.id %% 3 = 0 THEN 'waiting' ELSE 'done' END, 'go', 1, '{}', 1,
           CASE WHEN c.id %% 3 = 0 THEN %(now)s::timestamptz + interval '3 days' END, '', 1, 0, '',
           '', moment, CASE WHEN c.id %% 3 <> 0 THEN moment END
    FROM customers_customer c
    CROSS JOIN LATERAL (
        SELECT %(now)s::timestamptz - make_interval(mins => (c.id %% 40000)::int) AS moment) one
    ORDER BY c.id
"""
_BATCH = """
    INSERT INTO campaigns_dispatchbatch (
        account_id, journey_id, lease_owner, fence, attempts, needs_person, created_at)
    SELECT %(account)s, %(journey)s, '', 1, 0, n %% 50 = 0,
           %(now)s::timestamptz - make_interval(mins => n)
    FROM generate_series(1, %(batches)s::int) AS n
"""
_TOUCH = """
    INSERT INTO campaigns_touch (
        key, enrolment_id, journey_id, node, visit, customer_id, channel, purpose, account_id,
        batch_id, template_version_id, state, reason, verdict, content_hash, fence, attempts,
        may_be_sent, due_at, provider_id, segments, cost, currency, queued_at, handed_at,
        accepted_at, delivered_at)
    SELECT gen_random_uuid(), e.id, e.journey_id, 'go', 1, e.customer_id, 'sms', 'marketing',
           %(account)s, first.id + (e.id - one.id) / %(a_batch)s, %(template)s,
           (ARRAY['delivered', 'delivered', 'accepted', 'refused', 'clicked'])[1 + e.id %% 5],
           CASE WHEN e.id %% 5 = 3 THEN 'no_consent' ELSE '' END, '{}', '', 1, 1, false,
           e.entered_at, 'p' || e.id, 1, 0.05, 'CNY', e.entered_at, e.entered_at, e.entered_at,
           e.entered_at
    FROM campaigns_enrolment e
    CROSS JOIN (SELECT min(id) AS id FROM campaigns_dispatchbatch) first
    CROSS JOIN (SELECT min(id) AS id FROM campaigns_enrolment) one
    ORDER BY e.id
"""


def put_segments(*, now: datetime) -> None:
    """Segments from a handful of members to everybody."""
    for key, rule in RULES.items():
        segment = save_segment(
            key=key, name=key, rule=rule, description="", author=person(Role.MARKETER), now=now
        )
        refresh(segment=segment, now=now)
        tell(f"segment {key}")


def put_campaign(customers: int, *, now: datetime) -> None:
    """One journey over everybody: an enrolment and a touch for each customer."""
    save_account(
        key="sms",
        channel=Channel.SMS,
        vendor="http_sms",
        base_url="http://127.0.0.1:9/",
        options={},
        secrets={"receipt_secret": "bench-receipts", "api_secret": "bench-secret"},
        unit_cost=Decimal("0.05"),
        is_default=True,
        actor=Role.OPERATOR.value,
        now=now,
    )
    approve_templates()
    journey = _publish(now)
    assert journey.live is not None
    told = {
        "now": now,
        "journey": journey.pk,
        "version": journey.live.pk,
        "account": ProviderAccount.objects.get(key="sms").pk,
        "template": TemplateVersion.objects.get(template__key="deposit-sms").pk,
        "batches": customers // TOUCHES_A_BATCH + 1,
        "a_batch": TOUCHES_A_BATCH,
    }
    for name, statement in (("enrolments", _ENROL), ("batches", _BATCH), ("touches", _TOUCH)):
        with transaction.atomic():
            execute(WITHOUT_TRIGGERS, {})
            used = {key: value for key, value in told.items() if f"%({key})s" in statement}
            tell(f"{name}: {execute(statement, used):,} rows")


def _publish(now: datetime) -> Journey:
    graph: dict[str, Any] = {
        "name": "deposit",
        "nodes": [
            {"id": "in", "type": "entry", "segment": "everybody"},
            {"id": "go", "type": "send", "channel": "sms", "template": "deposit-sms"},
        ],
        "edges": [["in", "go"]],
    }
    maker, checker = person(Role.MARKETER), person(Role.CHECKER)
    version = save_draft(journey_key="deposit", name="deposit", graph=graph, maker=maker, now=now)
    journey = version.journey
    submit(journey=journey, version=version, maker=maker, now=now)
    review(journey=journey, version=version, checker=checker, approve=True, opinion="", now=now)
    publish(journey=journey, actor=maker, now=now)
    journey.refresh_from_db()
    return journey
