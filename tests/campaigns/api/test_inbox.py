"""The in-app inbox: who may look, what is in it, and what the customer does with it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.models import ProviderAccount, Receipt, Touch
from compliance.models import AuditEntry
from compliance.queries import clock_now
from customers.actions.sources import create_api_key
from customers.models import Customer
from customers.vocabulary import KeyScope
from tests.factories import (
    graph_of,
    lift_contact_rules,
    make_account,
    make_journey,
    make_people,
    make_segment,
    make_template,
    send_node,
)

Call = Callable[..., tuple[int, dict]]
PARTS = {"title": "到期提醒", "body": "Your deposit ends soon.", "url": "https://example.com/d"}


@pytest.fixture
def inbox(db: None) -> list[Touch]:
    """Two customers, three messages each, handed over to the inbox."""
    now = clock_now()
    lift_contact_rules(now=now)
    make_account(Channel.IN_APP, vendor="inbox", now=now)
    make_template(Channel.IN_APP, parts=PARTS, now=now)
    make_people(2, channels=[Channel.IN_APP], now=now)
    make_segment(now=now)
    for key in ("one", "two", "three"):
        journey = make_journey(graph_of(send_node(Channel.IN_APP)), key=key, now=now)
        enrol(journey=journey, now=now)
    advance(owner="w", now=now)
    while dispatch_batch(owner="w", now=now):
        pass
    return list(Touch.objects.filter(customer__customer_no="P00000").order_by("id"))


def key_of(scope: KeyScope) -> str:
    return create_api_key(name=scope.value, scope=scope, now=clock_now()).secret


@pytest.fixture
def call(client: Client) -> Call:
    def send(path: str, bearer: str, method: str = "get", **body: object) -> tuple[int, dict]:
        answer = getattr(client, method)(
            f"/api/v1/inbox{path}",
            **({"data": body} if body else {}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {bearer}"} if bearer else {},
        )
        return answer.status_code, answer.json()

    return send


@pytest.fixture
def token(inbox: list[Touch], call: Call) -> str:
    status, told = call("/tokens", key_of(KeyScope.MANAGE), "post", customer="P00000")
    assert (status, told["expires_in"]) == (201, 3600)
    return str(told["token"])


def test_accepted_messages_are_listed_newest_first_with_their_content(
    inbox: list[Touch], call: Call
) -> None:
    status, told = call("?customer=P00000", key_of(KeyScope.READ))

    assert status == 200
    assert told["unread"] == 3
    assert told["next"] is None
    assert [row["id"] for row in told["results"]] == [str(t.key) for t in reversed(inbox)]
    first = told["results"][0]
    assert (first["title"], first["body"]) == (PARTS["title"], PARTS["body"])
    assert "/r/" in first["url"]
    assert first["read_at"] is None


def test_pages_follow_each_other_without_gap_or_repeat(inbox: list[Touch], token: str, call: Call):
    seen, path = [], "?limit=2"
    while path:
        _status, told = call(path, token)
        seen += [row["id"] for row in told["results"]]
        path = "?" + told["next"].partition("?")[2] if told["next"] else ""

    assert seen == [str(touch.key) for touch in reversed(inbox)]


def test_reading_and_clicking_raise_the_touch_and_never_lower_it(
    inbox: list[Touch], token: str, call: Call
) -> None:
    key = inbox[0].key

    assert call(f"/{key}/read", token, "post") == (200, {"unread": 2})
    assert Touch.objects.get(key=key).state == "opened"
    assert call(f"/{key}/click", token, "post") == (200, {"unread": 2})
    assert call(f"/{key}/read", token, "post") == (200, {"unread": 2})

    touch = Touch.objects.get(key=key)
    assert touch.state == "clicked"
    assert Receipt.objects.filter(touch=touch).count() == 2
    assert len(call("?unread=true", token)[1]["results"]) == 2


def test_dismissed_message_is_gone_and_its_state_stays(
    inbox: list[Touch], token: str, call: Call
) -> None:
    status, told = call(f"/{inbox[0].key}/dismiss", token, "post")

    assert (status, told) == (200, {"unread": 2})
    assert str(inbox[0].key) not in [row["id"] for row in call("", token)[1]["results"]]
    assert Touch.objects.get(key=inbox[0].key).state == "accepted"


def test_everything_is_read_at_once(inbox: list[Touch], token: str, call: Call) -> None:
    assert call("/read", token, "post") == (200, {"unread": 0})

    assert set(Touch.objects.values_list("customer__customer_no", "state")) == {
        ("P00000", "opened"),
        ("P00001", "accepted"),
    }


def test_message_leaves_the_inbox_when_its_days_are_over(
    inbox: list[Touch], token: str, call: Call
) -> None:
    account = ProviderAccount.objects.get()
    account.options = {**account.options, "keep_days": "2"}
    account.save()
    Touch.objects.filter(key=inbox[0].key).update(accepted_at=clock_now() - timedelta(days=3))

    told = call("", token)[1]

    assert told["unread"] == 2
    assert str(inbox[0].key) not in [row["id"] for row in told["results"]]


def test_token_opens_one_customers_inbox_only(inbox: list[Touch], token: str, call: Call) -> None:
    other = Touch.objects.filter(customer__customer_no="P00001").first()
    assert other is not None

    assert call(f"/{other.key}/read", token, "post")[0] == 404
    mine = {row["id"] for row in call("?customer=P00001", token)[1]["results"]}
    assert mine == {str(touch.key) for touch in inbox}
    assert call("/tokens", token, "post", customer="P00001")[0] == 401


@pytest.mark.parametrize("scope", [None, KeyScope.INGEST, KeyScope.READ])
def test_acting_needs_more_than_a_key_to_look(
    inbox: list[Touch], call: Call, scope: KeyScope | None
) -> None:
    bearer = key_of(scope) if scope else ""
    expected = 403 if scope else 401

    assert call(f"/{inbox[0].key}/read?customer=P00000", bearer, "post")[0] == expected
    assert call("/tokens", bearer, "post", customer="P00000")[0] == expected
    looked = call("?customer=P00000", bearer)[0]
    assert looked == (200 if scope is KeyScope.READ else expected)


def test_a_key_that_may_not_see_what_was_sent_sees_no_inbox(inbox: list[Touch], call: Call) -> None:
    made = create_api_key(name="k", scope=KeyScope.MANAGE, fields=["risk.level"], now=clock_now())

    assert call("?customer=P00000", made.secret)[0] == 403
    assert call("/tokens", made.secret, "post", customer="P00000")[0] == 403
    assert AuditEntry.objects.filter(action="api.field_refused").count() == 2


def test_forged_old_or_foreign_tokens_are_refused(
    inbox: list[Touch], token: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = token
    told = signing.loads(good.removeprefix("tsi_"), salt="campaigns.inbox")
    other = "tsi_" + signing.dumps(told, salt="another")
    keyless = "tsi_" + signing.dumps("P00000", salt="campaigns.inbox")

    assert call("", good)[0] == 200
    changed = good[:-1] + ("A" if good[-1] != "A" else "B")
    for bad in (changed, other, keyless, "tsi_", "tsi_x:y:z", "xé"):
        status, told = call("", bad)
        assert status == 401, bad
        assert told["status"] == 401
    monkeypatch.setattr("django.core.signing.time.time", lambda: 4_000_000_000)
    assert call("", good)[0] == 401


def test_unknown_restricted_and_erased_customers_have_no_inbox(
    inbox: list[Touch], token: str, call: Call
) -> None:
    manage = key_of(KeyScope.MANAGE)
    Customer.objects.filter(customer_no="P00000").update(status="restricted")

    assert call("", token)[0] == 404
    assert call("?customer=P00000", manage)[0] == 404
    assert call("?customer=nobody%00", manage)[0] == 404
    assert call("/tokens", manage, "post", customer="nobody")[0] == 404
    told = call("?customer=P00000", manage)[1]
    assert told["title"] == "not_found"
    assert told["detail"]


@pytest.mark.parametrize(
    "path", ["?limit=0", "?limit=101", "?limit=x", "?cursor=0", "?cursor=9999999999999999999999"]
)
def test_unreadable_page_is_one_clear_problem(
    inbox: list[Touch], token: str, call: Call, path: str
) -> None:
    status, told = call(path, token)

    assert status == 400
    assert told["title"] == "invalid"
    assert told["errors"]


def test_unknown_acts_and_messages_are_not_found(
    inbox: list[Touch], token: str, call: Call
) -> None:
    assert call(f"/{inbox[0].key}/burn", token, "post")[0] == 404
    assert call("/00000000-0000-0000-0000-000000000000/read", token, "post")[0] == 404


def test_schema_describes_the_inbox(client: Client, db: None) -> None:
    answer = client.get("/api/schema/?format=json")

    told = answer.json()
    assert told["openapi"].startswith("3.1")
    assert set(told["paths"]["/api/v1/inbox"]["get"]["responses"]) >= {"200", "401", "404"}
    assert "/api/v1/inbox/{key}/{act}" in told["paths"]
