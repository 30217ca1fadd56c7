"""Attacks from other sites: forms and scripts sent by a visitor's browser, links that lead on."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from campaigns.channels.base import Channel
from compliance.models import AuditEntry, User
from customers.actions.sources import create_api_key
from customers.vocabulary import KeyScope
from tests.factories import NOW, make_account

pytestmark = pytest.mark.django_db

EVIL = "https://evil.example"
# Doors without a cookie: a key, a signature or a token in the address says who asks.
COOKIELESS = ("v1/", "api/v1/", "hooks/", "sourceConfig", "u/", "c/", "api/schema/", "api/docs/")
VALUES = {"int": "1", "slug": "x", "str": "x", "path": "1", "uuid": f"{1:032x}", None: "1"}


def addresses() -> Iterator[tuple[str, Any]]:
    """Every address of the installation, its places filled with something."""
    yield from _walk(get_resolver().url_patterns, "")


def _walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield _filled(route), pattern.callback


def _filled(route: str) -> str:
    filled, rest = "", route.replace("^", "").replace("\\Z", "").replace("$", "")
    while "<" in rest:
        head, _, rest = rest.partition("<")
        place, _, rest = rest.partition(">")
        kind = place.partition(":")[0] if ":" in place else None
        filled += head + VALUES.get(kind, "1")
    return filled + rest


def is_cookieless(address: str) -> bool:
    return address.startswith(COOKIELESS)


CONSOLE = sorted({address for address, _view in addresses() if not is_cookieless(address)})
DOORS = sorted({address for address, _view in addresses() if is_cookieless(address)})


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root")


def browser(user: User) -> Client:
    """Somebody signed in, whose browser sends what another site says."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return client


def test_the_walk_meets_both_kinds_of_doors() -> None:
    assert len(CONSOLE) > 150
    assert len(DOORS) > 25


def test_no_other_site_makes_the_console_do_anything(root: User) -> None:
    """A cross-site form, a fetch without CORS, JSON as text, another origin, a token of its own."""
    client = browser(root)
    client.get(reverse("admin:index"))
    token = client.cookies["csrftoken"].value if "csrftoken" in client.cookies else "x" * 32
    requests = [
        {"data": "act=approve", "content_type": "application/x-www-form-urlencoded"},
        {"data": '{"act": "approve"}', "content_type": "text/plain"},
        {"data": '{"act": "approve"}', "content_type": "application/json"},
        {
            "data": f"csrfmiddlewaretoken={'y' * 64}&act=approve",
            "content_type": "application/x-www-form-urlencoded",
        },
        {
            "data": f"csrfmiddlewaretoken={token}&act=approve",
            "content_type": "application/x-www-form-urlencoded",
            "headers": {"origin": EVIL},
        },
        {
            "data": f"csrfmiddlewaretoken={token}&act=approve",
            "content_type": "application/x-www-form-urlencoded",
            "headers": {"origin": "null"},
        },
    ]
    written = AuditEntry.objects.count()

    told = {
        (address, number, method): client.generic(
            method,
            f"/{address}",
            request["data"],
            content_type=request["content_type"],
            headers=request.get("headers"),
        ).status_code
        for address in CONSOLE
        for number, request in enumerate(requests)
        for method in (("POST", "PUT", "DELETE", "PATCH") if number == 0 else ("POST",))
    }

    assert {key: status for key, status in told.items() if status not in {403, 404, 405}} == {}
    assert AuditEntry.objects.count() == written


def test_a_session_is_no_key_for_programs(root: User) -> None:
    """Doors without CSRF tokens take no cookie: as if nobody had asked."""
    make_account(
        Channel.SMS, vendor="http_sms", base_url="http://127.0.0.1:9", secrets={"api_secret": "s"}
    )
    signed_in, nobody = browser(root), Client()

    for address in [*DOORS, "hooks/account-sms/"]:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            with_cookie, without = (
                client.generic(method, f"/{address}", "{}", content_type="application/json")
                for client in (signed_in, nobody)
            )
            assert with_cookie.status_code == without.status_code, (method, address)
            if address.startswith(("v1/", "api/v1/", "hooks/")):
                assert with_cookie.status_code in {400, 401, 403, 404, 405}, (method, address)


