"""Segments by the open API: which there are, and who was in at a time."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from compliance.models import AuditEntry
from customers.actions.sources import create_api_key
from customers.vocabulary import KeyScope
from segments.actions.refresh import refresh
from segments.actions.save import restore_version
from segments.api.urls import urlpatterns
from segments.errors import NotPossible
from segments.models import Segment
from segments.queries import sizes
from segments.vocabulary import RESERVED_KEYS
from tests.factories import NOW, make_people, make_segment, make_staff

pytestmark = pytest.mark.django_db
MEMBERS = "/api/v1/segments/all/members"


def key(scope: KeyScope = KeyScope.READ) -> dict[str, Any]:
    return {"Authorization": f"Bearer {create_api_key(name='k', scope=scope, now=NOW).secret}"}


@pytest.fixture
def people() -> list[int]:
    ids = make_people(5)
    refresh(segment=make_segment(), now=NOW)
    return ids


def test_members_come_page_by_page_as_of_one_time(client: Client, people: list[int]) -> None:
    headers = key()
    first = client.get(f"{MEMBERS}?limit=3&at={NOW:%Y-%m-%dT%H:%M:%SZ}", headers=headers).json()
    rest = client.get(first["next"], headers=headers).json()

    assert (first["segment"], first["version"]) == ("all", 1)
    assert [one["customer_no"] for one in (*first["results"], *rest["results"])] == [
        f"P0000{number}" for number in range(5)
    ]
    assert (rest["next"], rest["at"]) == (None, first["at"])
    assert first["results"][0] | {"entered_at": ""} == {
        "customer_no": "P00000",
        "entered_at": "",
        "left_at": None,
        "version": 1,
        "left_version": None,
        "entered_why": "rule",
        "left_why": None,
    }


def test_before_the_segment_was_nobody_was_in(client: Client, people: list[int]) -> None:
    at = (NOW - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

    told = client.get(f"{MEMBERS}?at={at}", headers=key()).json()

    assert (told["results"], told["version"], told["next"]) == ([], None, None)


def test_the_segments_in_use_are_listed(client: Client, people: list[int]) -> None:
    make_segment("more", {"segment": "all"})
    headers = key()

    first = client.get("/api/v1/segments?limit=1", headers=headers).json()
    rest = client.get(first["next"], headers=headers).json()

    assert [one["key"] for one in (*first["results"], *rest["results"])] == ["all", "more"]
    assert first["results"][0]["size"] == 5


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/v1/segments/nobody/members", 404),
        ("/api/v1/segments/%00/members", 404),
        (f"{MEMBERS}?at=yesterday", 400),
        (f"{MEMBERS}?at=0001-01-01", 400),
        (f"{MEMBERS}?at=9999-12-31", 400),
        (f"{MEMBERS}?limit=0", 400),
        (f"{MEMBERS}?limit=1001", 400),
        (f"{MEMBERS}?after=x", 400),
        (f"{MEMBERS}?after=99999999999999999999", 400),
    ],
)
def test_what_cannot_be_answered_is_a_problem(
    client: Client, people: list[int], address: str, status: int
) -> None:
    answer = client.get(address, headers=key())

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_no_key_and_a_write_key_are_refused(client: Client, people: list[int]) -> None:
    assert client.get(MEMBERS).status_code == 401
    assert client.get(MEMBERS, headers=key(KeyScope.INGEST)).status_code == 403


PREVIEW = "/api/v1/segments/preview"


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_a_rule_is_previewed_by_itself_or_as_a_field(
    client: Client, people: list[int], is_wrapped: bool
) -> None:
    rule = {"field": "customer_no", "op": "in", "value": ["P00000", "P00003"]}
    body = {"rule": rule} if is_wrapped else rule

    told = client.post(PREVIEW, body, "application/json", headers=key())

    found = told.json()
    assert told.status_code == 200
    assert (found["count"], found["sample"]) == (2, ["P00000", "P00003"])
    assert set(found["explain"]) == {"en", "zh"}
    assert "customers_customer" in found["sql"]
    assert (found["is_estimate"], found["warnings"]) == (False, [])


@pytest.mark.parametrize(
    ("body", "title", "path"),
    [
        ('{"all": [{"everyone": true}, {"field": "risk_lvl"}]}', "missing_key", "/all/1"),
        ('{"rule": {"field": "risk_lvl", "op": "exists"}}', "unknown_field", "/field"),
        ("[]", "not_an_object", ""),
        ("null", "not_an_object", ""),
    ],
)
def test_a_rule_that_cannot_be_used_is_a_problem_with_its_place(
    client: Client, body: str, title: str, path: str
) -> None:
    told = client.post(PREVIEW, body, "application/json", headers=key())

    problem = told.json()
    assert told.status_code == 400
    assert told["Content-Type"] == "application/problem+json"
    assert (problem["title"], problem["path"]) == (title, path)
    assert problem["detail"]


@pytest.mark.parametrize(
    "body", ["{", '{"sample": 1, "sample": 2}', '{"sample": NaN}', '"\\ud800"', "[" * 100_000]
)
def test_a_body_that_is_no_json_is_a_problem(client: Client, body: str) -> None:
    told = client.post(PREVIEW, body, "application/json", headers=key())

    assert (told.status_code, told.json()["title"]) == (400, "parse_error")


def test_a_rule_that_even_a_sample_cannot_count_is_a_problem_in_words(
    client: Client, people: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Sixty windows are planned longer than a millisecond anywhere.
    monkeypatch.setattr(sizes, "PREVIEW_TIMEOUT_MS", 1)
    monkeypatch.setattr(sizes, "QUICK_MS", 1)
    monkeypatch.setattr(sizes, "DRAWS", ((10, 1),))
    rule = {"any": [{"event": "viewed", "within_days": days} for days in range(1, 61)]}

    told = client.post(PREVIEW, rule, "application/json", headers=key())

    assert told.status_code == 422
    assert "fewer conditions" in told.json()["detail"]


def test_a_preview_needs_a_key_that_may_read(client: Client) -> None:
    asked = ('{"everyone": true}', "application/json")

    assert client.post(PREVIEW, *asked).status_code == 401
    assert client.post(PREVIEW, *asked, headers=key(KeyScope.INGEST)).status_code == 403


SEGMENTS = "/api/v1/segments"
NEAR = {"key": "near", "name": "Near", "rule": {"field": "city", "op": "eq", "value": "Suzhou"}}


def send(client: Client, path: str, body: object, *, verb: str = "post", **headers: str) -> Any:
    asked = {**key(KeyScope.MANAGE), **headers}
    return getattr(client, verb)(path, body, "application/json", headers=asked)


def test_a_segment_is_made_and_changed_with_a_version_each(client: Client) -> None:
    made = send(client, SEGMENTS, NEAR)
    rule = {"field": "city", "op": "eq", "value": "Wuxi"}
    body = {"name": "Near", "rule": rule, "version": 1, "note": "moved"}
    changed = send(client, f"{SEGMENTS}/near", body, verb="put")

    assert (made.status_code, made.json()["version"]) == (201, 1)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert client.get(f"{SEGMENTS}/near", headers=key()).json()["rule"] == rule
    entries = AuditEntry.objects.filter(action="segment.save", subject="near")
    assert [entry.actor.partition(":")[0] for entry in entries] == ["key", "key"]
    refresh(segment=Segment.objects.get(key="near"), now=NOW)


@pytest.mark.parametrize("word", sorted(RESERVED_KEYS))
def test_no_segment_is_called_like_an_address_of_the_api(client: Client, word: str) -> None:
    refused = send(client, SEGMENTS, {**NEAR, "key": word})
    told = refused.json()
    client.force_login(make_staff().marketer)
    typed = {"key": word, "name": "Near", "rule": '{"everyone": true}', "most_moved": "50"}
    page = client.post(reverse("admin:segments_segment_add"), typed).content.decode()

    assert (refused.status_code, told["title"], told["path"]) == (400, "key_reserved", "/key")
    assert told["detail"] in page
    assert not Segment.objects.exists()
    with pytest.raises(NotPossible):
        make_segment(word)


def test_every_address_of_the_api_that_could_be_a_key_is_reserved() -> None:
    below = "api/v1/segments/"
    routes = [str(one.pattern) for one in urlpatterns]
    words = {route.removeprefix(below).split("/")[0] for route in routes if below in route}

    assert {word for word in words if "<" not in word} == RESERVED_KEYS


def test_a_segment_that_had_such_a_key_before_can_still_be_changed() -> None:
    segment = make_segment("near")
    Segment.objects.filter(pk=segment.pk).update(key="preview")

    make_segment("preview", NEAR["rule"])

    assert Segment.objects.get(pk=segment.pk).version == 2


def test_saving_tells_what_of_the_rule_may_be_a_mistake(client: Client, people: list[int]) -> None:
    rule = {"not": {"event": "never_came", "within": {"from": "2199-01-01"}}}

    made = send(client, SEGMENTS, {**NEAR, "rule": rule}).json()
    changed = send(
        client, f"{SEGMENTS}/near", {"name": "Near", "rule": rule, "version": 1}, verb="put"
    ).json()

    told = [(one["code"], one["path"]) for one in made["warnings"]]
    assert told == [
        ("unknown_event", "/rule/not/event"),
        ("period_ahead", "/rule/not/within/from"),
    ]
    assert changed["warnings"] == made["warnings"]
    assert "warnings" not in client.get(f"{SEGMENTS}/near", headers=key()).json()


@pytest.mark.parametrize(
    "rule",
    [
        {"event": "x" * 257},
        {"sequence": [{"event": "login"}, {"event": "x" * 257}]},
        {"months_in_a_row": {"event": "x" * 257, "months": 2}},
    ],
)
def test_no_rule_names_an_event_longer_than_any_can_be(
    client: Client, people: list[int], rule: dict[str, Any]
) -> None:
    told = send(client, SEGMENTS, {**NEAR, "rule": rule})

    problem = told.json()
    assert (told.status_code, problem["title"]) == (400, "too_long")
    assert problem["path"].endswith("/event")
    assert "256" in problem["detail"]


def test_of_two_who_change_it_the_second_is_told(client: Client) -> None:
    send(client, SEGMENTS, NEAR)
    first, second = (
        {"name": "Near", "rule": {"field": "city", "op": "eq", "value": city}, "version": 1}
        for city in ("Wuxi", "Changzhou")
    )

    assert send(client, f"{SEGMENTS}/near", first, verb="put").status_code == 200
    told = send(client, f"{SEGMENTS}/near", second, verb="put")

    assert (told.status_code, told.json()["title"]) == (409, "changed_meanwhile")
    assert Segment.objects.get(key="near").rule["value"] == "Wuxi"


def test_a_key_that_is_taken_is_told_and_a_repeated_request_answered(client: Client) -> None:
    secret = key(KeyScope.MANAGE)
    again = {**secret, "Idempotency-Key": "one"}
    answers = [client.post(SEGMENTS, NEAR, "application/json", headers=again) for _ in range(2)]
    other = client.post(SEGMENTS, NEAR, "application/json", headers=secret)

    assert [answer.status_code for answer in answers] == [201, 201]
    assert (other.status_code, other.json()["title"]) == (409, "key_taken")


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"rule": {"all": [{"field": "ctiy", "op": "exists"}]}}, 400, "/rule/all/0/field"),
        ({"rule": {"segment": "near"}}, 400, "/rule/segment"),
        ({"key": "a b"}, 400, "key"),
        ({"name": ""}, 400, "name"),
        ({"naem": "x"}, 400, "naem"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_nothing_is_made(
    client: Client, change: dict[str, Any], status: int, word: str
) -> None:
    told = send(client, SEGMENTS, {**NEAR, **change})

    assert told.status_code == status
    assert word in told.content.decode()
    assert not Segment.objects.filter(key="near").exists()


def test_what_is_archived_or_not_there_is_not_changed(client: Client) -> None:
    make_segment("old")
    Segment.objects.filter(key="old").update(archived_at=NOW)
    body = {"name": "x", "rule": {"everyone": True}, "version": 1}

    archived = send(client, f"{SEGMENTS}/old", body, verb="put")

    assert (archived.status_code, archived.json()["title"]) == (409, "archived")
    assert send(client, f"{SEGMENTS}/nowhere", body, verb="put").status_code == 404


def test_only_a_key_that_manages_makes_segments(client: Client) -> None:
    told = client.post(SEGMENTS, NEAR, "application/json", headers=key())

    assert told.status_code == 403


class TestTwoWhoChangeOne:
    """Of two who read a segment and change it, the second is told of the first."""

    def put(self, client: Client, headers: dict[str, Any], **told: Any) -> Any:
        body = {"name": "All", "rule": {"everyone": True}, "version": 1, **told}
        url = "/api/v1/segments/all"
        return client.put(url, body, content_type="application/json", headers=headers)

    def test_a_name_that_another_gave_is_not_overwritten(self, client: Client) -> None:
        make_segment()
        headers = key(KeyScope.MANAGE)
        read = client.get("/api/v1/segments/all", headers=headers)
        match = {**headers, "If-Match": read["ETag"]}

        first = self.put(client, match, name="Everybody")
        second = self.put(client, match, description="All of them")

        assert (first.status_code, first["ETag"] != read["ETag"]) == (200, True)
        assert (second.status_code, second.json()["title"]) == (412, "changed")
        assert Segment.objects.get().name == "Everybody"
        again = self.put(client, {**headers, "If-Match": first["ETag"]}, name="Everybody")
        assert again.status_code == 200

    def test_who_does_not_ask_for_it_is_held_to_the_version_only(self, client: Client) -> None:
        make_segment()
        headers = key(KeyScope.MANAGE)

        assert self.put(client, headers, name="Everybody").status_code == 200
        assert self.put(client, {**headers, "If-Match": "*"}, name="A").status_code == 200
        assert self.put(client, headers, version=7).status_code == 409


def test_going_back_to_a_rule_keeps_the_name_given_meanwhile() -> None:
    segment = make_segment()
    author = make_staff().marketer
    make_segment(rule={"field": "risk_level", "op": "eq", "value": "C3"})
    opened = Segment.objects.get(pk=segment.pk)
    Segment.objects.filter(pk=segment.pk).update(name="Everybody", description="Of all")

    restore_version(segment=opened, number=1, author=author, now=NOW)

    now_is = Segment.objects.get()
    assert (now_is.name, now_is.description, now_is.version) == ("Everybody", "Of all", 3)
