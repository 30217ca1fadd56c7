"""A small institution to walk through: staff, customers, a reviewed journey and its results.

What verbs can make is made by verbs. What weeks of sending would make (touches, receipts, clicks,
conversions) is written as rows, with figures chosen so that one arm clearly wins.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

from django.contrib.auth.hashers import make_password

from attribution.models import Click, Conversion, Experiment, Exposure, Goal
from campaigns.actions import launch, templates
from campaigns.channels.base import Channel
from campaigns.models import (
    AdvisorTask,
    DispatchBatch,
    Enrolment,
    Journey,
    Link,
    ProviderAccount,
    Receipt,
    TemplateVersion,
    Touch,
)
from compliance.actions import record
from compliance.models import RulePack, User
from compliance.queries import clock_now
from compliance.roles import Role
from compliance.setup import ensure_roles
from customers.actions.consents import ConsentStatement, record_consents
from customers.actions.people import Person, put_people
from customers.models import ImportJob, Quarantine, Source, Tagging
from customers.vocabulary import ConsentState, KeyScope
from segments.actions.refresh import refresh
from segments.actions.save import save_segment
from segments.models import Segment
from tests.factories import SUITED, with_way_out

PASSWORD = "correct horse battery staple"
ARMS = ("mens", "womens", "none")
PER_ARM = 120
VISITS = {"mens": 40, "womens": 28, "none": 12}
BUYERS = {"mens": 14, "womens": 9, "none": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The names a test walks by."""

    staff: dict[str, User]
    journey: Journey
    draft: Journey
    segment: Segment
    customer_id: int
    touch_id: int


def build_house() -> House:
    """Everything the console shows, at least one of each."""
    now = clock_now()
    staff = build_staff()
    ids = build_customers(now)
    segment = save_segment(
        key="trial",
        name="Everyone in the trial",
        rule={"everyone": True},
        description="All customers of the test.",
        author=staff["marketer"],
        now=now,
    )
    refresh(segment=segment, now=now)
    account = build_account()
    version = build_template(staff, now)
    journey = build_journey(staff, now)
    touch_id = build_results(journey, version, account, ids, now)
    draft = build_draft(staff, now)
    build_odds_and_ends(touch_id, now)
    return House(
        staff=staff,
        journey=journey,
        draft=draft,
        segment=segment,
        customer_id=ids[0],
        touch_id=touch_id,
    )


def build_staff() -> dict[str, User]:
    """One person for each role, and a superuser `root`."""
    groups = ensure_roles()
    staff = {"root": build_person("root", is_superuser=True)}
    for role in Role:
        staff[role.value] = build_person(role.value)
        staff[role.value].groups.add(groups[role])
    return staff


def build_person(name: str, *, is_superuser: bool = False) -> User:
    """Somebody who may sign in with `PASSWORD`."""
    return User.objects.create(
        username=name, password=_hashed_password(), is_staff=True, is_superuser=is_superuser
    )


@cache
def _hashed_password() -> str:
    """Made once: hashing is slow on purpose, and a house has eight people."""
    return make_password(PASSWORD)


def build_customers(now: datetime) -> list[int]:
    """Customers with an e-mail address and consent to it; the first has a phone and a name."""
    people = [
        Person(
            customer_no=f"T{number:05d}",
            columns={**SUITED, "city": "上海", "name": "王小明" if number == 0 else None},
            contacts={"email": f"person{number}@example.com"}
            | ({"phone": "+8613800001234"} if number == 0 else {}),
            attributes={"newbie": number % 2},
        )
        for number in range(PER_ARM * len(ARMS))
    ]
    made = put_people(people=people, source="test", may_replace_contacts=True, now=now)
    ids = [made[person.customer_no] for person in people]
    record_consents(
        statements=[
            ConsentStatement(
                customer_id=customer,
                purpose="marketing",
                channel="email",
                state=ConsentState.GRANTED,
                notice_version="2026-01",
                source="test",
            )
            for customer in ids
        ],
        now=now,
    )
    Tagging.objects.create(customer_id=ids[0], tag="pension_need", source="test", since=now)
    return ids


