"""`POST /api/v1/templates/preview`: the same verdicts as on the command line."""

from typing import Any

import pytest
from django.test import Client

from compliance.queries import clock_now
from customers.actions.sources import create_api_key
from customers.vocabulary import KeyScope

pytestmark = pytest.mark.django_db


def post(body: object, *, scope: KeyScope | None = KeyScope.READ, **headers: str) -> Any:
    if scope:
        key = create_api_key(name=scope.value, scope=scope, now=clock_now()).secret
        headers["Authorization"] = f"Bearer {key}"
    return Client().post(
        "/api/v1/templates/preview", body, content_type="application/json", headers=headers
    )


def test_a_preview_says_what_would_be_sent() -> None:
    answer = post({"template": "{{ v }}您好", "context": {"v": "张"}, "channel": "sms"})

    assert answer.status_code == 200
    assert answer.json() == {"class": "ok", "output": "张您好", "segments": 1, "problems": []}


def test_a_problem_comes_with_its_place_in_the_readers_language() -> None:
    answer = post({"template": "{% foo %}"}, **{"Accept-Language": "zh-hans"})

    (problem,) = answer.json()["problems"]
    assert (answer.json()["class"], problem["line"], problem["column"]) == ("parse_error", 1, 4)
    assert "不是标签" in problem["message"]


@pytest.mark.parametrize("body", [[], {}, {"template": 1}, {"template": "x", "channel": "fax"}])
def test_what_makes_no_sense_is_a_problem_document(body: object) -> None:
    answer = post(body)

    assert answer.status_code == 400
    assert "problem+json" in answer["Content-Type"]


def test_nobody_previews_without_a_key_that_may_read() -> None:
    assert post({"template": "x"}, scope=None).status_code == 401
    assert post({"template": "x"}, scope=KeyScope.INGEST).status_code == 403


def test_a_preview_heeds_what_it_is_for() -> None:
    quoting = {"template": "原保本基金将转型", "channel": "sms"}

    assert post(quoting).json()["class"] == "suppress"
    assert post({**quoting, "purpose": "statutory"}).json()["class"] == "ok_warn"
    assert post({**quoting, "purpose": "education"}).status_code == 400
