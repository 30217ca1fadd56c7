"""Boring fields for tests: staff, people, accounts, approved templates, running journeys.

What a verb can make is made by the verb, so that a test starts from what the product would hold.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

import pytest
from django.utils.timezone import localtime

from campaigns.actions import launch, templates
from campaigns.actions.accounts import save_account
from campaigns.channels.base import Channel, Limits
from campaigns.channels.memory import MemoryProvider, Script, accept
from campaigns.channels.registry import VENDORS
from campaigns.models import DispatchBatch, Journey, ProviderAccount, TemplateVersion
from campaigns.queries.dispatch import ClaimedBatch
from compliance.actions import propose_rules, review_rules
from compliance.lexicon_changes import (
    LastDay,
    Wording,
    propose_last_day,
    propose_wording,
    review_change,
)
from compliance.models import LexiconChange, Product, RulePack, User
from compliance.roles import Role
from compliance.rulebook.shipped import shipped_document
from compliance.setup import ensure_roles
from customers.actions.consents import ConsentStatement, record_consents
from customers.actions.people import Person, put_people
from customers.actions.record_events import NewEvent, record_events
from customers.actions.sources import internal_source
from customers.vocabulary import ConsentState
from segments.actions.save import save_segment
from segments.models import Segment

NOW: Final = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)

# To whom anything up to R3 may be marketed.
SUITED: Final[Mapping[str, Any]] = {
    "risk_level": "C3",
    "risk_assessed_on": "2026-01-10",
    "lowest_class": False,
    "birth_on": "1985-05-04",
}
# An address and the consent's name for each channel that needs them.
CONTACTS: Final[Mapping[Channel, Mapping[str, str]]] = {
    Channel.EMAIL: {"email": "person{}@example.com"},
    Channel.SMS: {"phone": "+86138{:08d}"},
    Channel.PUSH: {"device": "device-token-{}"},
    Channel.TASK: {},
    Channel.IN_APP: {},
}
PARTS: Final[Mapping[Channel, Mapping[str, str]]] = {
    Channel.EMAIL: {
        "from": "Bank <news@example.com>",
        "subject": "News",
        "html": '<p>Hello</p><a href="https://shop.example.com/page">Look</a>'
        '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>',
        "text": "Hello https://shop.example.com/page\nUnsubscribe: {{ unsubscribe_url }}\n",
    },
    Channel.SMS: {"text": "Hello https://shop.example.com/page", "signature": "Bank"},
    Channel.PUSH: {"title": "News", "body": "Hello", "url": "https://shop.example.com/page"},
    Channel.IN_APP: {"title": "News", "body": "Hello"},
    Channel.TASK: {"script": "Call the customer.", "queue": "north"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """One person of each role that tests need."""

    marketer: User
    checker: User
    manager: User
    compliance: User
    operator: User


def make_staff() -> Staff:
    """Users in the groups that an installation has."""
    roles = [field.name for field in fields(Staff)]
    known = {user.username: user for user in User.objects.filter(username__in=roles)}
    if missing := [role for role in roles if role not in known]:
        groups = ensure_roles()
        fresh = User.objects.bulk_create(User(username=role, is_staff=True) for role in missing)
        User.groups.through.objects.bulk_create(
            User.groups.through(user=user, group=groups[Role(user.username)]) for user in fresh
        )
        known |= {user.username: user for user in fresh}
    return Staff(**known)


def make_people(
    count: int,
    *,
    channels: Sequence[Channel] = (Channel.EMAIL,),
    prefix: str = "P",
    columns: Mapping[str, Any] | None = None,
    attributes: Mapping[str, str | float | bool] | None = None,
    has_consent: bool = True,
    now: datetime = NOW,
) -> list[int]:
    """Customers who may be marketed to, with an address and consent for each channel.

    Their ids in order; ``columns`` replace the boring ones by name.
    """
    people = [
        Person(
            customer_no=f"{prefix}{number:05d}",
            columns={**SUITED, **(columns or {})},
            contacts={
                kind: pattern.format(number)
                for channel in channels
                for kind, pattern in CONTACTS[channel].items()
            },
            attributes=attributes or {},
        )
        for number in range(count)
    ]
    ids = put_people(people=people, source="test", may_replace_contacts=True, now=now)
    found = [ids[person.customer_no] for person in people]
    if has_consent:
        say_consent(found, [consent_name(channel) for channel in channels], now=now)
    return found


def consent_name(channel: Channel) -> str:
    """Under which name consent for a channel stands: an advisor's task is a phone call."""
    return "phone" if channel is Channel.TASK else channel.value