def build_account() -> ProviderAccount:
    """An e-mail account that nothing is sent by."""
    return ProviderAccount.objects.create(
        key="mail",
        channel=Channel.EMAIL,
        vendor="smtp",
        base_url="smtp://127.0.0.1:2525",
        unit_cost=Decimal("0.01"),
        currency="CNY",
        is_default=True,
    )


def build_template(staff: dict[str, User], now: datetime) -> TemplateVersion:
    """An approved e-mail."""
    version = templates.save_template(
        key="spring-mail",
        name="Spring mail",
        channel=Channel.EMAIL,
        parts=with_way_out(
            {
                "from": "Touchstone <news@example.com>",
                "subject": "Spring",
                "html": '<p>Hello</p><a href="https://shop.example.com/spring">Look</a>',
                "text": "Hello https://shop.example.com/spring",
            }
        ),
        maker=staff["marketer"],
        now=now,
    )
    templates.submit_template(version=version, maker=staff["marketer"], now=now)
    templates.review_template(
        version=version, checker=staff["checker"], approve=True, opinion="Fine.", now=now
    )
    return version


def graph(*, experiment: bool) -> dict[str, object]:
    """Entry, split, two e-mails, exit."""
    split: dict[str, object] = {
        "id": "split",
        "type": "split",
        "weights": {"mens": 34, "womens": 33, "none": 33},
    }
    if experiment:
        split["experiment"] = {"key": "spring-test", "control": "none"}
    return {
        "name": "Spring campaign",
        "nodes": [
            {"id": "start", "type": "entry", "segment": "trial"},
            split,
            {"id": "mail-a", "type": "email", "template": "spring-mail"},
            {"id": "mail-b", "type": "email", "template": "spring-mail"},
            {"id": "end", "type": "exit"},
        ],
        "edges": [
            ["start", "split"],
            ["split", "mail-a", "mens"],
            ["split", "mail-b", "womens"],
            ["split", "end", "none"],
            ["mail-a", "end"],
            ["mail-b", "end"],
        ],
    }


def build_journey(staff: dict[str, User], now: datetime) -> Journey:
    """Built, reviewed by a second person, published."""
    maker, checker = staff["marketer"], staff["checker"]
    version = launch.save_draft(
        journey_key="spring",
        name="Spring campaign",
        description="Two mails against none.",
        graph=graph(experiment=False),
        maker=maker,
        now=now,
    )
    journey = version.journey
    launch.submit(journey=journey, version=version, maker=maker, now=now)
    launch.review(
        journey=journey, version=version, checker=checker, approve=True, opinion="Good.", now=now
    )
    launch.publish(journey=journey, actor=maker, now=now)
    journey.refresh_from_db()
    return journey


def build_draft(staff: dict[str, User], now: datetime) -> Journey:
    """A second journey that nobody submitted yet."""
    version = launch.save_draft(
        journey_key="autumn",
        name="Autumn campaign",
        graph=graph(experiment=False),
        maker=staff["marketer"],
        now=now,
    )
    return version.journey


