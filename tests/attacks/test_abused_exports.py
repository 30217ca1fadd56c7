"""Attacks on exports of members: a large one in small slices, at once, and past its bounds."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connections
from django.test import Client
from django.urls import reverse

from compliance.models import User
from customers.models import Customer
from segments.actions.export import ask_export
from segments.actions.refresh import refresh
from segments.models import MemberExport, Segment
from tests.factories import NOW, make_people, make_segment, make_staff

HALF = {"field": "customer_no", "op": "in", "value": ["P00000", "P00001", "P00002"]}


@pytest.fixture(autouse=True)
def four_alone(settings: LazySettings) -> None:
    settings.EXPORT_ROWS_ALONE = 4


def segment(key: str = "half", rule: object = HALF) -> Segment:
    """Three of five customers."""
    if not Customer.objects.exists():
        make_people(5)
    made = make_segment(key, rule)
    refresh(segment=made, now=NOW)
    return made


def ask(made: Segment, actor: User, **when: Any) -> str:
    told = {"at": NOW, "why": "Letters by post", "now": NOW} | when
    return str(ask_export(segment=made, actor=actor, **told).verdict)


@pytest.mark.django_db
@pytest.mark.parametrize("other", [False, True], ids=["the same again", "another segment"])
def test_a_large_export_is_not_taken_in_slices(other: bool) -> None:
    marketer, half = make_staff().marketer, segment()
    assert ask(half, marketer) == "alone"

    rest = segment("rest", {"not": HALF}) if other else half

    assert ask(rest, marketer) == "pending"


@pytest.mark.django_db
def test_what_two_people_allowed_uses_up_nobodys_day() -> None:
    marketer, everybody = make_staff().marketer, segment("all", {"everyone": True})

    assert ask(everybody, marketer) == "pending"
    assert ask(segment(), marketer) == "alone"


@pytest.mark.django_db
def test_a_day_later_few_rows_are_few_again() -> None:
    marketer, half = make_staff().marketer, segment()
    ask(half, marketer)

    almost, after = timedelta(hours=23, minutes=59), timedelta(days=1)
    assert ask(half, marketer, now=NOW + almost) == "pending"
    assert ask(half, marketer, now=NOW + after) == "alone"


@pytest.mark.django_db(transaction=True)
def test_who_asks_many_times_at_once_gets_one() -> None:
    marketer, half = make_staff().marketer, segment()

    def once(_number: int) -> str:
        try:
            return ask(half, marketer)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        verdicts = sorted(threads.map(once, range(6)))

    assert verdicts == ["alone"] + ["pending"] * 5


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["checker", "compliance", "manager", "operator"])
def test_who_may_not_export_gets_nothing_from_any_door(role: str) -> None:
    staff = make_staff()
    half = segment()
    ask(half, staff.marketer)
    [export] = MemberExport.objects.all()
    client = Client()
    client.force_login(getattr(staff, role))

    asked = client.post(
        reverse("admin:segments_segment_export", args=[half.pk]), {"why": "A reason"}
    )
    fetched = client.post(reverse("admin:segments_memberexport_fetch", args=[export.pk]))

    assert {asked.status_code, fetched.status_code} <= {403, 404}
    assert MemberExport.objects.get() == export


@pytest.mark.django_db
@pytest.mark.parametrize("at", ["not a time", "9999-12-31T23:59", "0001-01-01T00:00", "\x00"])
def test_a_time_that_is_none_is_refused_in_words(at: str) -> None:
    half = segment()
    client = Client()
    client.force_login(make_staff().marketer)

    answer = client.post(
        reverse("admin:segments_segment_export", args=[half.pk]),
        {"why": "A reason", "at": at},
        follow=True,
    )

    assert answer.status_code == 200
    assert MemberExport.objects.filter(fetched__gt=0).count() == 0
