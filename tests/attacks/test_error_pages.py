"""Attacks by forcing errors: a page that breaks tells a reference and nothing of the inside."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from campaigns.channels.base import Channel
from compliance.models import User
from config.browser_policy import HEADER
from config.logs import HEADER as REFERENCE
from customers.actions.sources import create_api_key
from customers.vocabulary import KeyScope
from tests.config.test_wsgi import ask
from tests.factories import NOW, make_account

pytestmark = pytest.mark.django_db
INSIDE = re.compile(
    r"select |insert |relation|psycopg|traceback|\.py|/site-packages|django|settings|secret_key"
    r"|postgres|column|exception",
    re.IGNORECASE,
)
PAGES = {
    "compliance": "/admin/compliance/auditentry/",
    "customers": "/admin/customers/customer/",
    "segments": "/admin/segments/segment/",
    "campaigns": "/admin/campaigns/touch/",
    "attribution": "/admin/reports/",
    "config": "/admin/",
}


@pytest.fixture
def client() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def broken() -> Iterator[None]:
    """Every statement that asks our own tables fails, with their names in its error."""

    def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if re.search(r"compliance_user|django_session|SAVEPOINT", sql):
            return execute(sql, params, many, context)
        return execute(f"SELECT secret_column FROM {sql}", params, many, context)

    with connection.execute_wrapper(fail):
        yield


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("app", PAGES)
@pytest.mark.parametrize(("language", "said"), [("en", "Reference"), ("zh-hans", "参考编号")])
def test_page_that_breaks_tells_its_reference_alone(
    client: Client, app: str, language: str, said: str
) -> None:
    client.cookies["django_language"] = language

    answer = client.get(PAGES[app], headers={"x-request-id": "told-to-the-log-1"})

    assert answer.status_code == 500
    assert answer[REFERENCE] == "told-to-the-log-1"
    assert "told-to-the-log-1" in answer.text
    assert said in answer.text
    assert not INSIDE.search(answer.text), INSIDE.search(answer.text)
    assert "unsafe-eval" in answer[HEADER]


@pytest.mark.parametrize(
    "path", ["/api/v1/customers/c1", "/api/v1/decide", "/hooks/account-sms/", "/api/v1/inbox"]
)
def test_door_for_programs_that_breaks_is_a_problem_with_its_reference(path: str) -> None:
    make_account(
        Channel.SMS, vendor="http_sms", base_url="http://127.0.0.1:9", secrets={"api_secret": "s"}
    )
    secret = create_api_key(name="bank", scope=KeyScope.MANAGE, now=NOW).secret
    client = Client(raise_request_exception=False, headers={"authorization": f"Bearer {secret}"})

    def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        return execute(f"SELECT secret_column FROM {sql}", params, many, context)

    with connection.execute_wrapper(fail):
        answer = client.post(path, "{}", "application/json") if "hooks" in path else None
        answer = answer or client.get(path)

    assert answer.status_code in {405, 500}
    if answer.status_code == 500:
        told = json.loads(answer.content)
        assert told["reference"] == answer[REFERENCE]
        assert answer["Content-Type"] == "application/problem+json"
    assert not INSIDE.search(answer.text.replace("about:blank", ""))


def test_events_door_that_breaks_is_a_problem_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.execute_wrapper(_fail):
        status, headers, body = ask("/v1/track", HTTP_AUTHORIZATION="Basic dHN3X3g6")

    assert status.startswith("500")
    assert json.loads(body)["reference"] == headers[REFERENCE]
    assert not INSIDE.search(body.decode())


def _fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    return execute(f"SELECT secret_column FROM {sql}", params, many, context)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(
    ("path", "status"),
    [("/nothing", 404), ("/admin/nothing/", 404), ("/r/x", 404), ("/u/x", 404), ("/api/x", 404)],
)
def test_address_that_leads_nowhere_says_so_in_the_readers_language(
    client: Client, path: str, status: int, language: str
) -> None:
    client.cookies["django_language"] = language

    answer = client.get(path)

    assert answer.status_code == status
    assert ("这里没有内容" in answer.text) is (language != "en")
    assert not INSIDE.search(answer.text)


def test_a_path_comes_back_nowhere_in_a_refusal(client: Client) -> None:
    answer = client.get("/<script>alert(1)</script>/%22onload=%22")

    assert answer.status_code == 404
    assert "alert" not in answer.text


def test_page_without_the_right_says_whom_to_ask() -> None:
    client = Client()
    client.force_login(User.objects.create_user("nobody", is_staff=True))

    answer = client.get(reverse("admin:customers_customer_changelist"))

    assert answer.status_code == 403
    assert "role" in answer.text
    assert 'href="/admin/"' in answer.text


def test_a_customer_is_shown_no_way_into_the_console(client: Client) -> None:
    assert "/admin/" not in client.get("/u/x").text
