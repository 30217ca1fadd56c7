"""The shared sample of posts to the receipts door (see cases/README.md), through the real door.

Every case: no 5xx, no trace of our insides in the answer, and a good post right after is taken.
What the alternatives leave open is decided here: unknown ids are taken and kept, a malleable
signature is refused, an unreadable status is kept with its code.
"""

import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.channels.receipts import sign
from campaigns.models import Receipt, Suppression, Touch
from compliance.queries import clock_now
from customers.actions.people import Person, put_people
from customers.queries.consents import current_consents
from tests.factories import (
    SUITED,
    graph_of,
    make_account,
    make_journey,
    make_memory_account,
    make_segment,
    make_template,
    say_consent,
    send_node,
)

pytestmark = pytest.mark.django_db

CASES = {
    case["id"]: case
    for case in map(
        json.loads,
        (Path(__file__).parent / "cases/webhooks_in.jsonl").read_text().splitlines(),
    )
}
NEW, OLD = "the secret in force", "the secret before"
PHONE = "+8613800000001"
STATUS = {
    "accept": {200},
    "accept_once": {200},
    "quarantine": {200},
    "reject": {400},
    "reject_auth": {401, 403},
    "too_large": {413, 400},
}


@dataclass(frozen=True, kw_only=True)
class World:
    """Two people with one number, and the message that one of them got."""

    ids: tuple[int, ...]
    touch: Touch

    def states(self) -> list[str]:
        said = current_consents(list(self.ids))
        return [said[pk]["sms"].value for pk in self.ids]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    make_memory_account(monkeypatch, Channel.SMS, now=clock_now())
    make_template(Channel.SMS, now=clock_now())
    people = [
        Person(customer_no=no, columns=SUITED, contacts={"phone": PHONE}, attributes={})
        for no in ("A", "B")
    ]
    ids = put_people(people=people, source="test", may_replace_contacts=True, now=clock_now())
    say_consent(list(ids.values()), ["sms"], now=clock_now())
    make_segment(now=clock_now())
    enrol(journey=make_journey(graph_of(send_node(Channel.SMS)), now=clock_now()), now=clock_now())
    advance(owner="w", now=clock_now())
    dispatch_batch(owner="w", now=clock_now())
    # The same account, from now on at a vendor whose door is real.
    make_account(
        Channel.SMS,
        vendor="http_sms",
        base_url="http://127.0.0.1:9",
        secrets={"api_secret": "a", "receipt_secret": NEW, "receipt_secret_previous": OLD},
    )
    touch = Touch.objects.get(customer_id=ids["A"])
    return World(ids=tuple(ids.values()), touch=touch)


def post(raw: bytes, *, sig: str | None = "valid", ts: str = "now") -> Any:
    moments = {"now": int(time.time()), "+10m": int(time.time()) + 600}
    stamp = moments.get(ts, 0)
    good = sign(secret=NEW, timestamp=stamp, body=raw)
    signatures = {
        "valid": good,
        "other_body": sign(secret=NEW, timestamp=stamp, body=raw + b" "),
        "malleable": good.upper(),
        "old_secret": sign(secret=OLD, timestamp=stamp, body=raw),
        "v1,bad v1,good": f"v1=bad v1={good}",
    }
    headers = {"x-receipt-timestamp": str(stamp) if ts in moments else ts}
    if sig is not None:
        headers["x-receipt-signature"] = signatures[sig]
    return Client().post(
        "/hooks/account-sms/", raw, content_type="application/json", headers=headers
    )


def item(given: Mapping[str, Any], world: World, event: object, number: int) -> dict[str, object]:
    known = given["touch"] == "known"
    return {
        "id": f"{given['id']}-{number}" if given.get("new_id") else f"{given['id']}-{event}",
        "key": world.touch.key.hex if known else uuid.uuid4().hex,
        "event": event,
        "at": clock_now().isoformat(),
        "text": given.get("text", ""),
        "detail": "",
        **given.get("extra", {}),
    }


def posts(given: Mapping[str, Any], world: World) -> list[bytes]:
    """The bodies the case describes, in their order."""
    if "size" in given:
        return [b"[" + b" " * given["size"] + b"]"]
    events = given.get("order", [given["event"]] * given.get("repeat", 1))
    items = [item(given, world, event, number) for number, event in enumerate(events)]
    if "batch_bad" in given:
        return [json.dumps([7] * given["batch_bad"] + items).encode()]
    return [json.dumps([one]).encode() for one in items]


@pytest.mark.parametrize("name", CASES)
def test_a_case_gets_the_answer_it_asks_for_and_harms_nobody(
    world: World, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    given, expected = CASES[name]["input"], CASES[name]["expect"]["class"].split("|")
    allowed = set().union(*(STATUS[one] for one in expected))
    started = time.monotonic()

    with caplog.at_level(logging.DEBUG):
        answers = [post(raw, sig=given["sig"], ts=given["ts"]) for raw in posts(given, world)]

    assert {answer.status_code for answer in answers} <= allowed
    assert time.monotonic() - started < 5
    said = b"".join(answer.content for answer in answers).decode()
    assert not any(word in said for word in ("Traceback", "SELECT", "/work", PHONE))
    if {answer.status_code for answer in answers} == {200}:
        CHECKS.get(name, delivered)(world)
    else:
        assert not Receipt.objects.exists()
    assert "110101199003070011" not in caplog.text + str(list(Receipt.objects.values()))
    canary = json.dumps([item({"id": "canary", "touch": "known"}, world, "clicked", 0)]).encode()
    assert post(canary).json()["new"] == 1


def delivered(world: World) -> None:
    world.touch.refresh_from_db()
    assert world.touch.state == "delivered"
    assert Receipt.objects.filter(touch=world.touch, kind="delivered").count() == 1


def delivered_and_contradicted(world: World) -> None:
    delivered(world)
    assert world.touch.verdict["contradicted"] is True
    assert Receipt.objects.filter(touch=world.touch).count() == 2


def kept_unknown(world: World) -> None:
    assert Receipt.objects.get().touch_id is None


def delivered_beside_one_put_aside(world: World) -> None:
    delivered(world)
    assert Receipt.objects.get(kind="unreadable").detail == "not_an_object"


def put_aside(world: World) -> None:
    told = Receipt.objects.get()
    assert (told.kind, told.detail) == ("unreadable", "unknown_event")


def withdrawn_for_both(world: World) -> None:
    assert world.states() == ["withdrawn", "withdrawn"]


def suppressed_for_good(world: World) -> None:
    assert Suppression.objects.get().why == "undeliverable"


CHECKS: dict[str, Callable[[World], None]] = {
    "WH-005": delivered_and_contradicted,
    "WH-007": kept_unknown,
    "WH-025": delivered_beside_one_put_aside,
    "WH-027": put_aside,
    "WH-029": withdrawn_for_both,
    "WH-031": withdrawn_for_both,
    "WH-033": suppressed_for_good,
}


def test_the_sample_is_whole() -> None:
    assert len(CASES) == 18


def test_a_malleable_signature_is_refused(world: World) -> None:
    assert post(b"[]", sig="malleable").status_code == 401
