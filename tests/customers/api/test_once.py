"""A write that comes again under its Idempotency-Key is done once, and answered as at first."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from compliance.models import AuditEntry
from compliance.queries import clock_now
from customers.actions.api_access import refuse_fields
from customers.actions.once import Answer, drop_old_answers, once
from customers.actions.sources import create_api_key
from customers.models import AnsweredRequest, Consent, MergeProposal, Source
from customers.vocabulary import KeyScope
from tests.factories import NOW, make_people

pytestmark = pytest.mark.django_db
CONSENTS = "/api/v1/customers/P00000/consents"
GRANT = {"channel": "email", "state": "granted", "notice_version": "2026-01"}


@pytest.fixture
def bearer() -> str:
    return make_key()


def make_key() -> str:
    return create_api_key(name="k", scope=KeyScope.MANAGE, now=clock_now()).secret


def post(client: Client, secret: str, body: object, key: str | None, path: str = CONSENTS) -> Any:
    headers = {"Authorization": f"Bearer {secret}"}
    if key is not None:
        headers["Idempotency-Key"] = key
    return client.post(path, body, "application/json", headers=headers)


@pytest.mark.parametrize("again", ["a-1", '"a-1"'], ids=["bare", "as a structured string"])
def test_what_comes_again_is_answered_and_not_done_again(
    client: Client, bearer: str, again: str
) -> None:
    make_people(1, has_consent=False)

    first = post(client, bearer, GRANT, "a-1")
    second = post(client, bearer, {**GRANT}, again)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    assert Consent.objects.count() == 1


def test_without_a_key_or_under_another_it_is_done_again(client: Client, bearer: str) -> None:
    make_people(1, has_consent=False)

    for secret, key in ((bearer, None), (bearer, None), (bearer, "b"), (make_key(), "b")):
        assert post(client, secret, GRANT, key).status_code == 201

    assert Consent.objects.count() == 4


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({**GRANT, "state": "withdrawn"}, CONSENTS),
        (GRANT, CONSENTS.replace("P00000", "P00001")),
    ],
    ids=["another body", "another address"],
)
def test_a_key_stands_for_one_request(client: Client, bearer: str, body: Any, path: str) -> None:
    make_people(2, has_consent=False)
    post(client, bearer, GRANT, "a-1")

    told = post(client, bearer, body, "a-1", path)

    assert (told.status_code, told.json()["title"]) == (422, "key_reused")
    assert Consent.objects.count() == 1


def test_what_was_refused_is_judged_anew(client: Client, bearer: str) -> None:
    assert post(client, bearer, GRANT, "a-1").status_code == 404
    assert post(client, bearer, {"channel": "pigeon"}, "a-2").status_code in (400, 404)
    make_people(1, has_consent=False)

    assert post(client, bearer, GRANT, "a-1").status_code == 201


def test_what_a_refusal_put_on_record_stays(bearer: str) -> None:
    source = Source.objects.get(name="k")

    def act() -> None:
        refuse_fields(source=source, fields=["assets"], now=NOW)

    assert once(source=source, key="a", asked="x", act=act, now=NOW) is None

    assert AuditEntry.objects.filter(action="api.field_refused").count() == 1
    assert not AnsweredRequest.objects.exists()


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
def test_a_key_that_cannot_be_read_is_refused(client: Client, bearer: str, key: str) -> None:
    make_people(1, has_consent=False)

    told = post(client, bearer, GRANT, key)

    assert (told.status_code, told.json()["title"]) == (400, "key_unreadable")
    assert not Consent.objects.exists()


def test_merges_are_proposed_once(client: Client, bearer: str) -> None:
    make_people(2)
    body = {"customers": ["P00000", "P00001"]}

    answers = [post(client, bearer, body, "m", "/api/v1/merges").json() for _ in range(2)]

    assert answers[0] == answers[1]
    assert MergeProposal.objects.count() == 1


def test_answers_are_sealed_and_kept_for_a_day(client: Client, bearer: str) -> None:
    make_people(1, has_consent=False)
    post(client, bearer, GRANT, "a-1")
    kept = AnsweredRequest.objects.get()

    assert b"granted" not in bytes(kept.answer_cipher)
    assert b"a-1" not in bytes(kept.key_hash)
    assert drop_old_answers(now=kept.answered_at + timedelta(hours=23)) == 0
    assert drop_old_answers(now=kept.answered_at + timedelta(hours=25)) == 1


def test_after_a_day_a_key_is_new(bearer: str) -> None:
    source = Source.objects.get(name="k")
    done: list[int] = []

    def act() -> Answer:
        done.append(1)
        return Answer(status=201, body={"n": len(done)})

    moments = (NOW, NOW + timedelta(hours=23), NOW + timedelta(hours=25))
    told = [once(source=source, key="a", asked="x", act=act, now=now) for now in moments]

    assert [answer and (answer.body, answer.is_again) for answer in told] == [
        ({"n": 1}, False),
        ({"n": 1}, True),
        ({"n": 2}, False),
    ]


def test_what_broke_is_as_if_it_had_not_begun(bearer: str) -> None:
    (person,) = make_people(1, has_consent=False)
    source = Source.objects.get(name="k")

    def act() -> Answer:
        Consent.objects.create(
            customer_id=person, purpose="marketing", channel="sms", state="granted", at=NOW
        )
        raise ConnectionError("the process dies here")

    with pytest.raises(ConnectionError):
        once(source=source, key="a", asked="x", act=act, now=NOW)

    assert not Consent.objects.exists()
    assert not AnsweredRequest.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_ten_at_a_time_one_is_done(bearer: str) -> None:
    make_people(1, has_consent=False)
    answers: list[tuple[int, str]] = []
    ready = threading.Barrier(10)

    def send() -> None:
        ready.wait()
        told = post(Client(), bearer, GRANT, "a-1")
        answers.append((told.status_code, json.dumps(told.json(), sort_keys=True)))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Consent.objects.count() == 1
    assert {status for status, _body in answers} <= {201, 409}
    assert len({body for status, body in answers if status == 201}) == 1
