"""Following a tracked link: people are counted, machines are not, nobody is sent elsewhere."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection

from attribution.models import Click
from campaigns.content.compose import CLICK, UNSUBSCRIBE
from campaigns.content.links import sign
from campaigns.models import Link, Touch
from campaigns.queries.accounts import link_key
from tests.attribution.api.visitors import PERSON, visit
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(message: Mapping[str, str]) -> str:
    """The path of the link inside a message that was sent."""
    found = re.search(r"/r/[\w-]+", message["text"])
    assert found is not None
    return found[0]


def events() -> list[tuple[str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, context -> 'campaign' ->> 'medium', properties ->> 'touch'"
            " FROM customers_event"
        )
        return cursor.fetchall()


def test_a_person_is_sent_to_the_stored_target_with_utm_and_click_id(address: str) -> None:
    answer = visit(address)

    assert answer.status_code == 302
    target = urlsplit(answer["Location"])
    query = parse_qs(target.query)
    assert (target.scheme, target.netloc, target.path) == ("https", "shop.example.com", "/page")
    assert query["utm_source"] == ["touchstone"]
    assert query["utm_medium"] == ["email"]
    assert query["utm_campaign"] == ["spring"]
    assert query["utm_content"] == ["hello"]
    click = Click.objects.get()
    assert query["ts_click"] == [str(click.click_id)]
    assert (click.is_bot, answer["Cache-Control"]) == (False, "no-store")
    touch = Touch.objects.get()
    assert touch.state == "clicked"
    assert events() == [("Link Clicked", "email", str(touch.key))]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"method": "head"}, "head"),
        ({"sec-purpose": "prefetch;prerender"}, "prefetch"),
        ({"purpose": "prefetch"}, "prefetch"),
        ({"x-moz": "prefetch"}, "prefetch"),
        ({"x-purpose": "preview"}, "prefetch"),
        ({"sec-purpose": "", "purpose": "prefetch"}, "prefetch"),
        ({"agent": ""}, "no_user_agent"),
        ({"agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://google.com/bot)"}, "crawler"),
        ({"agent": "python-requests/2.32"}, "crawler"),
        ({"agent": "Mozilla/5.0 BarracudaSentinel"}, "mail_gateway"),
        ({"agent": "Cisco-IronPort-URL"}, "mail_gateway"),
        ({"agent": "Mozilla/5.0 QQ-URL-Manager"}, "mail_gateway"),
        ({"agent": "Java/17.0.1"}, "mail_gateway"),
    ],
)
def test_a_machine_is_recorded_and_not_counted(
    address: str, given: dict[str, str], reason: str
) -> None:
    answer = visit(address, **given)

    assert answer.status_code == 302
    click = Click.objects.get()
    assert (click.is_bot, click.reason) == (True, reason)
    assert Touch.objects.get().state == "accepted"
    assert events() == []


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (Linux; Android 10; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/120.0 Mobile",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0.42",
        "Mozilla/5.0 (Linux; Android 13) Chrome/110 Mobile Safari/537.36 Lark/7.0",
        "Mozilla/5.0 (Windows NT 10.0) JavaFX/17",
    ],
)
def test_a_person_with_an_unusual_browser_counts(address: str, agent: str) -> None:
    visit(address, agent=agent)

    assert Click.objects.get().is_bot is False
    assert Touch.objects.get().state == "clicked"


def test_nothing_in_the_request_can_name_another_target(address: str) -> None:
    plain = visit(address)
    answer = visit(f"{address}?to=https://evil.example&utm_source=evil&url=//evil.example")

    def base(location: str) -> str:
        return location.partition("&ts_click")[0]

    assert base(answer["Location"]) == base(plain["Location"])
    assert "evil" not in answer["Location"]


def test_a_token_that_is_not_ours_is_404_and_leaves_nothing(address: str) -> None:
    token = address.removeprefix("/r/")
    touch, link = Touch.objects.get(), Link.objects.get()
    swapped = token[:5] + ("A" if token[5] != "A" else "B") + token[6:]

    for bad in (
        swapped,
        token + "=",
        token.swapcase(),
        sign(touch.pk, link.pk, link_key(), UNSUBSCRIBE),
        sign(touch.pk, link.pk, b"another installation", CLICK),
        sign(2**40, link.pk, link_key(), CLICK),
        sign(touch.pk, 2**31, link_key(), CLICK),
        "x" * 5000,
        "%00",
        "..%2f..",
        "基金",
    ):
        assert visit(f"/r/{bad}").status_code == 404, bad
    assert not Click.objects.exists()


def test_a_link_of_another_campaign_is_not_this_touchs(address: str) -> None:
    other = make_journey(graph_of(), key="other")
    link = Link.objects.create(
        journey=other, node="n", position=0, target="https://evil.example/", created_at=NOW
    )

    token = sign(Touch.objects.get().pk, link.pk, link_key(), CLICK)

    assert visit(f"/r/{token}").status_code == 404


def test_every_visit_is_a_click_and_the_first_time_stays(address: str) -> None:
    visit(address)
    first = Touch.objects.get().clicked_at

    visit(address)

    assert Click.objects.count() == 2
    assert Touch.objects.get().clicked_at == first


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_other_methods_are_refused(address: str, method: str) -> None:
    assert visit(address, method=method).status_code == 405


def test_a_long_or_odd_user_agent_is_cut_and_kept(address: str) -> None:
    visit(address, agent=PERSON + " x" * 4000)

    assert len(Click.objects.get().user_agent) == 400
