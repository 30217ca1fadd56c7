"""The copy of everything that is kept of a person: complete, of nobody else, and of any length."""

import json
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from config.personal import CHAPTERS
from customers.actions.assessments import Assessment, record_assessments
from customers.actions.merge import merge_matches
from customers.actions.partitions import ensure_partitions
from customers.actions.people import Person, put_people
from customers.actions.record_events import NewEvent, record_events
from customers.actions.rights import export_customer
from customers.actions.sources import create_api_key, internal_source
from customers.models import Account, Consent, Customer, MatchRule, Tagging
from customers.queries.events import month_of
from customers.reports.copies import written
from customers.vocabulary import KeyScope
from segments.models import Membership
from tests.factories import NOW, make_segment, record_event

pytestmark = pytest.mark.django_db
PHONE = "13800138000"


def make(number: str, **columns: Any) -> int:
    contacts = {"phone": columns.pop("phone")} if "phone" in columns else {}
    person = Person(customer_no=number, columns=columns, contacts=contacts)
    return put_people(people=[person], source="crm", may_replace_contacts=True, now=NOW)[number]


def copy_of(number: str) -> dict[str, Any]:
    document = export_customer(
        customer_no=number, actor="ann", why="he asked", now=NOW, chapters=CHAPTERS
    )
    told: dict[str, Any] = json.loads(b"".join(written(document)))
    return told


def test_the_copy_tells_of_consents_with_their_evidence_and_of_segments() -> None:
    customer = make("10001")
    Consent.objects.create(
        customer_id=customer,
        purpose="marketing",
        channel="sms",
        state="granted",
        notice_version="v3",
        source="key:crm",
        evidence={"form": "written", "page": "/open-account"},
        at=NOW,
    )
    Membership.objects.create(segment=make_segment(), customer_id=customer, entered_at=NOW)
    Tagging.objects.create(customer_id=customer, tag="pension", source="test", since=NOW)

    told = copy_of("10001")

    assert told["consents"][0]["evidence"] == {"form": "written", "page": "/open-account"}
    assert told["segments"][0]["segment__name"]
    assert told["tags"][0]["tag"] == "pension"


def test_the_copy_tells_of_what_was_said_under_every_name() -> None:
    MatchRule.objects.update_or_create(
        kind="phone", defaults={"merges": True, "holders_at_most": 2, "people_at_most": 3}
    )
    source = create_api_key(name="web", scope=KeyScope.INGEST, now=NOW).source
    # Too long before him to be linked when he is made.
    then = NOW - timedelta(days=4)
    early = NewEvent(
        message_id="m1",
        kind="track",
        name="Early",
        user_id="web-1",
        occurred_at=then,
        properties={},
    )
    record_events(source=source, events=[early], now=then)
    make("web-1", phone=PHONE, name="张小伟", city="Ningbo")
    Customer.objects.filter(customer_no="web-1").update(is_numbered=False)
    make("10001", phone=PHONE, name="张伟")
    merge_matches(now=NOW + timedelta(minutes=5))

    told = copy_of("web-1")

    assert told["profile"]["name"] == "张伟"
    assert [one["name"] for one in told["merged_profiles"]] == ["张小伟"]
    assert [one["message_id"] for one in told["earlier_events"]] == ["m1"]


def test_the_copy_tells_nothing_of_anybody_else() -> None:
    mine, other = make("10001", phone=PHONE), make("10002", phone="13900139000", name="李四")
    for customer, word in ((mine, "mine"), (other, "theirs")):
        record_event(customer, "Fund Viewed", at=NOW, word=word)
        told = Assessment(
            customer_id=customer,
            level="C2" if customer == mine else "C5",
            assessed_at=NOW,
            lowest_class=False,
        )
        record_assessments(assessments=[told], source=word, now=NOW)
        Tagging.objects.create(customer_id=customer, tag=f"tag-{word}", source="t", since=NOW)
        account = Account.objects.create(
            number=f"acct-{word}",
            customer_id=customer,
            kind="cash",
            source=internal_source(key="core", name="core", now=NOW),
            updated_at=NOW,
        )
        assert account.pk

    text = json.dumps(copy_of("10001"), ensure_ascii=False)

    assert "mine" in text
    for word in ("theirs", "10002", "李四", "13900139000", "C5"):
        assert word not in text


def test_ten_thousand_large_events_are_copied_in_little_memory() -> None:
    customer = make("10001")
    source = internal_source(key="core", name="core", now=NOW)
    ensure_partitions(months={month_of(NOW)})
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO customers_event (source_id, message_id, kind, name, customer_id,
                                         occurred_at, received_at, properties, context)
            SELECT %s, 'm' || n, 'track', 'Fund Viewed', %s, %s - n %% 7 * interval '1 second', %s,
                   jsonb_build_object('note', repeat('x', 6000), 'n', n), '{}'
            FROM generate_series(1, 10000) AS n
            """,
            [source.pk, customer, NOW, NOW],
        )

    document = export_customer(
        customer_no="10001", actor="ann", why="he asked", now=NOW, chapters=CHAPTERS
    )
    tracemalloc.start()
    size, seen = 0, set()
    for piece in written(document):
        size += len(piece)
        if b'"n":' in piece:
            seen.add(int(piece.rsplit(b'"n":', 1)[1].split(b"}")[0].split(b",")[0]))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert seen == set(range(1, 10_001))
    assert size > 60_000_000
    assert peak < 32 << 20, peak
