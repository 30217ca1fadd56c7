"""A message's picture tells of opening: people are counted, machines and Apple's are not."""

import re
from collections.abc import Mapping

import pytest
from django.test import Client

from attribution.models import Open
from campaigns.content.compose import CLICK, OPEN
from campaigns.content.links import sign
from campaigns.models import Touch
from campaigns.queries.accounts import link_key
from tests.attribution.api.visitors import PERSON, visit
from tests.factories import (
    NOW,
)

pytestmark = pytest.mark.django_db
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


@pytest.fixture
def picture(message: Mapping[str, str]) -> str:
    """The path of the picture inside an e-mail that was sent."""
    found = re.search(r"/o/[\w-]+\.gif", message["html"])
    assert found is not None
    return found[0]


def test_it_is_one_pixel_that_no_cache_keeps(picture: str) -> None:
    answer = visit(picture)

    assert (answer.status_code, answer["Content-Type"]) == (200, "image/gif")
    assert answer["Cache-Control"] == "no-store"
    assert answer.content[:6] == b"GIF89a"
    assert len(answer.content) < 50


@pytest.mark.parametrize(
    ("agent", "method", "headers", "kind", "state"),
    [
        (PERSON, "get", {}, "person", "opened"),
        (GMAIL, "get", {}, "image_proxy", "opened"),
        ("Mozilla/5.0", "get", {}, "apple_privacy", "accepted"),
        (PERSON, "head", {}, "machine", "accepted"),
        (PERSON, "get", {"Sec-Purpose": "prefetch"}, "machine", "accepted"),
        ("Barracuda Sentinel", "get", {}, "machine", "accepted"),
        ("curl/8.0", "get", {}, "machine", "accepted"),
    ],
)
def test_who_fetched_it_is_on_record_and_only_people_count(
    picture: str, agent: str, method: str, headers: dict[str, str], kind: str, state: str
) -> None:
    visit(picture, agent=agent, method=method, **headers)

    seen = Open.objects.get()
    assert (seen.kind, seen.times, seen.user_agent) == (kind, 1, agent)
    assert Touch.objects.get().state == state


def test_any_number_of_fetches_is_one_row_a_kind(picture: str) -> None:
    for agent in (PERSON, "Mozilla/5.0", PERSON, PERSON):
        visit(picture, agent=agent)

    assert dict(Open.objects.values_list("kind", "times")) == {"person": 3, "apple_privacy": 1}


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: "B" + t[1:], lambda t: t + "A", lambda _t: "x"]
)
def test_a_token_that_is_not_ours_is_not_found(picture: str, change: object) -> None:
    token = picture.removeprefix("/o/").removesuffix(".gif")

    answer = visit(f"/o/{change(token)}.gif")  # type: ignore[operator]

    assert answer.status_code == 404
    assert not Open.objects.exists()


def test_a_token_for_a_link_opens_nothing(picture: str) -> None:
    touch = Touch.objects.get()

    assert visit(f"/o/{sign(touch.pk, 0, link_key(), CLICK)}.gif").status_code == 404
    assert visit(f"/r/{sign(touch.pk, 0, link_key(), OPEN)}").status_code == 404
    assert visit(f"/o/{sign(touch.pk + 1, 0, link_key(), OPEN)}.gif").status_code == 404


def test_a_click_is_not_taken_back_by_an_opening(picture: str) -> None:
    Touch.objects.update(state="clicked", clicked_at=NOW)

    visit(picture)

    assert Touch.objects.get().state == "clicked"


def test_posting_is_not_possible(picture: str) -> None:
    assert Client().post(picture).status_code == 405