def say_consent(
    ids: Sequence[int],
    channels: Sequence[str],
    *,
    state: ConsentState = ConsentState.GRANTED,
    purpose: str = "marketing",
    now: datetime = NOW,
) -> None:
    """Each customer's own word on each channel."""
    statements = [
        ConsentStatement(
            customer_id=customer_id,
            purpose=purpose,
            channel=channel,
            state=state,
            notice_version="2026-01",
            source="test",
        )
        for customer_id in ids
        for channel in channels
    ]
    record_consents(statements=statements, now=now)


def make_segment(key: str = "all", rule: object = None, *, now: datetime = NOW) -> Segment:
    """A segment of everyone, unless a rule is given."""
    return save_segment(
        key=key,
        name=key,
        rule={"everyone": True} if rule is None else rule,
        description="",
        author=make_staff().marketer,
        now=now,
    )


def make_memory_account(
    monkeypatch: pytest.MonkeyPatch,
    channel: Channel = Channel.EMAIL,
    *,
    script: Script = accept,
    limits: Limits | None = None,
    unit_cost: str = "0.0100",
    now: datetime = NOW,
    kind: type[MemoryProvider] = MemoryProvider,
) -> MemoryProvider:
    """The default account of a channel, served by the double; the double itself."""
    double = kind(channel, script=script, limits=limits)
    vendor = f"memory-{channel.value}"
    monkeypatch.setitem(VENDORS, vendor, lambda _config: double)  # type: ignore[arg-type]
    make_account(channel, vendor=vendor, unit_cost=unit_cost, now=now)
    return double


def make_account(
    channel: Channel,
    *,
    vendor: str,
    base_url: str = "",
    options: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    unit_cost: str = "0.0100",
    now: datetime = NOW,
) -> ProviderAccount:
    """The default account of a channel; no two calls give equal configurations."""
    return save_account(
        key=f"account-{channel.value}",
        channel=channel,
        vendor=vendor,
        base_url=base_url,
        options={**(options or {}), "made_for": uuid.uuid4().hex},
        secrets=secrets or {},
        unit_cost=Decimal(unit_cost),
        is_default=True,
        actor="test",
        now=now,
    )


def make_template(
    channel: Channel = Channel.EMAIL,
    *,
    key: str = "",
    parts: Mapping[str, str] | None = None,
    is_approved: bool = True,
    product: str = "",
    purpose: str = "marketing",
    now: datetime = NOW,
) -> TemplateVersion:
    """A template version; `parts` replaces the boring ones by name, e-mails get a way out."""
    staff = make_staff()
    said = {**PARTS[channel], **(parts or {})}
    version = templates.save_template(
        key=key or f"hello-{channel.value}",
        name="Hello",
        channel=channel,
        parts=with_way_out(said) if channel is Channel.EMAIL and is_approved else said,
        product=product,
        purpose=purpose,
        maker=staff.marketer,
        now=now,
    )
    if is_approved:
        templates.submit_template(version=version, maker=staff.marketer, now=now)
        templates.review_template(
            version=version, checker=staff.checker, approve=True, opinion="", now=now
        )
    return version


def with_way_out(parts: Mapping[str, str]) -> dict[str, str]:
    """An e-mail's parts with the link that each advertisement must show, where they have none."""
    links = {
        "html": '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>',
        "text": "\nUnsubscribe: {{ unsubscribe_url }}\n",
    }
    return {
        name: said + links[name]
        if said and name in links and "unsubscribe_url" not in said
        else said
        for name, said in parts.items()
    }