def build_results(
    journey: Journey,
    version: TemplateVersion,
    account: ProviderAccount,
    ids: list[int],
    now: datetime,
) -> int:
    """Touches, receipts, clicks, conversions of the three arms; the id of one touch."""
    goals = {
        "visit": _goal(journey, Goal.Kind.VISIT, ["Link Clicked"], ""),
        "conversion": _goal(journey, Goal.Kind.CONVERSION, ["Order Completed"], "revenue"),
    }
    experiment, _made = Experiment.objects.get_or_create(
        journey=journey,
        node="split",
        defaults={
            "key": "spring-test",
            "name": "Spring mails",
            "arms": {"mens": 34, "womens": 33, "none": 33},
            "control": "none",
            "registered_at": now,
        },
    )
    link = Link.objects.create(
        journey=journey,
        node="mail-a",
        position=0,
        target="https://shop.example.com/spring",
        utm={"utm_source": "touchstone", "utm_medium": "email", "utm_campaign": "spring"},
        created_at=now,
    )
    batch = DispatchBatch.objects.create(account=account, journey=journey, created_at=now)
    entered = now - timedelta(days=2)
    people = [
        (customer, ARMS[place // PER_ARM], place % PER_ARM) for place, customer in enumerate(ids)
    ]
    enrolments = Enrolment.objects.bulk_create(
        Enrolment(
            version=journey.live,
            journey=journey,
            customer_id=customer,
            state=Enrolment.State.DONE,
            node="end",
            entered_at=entered,
            finished_at=entered,
        )
        for customer, _arm, _rank in people
    )
    Exposure.objects.bulk_create(
        Exposure(experiment=experiment, customer_id=customer, arm=arm, at=entered)
        for customer, arm, _rank in people
    )
    touches = Touch.objects.bulk_create(
        _touch(enrolment, arm, rank, version, account, batch, entered)
        for enrolment, (_customer, arm, rank) in zip(enrolments, people, strict=True)
        if arm != "none"
    )
    by_customer = {touch.customer_id: touch for touch in touches}
    Click.objects.bulk_create(
        Click(
            touch=by_customer[customer],
            link=link,
            customer_id=customer,
            click_id=uuid.uuid4(),
            at=entered + timedelta(hours=1),
            user_agent="Mozilla/5.0",
        )
        for customer, arm, rank in people
        if customer in by_customer and rank < VISITS[arm]
    )
    for kind, counts in (("visit", VISITS), ("conversion", BUYERS)):
        Conversion.objects.bulk_create(
            Conversion(
                goal=goals[kind],
                source_id=1,
                message_id=f"{kind}-{customer}",
                customer_id=customer,
                occurred_at=entered + timedelta(hours=2),
                value=Decimal(80 + rank * 7) if kind == "conversion" else Decimal(0),
                utm={} if arm == "none" else dict(link.utm),
                known_at=entered + timedelta(hours=2),
            )
            for customer, arm, rank in people
            if rank < counts[arm]
        )
    Receipt.objects.create(
        account=account,
        provider_event_id="receipt-1",
        touch=touches[0],
        kind="delivered",
        at=entered,
        received_at=entered,
    )
    return int(touches[0].pk)


def _goal(journey: Journey, kind: str, events: list[str], value: str) -> Goal:
    return Goal.objects.create(
        key=f"{journey.key}-{kind}",
        name=kind,
        journey=journey,
        kind=kind,
        events=events,
        value_property=value,
        currency="CNY",
        window=timedelta(days=7),
        in_force_from=journey.created_at,
    )


def _touch(
    enrolment: Enrolment,
    arm: str,
    rank: int,
    version: TemplateVersion,
    account: ProviderAccount,
    batch: DispatchBatch,
    at: datetime,
) -> Touch:
    is_refused = rank >= PER_ARM - 3
    return Touch(
        key=uuid.uuid4(),
        enrolment=enrolment,
        journey_id=enrolment.journey_id,
        node="mail-a" if arm == "mens" else "mail-b",
        visit=1,
        customer_id=enrolment.customer_id,
        channel="email",
        purpose="marketing",
        account=account,
        batch=batch,
        template_version=version,
        state="refused" if is_refused else "delivered",
        reason="consent_withdrawn" if is_refused else "",
        verdict={"allowed": not is_refused},
        content_hash="0" * 64,
        due_at=at,
        segments=1,
        cost=Decimal(0) if is_refused else Decimal("0.01"),
        currency="CNY",
        queued_at=at,
        handed_at=None if is_refused else at,
        accepted_at=None if is_refused else at,
        delivered_at=None if is_refused else at,
    )


def build_odds_and_ends(touch_id: int, now: datetime) -> None:
    """One row in each of the remaining tables of the console."""
    source = Source.objects.create(
        key="shop", name="Shop", scope=KeyScope.INGEST, created_at=now, key_hint="ts_abc"
    )
    ImportJob.objects.create(
        source=source, file_name="customers.csv", file_hash="0" * 64, state="done", started_at=now
    )
    Quarantine.objects.create(
        source_id=source.pk,
        code="bad_timestamp",
        message="The time is not a time.",
        payload='{"phone": "13800001234"}',
        received_at=now,
    )
    AdvisorTask.objects.create(
        touch_id=touch_id, key=uuid.uuid4(), queue="north", script="Call.", due_at=now
    )
    RulePack.objects.create(key="quiet-hours", effective_from=now.date(), rules={})
    record(actor="root", action="test.made", subject="house", now=now)
