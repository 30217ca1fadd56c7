"""What the tracking endpoints promise beyond the sample's cases."""

import gzip
import io
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, connections
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.queries import clock_now
from customers.actions.consents import withdraw
from customers.api.collect import endpoint
from customers.models import Attribute, Customer, Quarantine
from customers.queries.consents import current_consents
from customers.queries.people import customer_facts
from customers.vocabulary import KeyScope


def facts_of(customer_no: str) -> Any:
    identifier = Customer.objects.get(customer_no=customer_no).pk
    return customer_facts([identifier])[identifier]


def test_identify_makes_the_customer_and_later_events_find_it(door: Any) -> None:
    door.post("/v1/identify", {"userId": "u1", "anonymousId": "a1", "traits": {"name": "张伟"}})
    door.track(userId="u1")
    door.post("/v1/track", {"anonymousId": "a1", "event": "Fund Viewed"})

    owner = Customer.objects.get(customer_no="u1").pk
    assert [event["customer_id"] for event in door.events()] == [owner] * 3
    assert facts_of("u1").name == "张伟"


def test_track_of_an_unknown_user_is_kept_and_makes_nobody(door: Any) -> None:
    door.track(userId="stranger")

    assert Customer.objects.count() == 0
    assert door.events()[0]["user_id"] == "stranger"


def test_traits_become_typed_attributes(door: Any) -> None:
    traits = {"plan": "gold", "visits": 3, "isMember": True, "nested": {"no": 1}}

    answer = door.post("/v1/identify", {"userId": "u1", "messageId": "m", "traits": traits})

    assert facts_of("u1").attributes == {"plan": "gold", "visits": 3, "is_member": True}
    assert dict(Attribute.objects.values_list("key", "type")) == {
        "plan": "text",
        "visits": "number",
        "is_member": "boolean",
    }
    [ignored] = answer.json()["ignored"]
    assert (ignored["index"], ignored["messageId"], ignored["fields"]) == (0, "m", ["nested"])


def test_attribute_of_another_type_than_the_catalogue_is_not_stored(door: Any) -> None:
    door.post("/v1/identify", {"userId": "u1", "traits": {"visits": 3}})
    answer = door.post("/v1/identify", {"userId": "u1", "traits": {"visits": "many"}})

    assert facts_of("u1").attributes == {"visits": 3}
    [ignored] = answer.json()["ignored"]
    assert [one["code"] for one in ignored["reasons"]] == ["value_not_storable"]


def test_server_key_may_set_a_risk_level(db: None, make_door: Callable[..., Any]) -> None:
    door = make_door(KeyScope.MANAGE)

    door.post("/v1/identify", {"userId": "u1", "traits": {"risk_level": "C4"}})

    assert facts_of("u1").risk_level == "C4"


def test_alias_lets_the_earlier_id_name_the_customer(door: Any) -> None:
    door.post("/v1/identify", {"userId": "u1"})
    door.post("/v1/alias", {"userId": "u1", "previousId": "old"})
    door.track(userId="old")

    owner = Customer.objects.get(customer_no="u1").pk
    assert door.events()[-1]["customer_id"] == owner


def test_two_names_of_one_customer_in_one_batch_describe_one_person(door: Any) -> None:
    door.post("/v1/identify", {"userId": "u1"})
    door.post("/v1/alias", {"userId": "u1", "previousId": "old"})

    answer = door.post(
        "/v1/batch",
        {
            "batch": [
                {"type": "identify", "userId": "u1", "traits": {"plan": "gold"}},
                {"type": "identify", "userId": "old", "traits": {"city": "Wuhan"}},
            ]
        },
    )

    assert answer.json() == {"success": True}
    assert (facts_of("u1").city, facts_of("u1").attributes) == ("Wuhan", {"plan": "gold"})