def graph_of(*nodes: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """Entry from the segment "all", these nodes one after the other, exit; and top-level fields."""
    chain = [{"id": "start", "type": "entry", "segment": "all"}, *nodes]
    chain.append({"id": "end", "type": "exit"})
    ids = [node["id"] for node in chain]
    edges = [list(pair) for pair in pairwise(ids)]
    return {"nodes": chain, "edges": edges, **fields}


def send_node(channel: Channel = Channel.EMAIL, *, key: str = "hello") -> dict[str, str]:
    """A send by the channel's boring template."""
    return {
        "id": key,
        "type": "send",
        "channel": channel.value,
        "template": f"hello-{channel.value}",
    }


def make_journey(
    graph: Mapping[str, Any], *, key: str = "spring", now: datetime = NOW, is_live: bool = True
) -> Journey:
    """A journey that was submitted, approved by a second person and published."""
    staff = make_staff()
    version = launch.save_draft(
        journey_key=key, name=key, graph=graph, maker=staff.marketer, now=now
    )
    journey = version.journey
    if is_live:
        launch.submit(journey=journey, version=version, maker=staff.marketer, now=now)
        launch.review(
            journey=journey,
            version=version,
            checker=staff.checker,
            approve=True,
            opinion="",
            now=now,
        )
        launch.publish(journey=journey, actor=staff.marketer, now=now)
        journey.refresh_from_db()
    return journey


def make_product(code: str = "F001", **facts: Any) -> Product:
    """A product of risk R3 on record."""
    told = {"name": code, "kind": "public_fund", "distributor_risk": 3, **facts}
    product, _made = Product.objects.update_or_create(
        code=code, defaults={**told, "updated_at": NOW}
    )
    return product


def make_rules(
    key: str,
    changes: Mapping[str, Mapping[str, Any]],
    *,
    more: Sequence[Mapping[str, Any]] = (),
    on: date = date(2020, 1, 1),
    now: datetime = NOW,
) -> RulePack:
    """An approved set of rules: the shipped one with other params by rule id, and ``more``."""
    staff = make_staff()
    rules = [
        {**rule, "params": {**rule["params"], **changes.get(rule["rule_id"], {})}}
        for rule in shipped_document(key)
    ]
    pack = propose_rules(
        key=key, rules=[*rules, *more], effective_from=on, maker=staff.compliance, now=now
    )
    review_rules(pack=pack, checker=staff.checker, approve=True, opinion="", now=now)
    pack.refresh_from_db()
    return pack


def make_wording(text: str, *, now: datetime = NOW, **told: Any) -> Wording:
    """A term for everybody, forbidden from the day of ``now`` on."""
    boring: dict[str, Any] = {
        "is_pattern": False,
        "category": "A1 保本保收益 guaranteed principal/return",
        "severity": "orange",
        "verdict": "block",
        "basis": "house rule 7",
        "explanation_en": "It promises what nobody can keep.",
        "explanation_zh": "承诺无法兑现。",
        # The institution's day, which begins before that of UTC.
        "effective_from": localtime(now).date(),
    }
    return Wording(text=text, **{**boring, **told})


def add_wording(text: str, *, now: datetime = NOW, **told: Any) -> LexiconChange:
    """A term or pattern that one person proposed and another approved."""
    staff = make_staff()
    wording = make_wording(text, now=now, **told)
    return approve_wording(propose_wording(wording=wording, maker=staff.compliance, now=now), now)


def end_wording(rule_id: str, last_day: date, *, now: datetime = NOW) -> LexiconChange:
    """The last day of a rule, proposed by one person and approved by another."""
    change = propose_last_day(
        ending=make_last_day(rule_id, last_day), maker=make_staff().compliance, now=now
    )
    return approve_wording(change, now)


def make_last_day(rule_id: str, last_day: date) -> LastDay:
    """The last day of a rule, with reasons."""
    return LastDay(
        rule_id=rule_id,
        last_day=last_day,
        explanation_en="Repealed.",
        explanation_zh="已废止。",
    )


def approve_wording(change: LexiconChange, now: datetime) -> LexiconChange:
    """The second person's yes."""
    checker = make_staff().checker
    review_change(change=change, checker=checker, approve=True, opinion="ok", now=now)
    change.refresh_from_db()
    return change


def make_cap(rule_id: str, *, most: int, scope: str, of: str = "*", period: str = "day") -> Any:
    """A cap as JSON, for `make_rules`."""
    params = {"kind": "cap", "scope": scope, "of": of, "period": period, "most": most}
    return {
        "rule_id": rule_id,
        "basis": "",
        "severity": "yellow",
        "status": "active",
        "effective_from": None,
        "effective_to": None,
        "params": params,
    }


def claim_of(batch: DispatchBatch) -> ClaimedBatch:
    """The batch as the worker holds it who claimed it last."""
    return ClaimedBatch(
        id=batch.pk, account_id=batch.account_id, journey_id=batch.journey_id, fence=batch.fence
    )


def lift_contact_rules(*, now: datetime = NOW) -> None:
    """No hours and no caps, for tests that run by the real clock or send a lot."""
    changes = {
        rule["rule_id"]: {"hours": [["00:00", "24:00"]]}
        if rule["params"]["kind"] == "window"
        else {"most": 1_000_000}
        for rule in shipped_document("contact")
    }
    make_rules("contact", changes, now=now)


def record_event(
    customer_id: int,
    name: str = "Order Completed",
    *,
    at: datetime,
    received_at: datetime | None = None,
    message_id: str = "",
    **properties: Any,
) -> None:
    """One event of a customer, received when it occurred unless told otherwise."""
    event = new_event(customer_id, name, at=at, message_id=message_id, **properties)
    record_all([event], now=received_at or at)


def new_event(
    customer_id: int,
    name: str = "Order Completed",
    *,
    at: datetime,
    message_id: str = "",
    **properties: Any,
) -> NewEvent:
    """One event of a customer, not yet recorded."""
    return NewEvent(
        message_id=message_id or uuid.uuid4().hex,
        kind="track",
        name=name,
        customer_id=customer_id,
        occurred_at=at,
        properties=properties,
    )


def record_all(events: Sequence[NewEvent], *, now: datetime) -> None:
    """Many events at once: a world of a thousand costs no more statements than one of ten."""
    source = internal_source(key="shop", name="Shop", now=NOW)
    record_events(source=source, events=events, now=now)
