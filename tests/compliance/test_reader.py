"""What a page says is in its reader's language, and its times are in his zone."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from django.utils.translation import override

from compliance.console.shown import moment
from compliance.models import User
from compliance.reader import reader_time_zone, say
from compliance.sentences import Said, Sentence, Spoken
from tests.factories import make_staff

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOO_MANY = Sentence(code="too_many", en="At most {most}.", zh="最多 {most} 个。")


def answer(zone: str, cookies: Mapping[str, str]) -> tuple[str, Any]:
    """The time a page would show, and the session it asked for."""
    request = RequestFactory().get("/")
    request.COOKIES.update(cookies)
    request.user = User(username="x", time_zone=zone)
    shown: list[str] = []

    def page(_request: HttpRequest) -> HttpResponse:
        shown.append(moment(NOON))
        return HttpResponse()

    with override("en"):
        reader_time_zone(page)(request)
    return shown[0], timezone.get_current_timezone_name()


@pytest.mark.parametrize(
    ("zone", "shown"),
    [("America/New_York", "07:00"), ("", "20:00"), ("Mars/Olympus", "20:00"), ("..", "20:00")],
)
def test_times_stand_in_the_readers_zone_and_in_nobody_elses(zone: str, shown: str) -> None:
    told, after = answer(zone, {settings.SESSION_COOKIE_NAME: "s"})

    assert told.endswith(shown)
    assert after == settings.TIME_ZONE


def test_a_machine_without_a_session_is_not_asked_who_it_is() -> None:
    told, _after = answer("America/New_York", {})

    assert told.endswith("20:00")


@pytest.mark.django_db
def test_the_console_says_which_zone_its_times_are_in(client: Client) -> None:
    marketer = make_staff().marketer
    marketer.time_zone = "America/New_York"
    marketer.save()
    client.force_login(marketer)

    assert "America/New_York" in client.get("/admin/").content.decode()


def test_what_a_pure_room_found_is_said_in_the_language_of_the_page() -> None:
    error = Spoken(TOO_MANY, "/nodes", most=3)

    with override("zh-hans"):
        assert (say(error), say(error.said)) == ("最多 3 个。", "最多 3 个。")
    with override("en"):
        assert say(error) == str(error) == "At most 3."


def test_any_other_error_was_translated_where_it_was_raised() -> None:
    with override("zh-hans"):
        assert say(ValueError("已译")) == "已译"


def test_reasons_and_nouns_inside_a_sentence_are_said_in_its_language() -> None:
    inner = Said(sentence=TOO_MANY, details={"most": 3})
    noun = Sentence(code="list", en="a list", zh="列表")
    outer = Sentence(code="outer", en="{noun}: {why}", zh="{noun}：{why}")

    said = Said(sentence=outer, details={"noun": noun, "why": inner}, suggestion="two")

    assert said.in_language("zh") == "列表：最多 3 个；是否想用 two？"
    assert said.in_language("en") == "a list: At most 3; did you mean two?"