def test_skewed_clock_is_corrected(door: Any) -> None:
    wrong = datetime(2019, 1, 1, tzinfo=UTC)
    door.track(
        timestamp=(wrong - timedelta(minutes=10)).isoformat(),
        sentAt=wrong.isoformat(),
    )

    event = door.events()[0]
    late = event["received_at"] - event["occurred_at"]
    assert abs(late - timedelta(minutes=10)) < timedelta(seconds=1)
    assert "2018-12-31T23:50" in str(event["context"])


def test_import_keeps_times_as_they_are(door: Any) -> None:
    old = "2008-03-20T10:00:00+00:00"
    body = {
        "sentAt": "2026-01-01T00:00:00Z",
        "batch": [{"type": "track", "userId": "u1", "event": "Order", "timestamp": old}],
    }

    assert door.post("/v1/import", body).json() == {"success": True}
    assert door.events()[0]["occurred_at"].isoformat() == old


def test_page_call_keeps_its_name(door: Any) -> None:
    door.post("/v1/p", {"userId": "u1", "name": "Home", "properties": {"url": "/?utm_source=x"}})

    event = door.events()[0]
    assert event["name"] == "Page Viewed"
    assert json.loads(event["properties"]) == {"name": "Home", "url": "/?utm_source=x"}


def test_batch_stores_the_good_and_lists_the_bad(door: Any) -> None:
    good = {"type": "track", "userId": "u1", "event": "a", "messageId": "good"}
    bad = [{**good, "type": "nonsense", "messageId": "bad"}, {**good, "event": "x\0"}, 7]

    answer = door.post("/v1/batch", {"batch": [bad[0], good, *bad[1:]]}).json()

    assert answer["success"] is True
    assert [(one["index"], one["code"]) for one in answer["rejected"]] == [
        (0, "unknown_type"),
        (2, "nul_character"),
        (3, "not_an_object"),
    ]
    assert [event["message_id"] for event in door.events()] == ["good"]
    assert Quarantine.objects.count() == 3


def test_personal_data_in_events_is_masked(door: Any) -> None:
    door.track(
        properties={"note": "call 13800138000", "phone": 13800138000, "amount": 13800138000},
        context={"page": {"url": "https://x.example/?email=li.na@example.com&a=1"}},
    )

    event = door.events()[0]
    properties, context = json.loads(event["properties"]), json.loads(event["context"])
    assert properties == {"note": "call 138****8000", "phone": "138****8000", "amount": 13800138000}
    assert context["page"]["url"] == "https://x.example/?email=l***@example.com&a=1"


