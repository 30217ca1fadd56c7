"""Planted phones, names and e-mail addresses are nowhere in the database in clear."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as configured
from django.db import connection
from django.test import Client

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel, Outcome, Outgoing, Refused
from campaigns.channels.memory import accept
from campaigns.tasks import dispatch_tick
from compliance.bells import ring
from compliance.queries import clock_now
from customers.actions.import_customers import ConsentTerms, import_customers
from customers.actions.sources import create_api_key
from customers.models import Customer
from customers.queries.identities import addresses, find_customers
from customers.queries.people import customer_facts
from customers.vocabulary import KeyScope
from tests.factories import (
    NOW,
    SUITED,
    graph_of,
    make_journey,
    make_memory_account,
    make_segment,
    make_staff,
    make_template,
    send_node,
)

PEOPLE = [(f"1391234{n:04d}", f"planted{n}@secret.example", f"欧阳种植{n}") for n in range(1_000)]


def dump() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        rows = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [text for (text,) in cursor.fetchall()]
    return "\n".join(rows)


@pytest.mark.django_db
def test_dump_shows_no_planted_person(tmp_path: Path, settings: Any, client: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    path = tmp_path / "people.csv"
    lines = [f"c{n},{name},{phone},{email}" for n, (phone, email, name) in enumerate(PEOPLE)]
    bad = [f"b{n},x,{phone}9,{email}" for n, (phone, email, _name) in enumerate(PEOPLE)]
    path.write_text("\n".join(["customer_no,name,phone,email", *lines, *bad]), encoding="utf-8")
    secret = create_api_key(name="web", scope=KeyScope.INGEST, now=clock_now()).secret
    calls: list[dict[str, Any]] = []
    for n, (phone, email, name) in enumerate(PEOPLE):
        calls += [
            {"type": "identify", "userId": f"w{n}", "traits": {"phone": phone, "name": name}},
            {"type": "identify", "userId": f"w{n}", "context": {"traits": {"email": email}}},
            {"type": "track", "userId": f"w{n}", "event": "E", "properties": {"tel": int(phone)}},
            {"type": "page", "userId": f"w{n}", "properties": {"url": f"/?m={email}&p={phone}"}},
            {"type": "nothing", "userId": f"w{n}", "traits": {"email": email, "phone": phone}},
        ]

    result = import_customers(path=path, now=clock_now())
    answers = [
        client.post(
            "/v1/batch",
            json.dumps({"writeKey": secret, "batch": calls[first : first + 500]}),
            "application/json",
        )
        for first in range(0, len(calls), 500)
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert (result.rows_ok, result.rows_bad) == (1_000, 1_000)
    assert result.errors_file
    seen = dump() + Path(result.errors_file).read_text(encoding="utf-8-sig")
    seen += "".join(answer.text for answer in answers)
    for phone, email, name in PEOPLE:
        assert phone not in seen
        assert email not in seen
        assert name not in seen


def sometimes_refused(message: Outgoing) -> Outcome:
    """As vendors do, who repeat the address in their answers."""
    if message.key.endswith(("0", "1", "2")):
        return Refused(key=message.key, code="unknown", message=f"no such user {message.address}")
    return accept(message)


def valkey() -> str:
    """Every key of this run's Valkey with its value."""
    broker = redis.Redis.from_url(configured.REDIS_URL)
    found = []
    for key in broker.scan_iter():
        kind = broker.type(key)
        found.append(
            repr((key, broker.lrange(key, 0, -1) if kind == b"list" else broker.dump(key)))
        )
    return "\n".join(found)


@pytest.mark.django_db
def test_after_real_sends_nothing_shows_a_planted_person(
    tmp_path: Path,
    settings: Any,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    settings.MEDIA_ROOT = tmp_path
    path = tmp_path / "people.csv"
    lines = [f"c{n},{name},{phone},{email}" for n, (phone, email, name) in enumerate(PEOPLE)]
    path.write_text("\n".join(["customer_no,name,phone,email", *lines]), encoding="utf-8")
    terms = ConsentTerms(channels=("sms", "email"), notice_version="1")
    import_customers(path=path, consents=terms, now=NOW)
    Customer.objects.update(**{key: value for key, value in SUITED.items() if key != "name"})
    providers = [
        make_memory_account(monkeypatch, channel, script=sometimes_refused)
        for channel in (Channel.EMAIL, Channel.SMS)
    ]
    page = "https://shop.example.com/page"
    make_template(parts={"text": "Hello {{ customer.name }} " + page})
    make_template(Channel.SMS, parts={"text": "Hello {{ customer.name }} " + page})
    make_segment()
    journey = make_journey(graph_of(send_node(key="a"), send_node(Channel.SMS, key="b")))
    enrol(journey=journey, now=NOW)
    for _round in range(20):
        advance(owner="w", now=NOW)
        while dispatch_batch(owner="w", now=NOW):
            continue
    ring(dispatch_tick)

    assert [len(provider.sent) for provider in providers] == [1_000, 1_000]
    assert {PEOPLE[7][1]} <= {message.address for message in providers[0].sent}
    client.force_login(make_staff().compliance)
    pages = [
        "/admin/customers/customer/",
        f"/admin/customers/customer/{Customer.objects.all()[0].pk}/change/",
        "/admin/campaigns/touch/",
        f"/admin/reports/{journey.key}/",
        f"/admin/reports/{journey.key}/roi.csv",
        "/admin/reports/why/?customer=c7",
    ]
    seen = dump() + valkey() + caplog.text + "".join(capfd.readouterr())
    seen += "".join(client.get(page).text for page in pages)
    for phone, email, name in PEOPLE:
        assert phone not in seen
        assert email not in seen
        assert name not in seen


@pytest.mark.django_db
def test_planted_people_can_still_be_found_and_reached(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    path = tmp_path / "people.csv"
    path.write_text("id,姓名,手机号,邮箱\nc1,张伟,138 0013 8000,A@Example.COM\n", encoding="utf-8")

    import_customers(path=path, now=clock_now())

    identifier = Customer.objects.get().pk
    assert find_customers("phone", ["+86 138-0013-8000", "13900000000"]) == {
        "+86 138-0013-8000": identifier
    }
    assert addresses([identifier], "email") == {identifier: "A@example.com"}
    assert customer_facts([identifier])[identifier].name == "张伟"