def test_a_key_for_programs_opens_no_page() -> None:
    secret = create_api_key(name="bank", scope=KeyScope.MANAGE, now=NOW).secret
    client = Client(headers={"authorization": f"Bearer {secret}"})

    for address in CONSOLE:
        if address.startswith("admin/") and "login" not in address and "jsi18n" not in address:
            assert client.get(f"/{address}").status_code in {302, 403, 404, 405}, address


@pytest.mark.parametrize("origin", [EVIL, "null", "https://x.testserver.evil", "http://"])
def test_no_other_origin_may_read_anything_but_the_taking_of_events(origin: str) -> None:
    """Events come from any page by their write key, and without cookies."""
    client = Client(headers={"origin": origin})

    for address in [*(CONSOLE if origin == EVIL else ()), *DOORS]:
        for method in ("GET", "OPTIONS"):
            answer = client.generic(
                method,
                f"/{address}",
                headers={"access-control-request-method": "POST"} if method == "OPTIONS" else {},
            )
            allowed = answer.headers.get("Access-Control-Allow-Origin", "")
            assert allowed != origin, address
            assert "Access-Control-Allow-Credentials" not in answer.headers, address
            assert not allowed or address.startswith(("v1/", "sourceConfig")), address


LEADING_AWAY = (
    *("//evil.example", "https://evil.example", "https:evil.example", "\\\\evil.example"),
    *("/\\evil.example", "http:///evil.example", "javascript:alert(1)"),
    *("\t//evil.example", "https://testserver@evil.example/", "//evil.example/admin/"),
    *("https://testserver.evil.example/", "data:text/html,x", "///evil.example", "\x00//evil"),
)


@pytest.mark.parametrize("target", LEADING_AWAY)
def test_nobody_is_led_away_after_signing_in_out_or_choosing_a_language(
    root: User, target: str
) -> None:
    root.set_password("correct horse battery staple")
    root.save()
    told = {"username": "root", "password": "correct horse battery staple", "next": target}

    answers = [
        Client().post(reverse("admin:login"), told),
        Client().post(f"{reverse('admin:login')}?next={target}", told),
        Client().post(reverse("set_language"), {"language": "zh-hans", "next": target}),
        Client(headers={"referer": target.replace("\x00", "")}).post(
            reverse("set_language"), {"language": "zh-hans"}
        ),
    ]
    signed_in = browser(root)
    signed_in.handler.enforce_csrf_checks = False
    answers.append(signed_in.post(reverse("admin:logout"), {"next": target}))
    answers.append(signed_in.get(reverse("admin:login"), {"next": target}))

    for answer in answers:
        leads = answer.headers.get("Location", "")
        assert "evil" not in leads, (target, leads)
        assert not leads.startswith(("//", "javascript:", "data:", "\\")), leads


@pytest.mark.parametrize("target", LEADING_AWAY[:6])
@pytest.mark.parametrize("door", ["r", "o", "u", "c"])
def test_a_link_in_a_message_leads_only_where_its_author_said(door: str, target: str) -> None:
    client = Client()

    for address in (f"/{door}/{'A' * 40}?next={target}&url={target}", f"/{door}/{target}"):
        answer = client.get(address)
        assert answer.status_code in {301, 404, 405}, address
        leads = answer.headers.get("Location", "")
        assert not leads.startswith("//"), leads
        assert "evil.example" not in leads.split("/")[:3], leads


def test_a_preflight_names_no_origin_and_no_credentials() -> None:
    answer = Client(headers={"origin": EVIL}).options(
        "/v1/batch", headers={"access-control-request-method": "POST"}
    )

    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_any_other_site_may_send_events_but_not_without_a_key() -> None:
    body = json.dumps({"batch": [{"type": "track", "userId": "c1", "event": "E"}]})

    answer = Client(headers={"origin": EVIL}).post("/v1/batch", body, "text/plain")

    assert answer.status_code == 401