def test_gzip_is_known_by_its_first_bytes(door: Any) -> None:
    body = gzip.compress(json.dumps({"userId": "u1", "event": "a"}).encode())

    answer = door.post("/v1/t", body, content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 200
    assert len(door.events()) == 1


def test_gzip_bomb_is_refused(door: Any) -> None:
    bomb = gzip.compress(b'{"k":"' + b"x" * 50_000_000 + b'"}')
    assert len(bomb) < 500 * 1024

    assert door.post("/v1/batch", bomb).status_code == 413


def test_any_page_may_send_from_a_browser(door: Any) -> None:
    assert door.track()["Access-Control-Allow-Origin"] == "*"


def test_identify_never_lifts_a_withdrawal(door: Any) -> None:
    door.post("/v1/identify", {"userId": "u1", "traits": {"email": "u1@example.com"}})
    owner = Customer.objects.get(customer_no="u1").pk
    withdraw(
        customer_id=owner,
        purpose="marketing",
        channel="email",
        source="link",
        evidence={},
        now=clock_now(),
    )

    door.post("/v1/identify", {"userId": "u1", "traits": {"consent_email": True}})

    assert current_consents([owner]) == {owner: {"email": "withdrawn"}}


def test_fifty_posts_at_once_store_one_event(committed_door: Any) -> None:
    body = {"userId": "u1", "event": "Order", "messageId": "same"}
    statuses: list[int] = []

    def post() -> None:
        statuses.append(committed_door.post("/v1/track", body).status_code)
        connections.close_all()

    threads = [threading.Thread(target=post) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # A client told to come back does so with the same message id.
    while 503 in statuses:
        statuses.remove(503)
        post()
    assert statuses == [200] * 50
    assert len(committed_door.events()) == 1


def test_batches_with_the_same_messages_never_deadlock(committed_door: Any) -> None:
    calls = [
        {"type": "track", "userId": "u1", "event": "a", "messageId": f"m{n}"} for n in range(40)
    ]
    statuses: list[int] = []

    def post(messages: list[dict[str, str]]) -> None:
        statuses.append(committed_door.post("/v1/batch", {"batch": messages}).status_code)
        connections.close_all()

    threads = [threading.Thread(target=post, args=[calls[:: 1 - 2 * (n % 2)]]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 6
    assert len(committed_door.events()) == 40


def test_database_that_is_away_answers_503(committed_door: Any) -> None:
    committed_door.track()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE customers_event RENAME TO customers_event_away")
    try:
        connections.close_all()
        connections["default"].settings_dict["PORT"], port = (
            "1",
            connections["default"].settings_dict["PORT"],
        )
        answer = committed_door.track()
    finally:
        connections["default"].settings_dict["PORT"] = port
        connections.close_all()
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE customers_event_away RENAME TO customers_event")

    assert (answer.status_code, answer["Retry-After"]) == (503, "2")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["userId", "anonymousId", "messageId", "event", "properties", "context", "timestamp"]
) | st.sampled_from(
    ["sentAt", "traits", "type", "previousId", "groupId", "originalTimestamp", "name"]
)
WORDS = st.sampled_from(["track", "identify", "page", "group", "alias", "u1", "2026-01-01T00:00Z"])
TRAITS = st.dictionaries(
    st.sampled_from(["name", "email", "phone", "gender", "birthday", "city", "riskLevel", "plan"])
    | st.sampled_from(["lifecycle", "investor_type", "timezone", "locale", "state"]),
    WORDS | JSON | st.sampled_from(["2026-W01-1", "a@b.cn", "13800138000", "C3", "x" * 30]),
    max_size=5,
)
IDENTIFY = st.fixed_dictionaries(
    {"type": st.just("identify"), "userId": st.sampled_from(["u1", "u2"]), "traits": TRAITS}
)
CALLS = st.dictionaries(FIELDS, WORDS | JSON, max_size=8) | IDENTIFY


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(calls=st.lists(CALLS | JSON, max_size=3))
def test_whatever_is_sent_has_a_verdict(door: Any, calls: list[Any]) -> None:
    body = json.dumps({"batch": calls}).encode("utf-8", "surrogatepass")

    for made_trusted in (False, True):
        if made_trusted:
            type(door.source).objects.update(scope=KeyScope.MANAGE)
        answer = door.post("/v1/batch", body)
    type(door.source).objects.update(scope=KeyScope.INGEST)

    assert answer.status_code in {200, 400}
    if answer.status_code == 200:
        assert len(answer.json().get("rejected", [])) <= len(calls)


class Endless:
    """A body of announced length "chunked" that never ends."""

    given = 0

    def read(self, size: int) -> bytes:
        """Always full."""
        self.given += size
        return b"x" * size


def test_endless_body_is_cut_off_at_the_limit() -> None:
    request = RequestFactory().post("/v1/track", headers={"transfer-encoding": "chunked"})
    request.META["CONTENT_LENGTH"] = ""
    request.META["wsgi.input"] = endless = Endless()

    answer = endpoint("track")(request)

    assert answer.status_code == 413
    assert endless.given <= 2 * 64 * 1024


def test_body_in_chunks_is_read_whole(door: Any) -> None:
    body = json.dumps({"userId": "u1", "event": "a", "writeKey": door.secret}).encode()
    request = RequestFactory().post("/v1/track", headers={"transfer-encoding": "chunked"})
    request.META["CONTENT_LENGTH"] = ""
    request.META["wsgi.input"] = io.BytesIO(body)

    assert endpoint("track")(request).status_code == 200
    assert len(door.events()) == 1
