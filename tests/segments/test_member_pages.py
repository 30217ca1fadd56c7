"""Pages of a segment: who was in, its size over time, its versions and the way back."""

import pytest
from django.test import Client
from django.urls import reverse

from segments.actions.refresh import refresh
from segments.models import Segment
from tests.factories import NOW, make_people, make_segment, make_staff

pytestmark = pytest.mark.django_db
PAGES = ("members", "sizes", "versions")


def page(name: str, segment: Segment) -> str:
    return reverse(f"admin:segments_segment_{name}", args=[segment.pk])


@pytest.fixture
def segment() -> Segment:
    make_people(60)
    made = make_segment("all")
    refresh(segment=made, now=NOW)
    return made


@pytest.fixture
def marketer() -> Client:
    client = Client()
    client.force_login(make_staff().marketer)
    return client


def test_members_are_told_with_version_and_reason(marketer: Client, segment: Segment) -> None:
    text = marketer.get(page("members", segment)).content.decode()

    assert "60 customers were in at" in text
    assert "P00000" in text
    assert "P00055" not in text
    assert "New rule" in text


def test_a_number_leads_to_the_customer_for_whoever_may_see_him(
    marketer: Client, segment: Segment
) -> None:
    reader = Client()
    reader.force_login(make_staff().manager)
    way = "/admin/customers/customer/"

    assert way in marketer.get(page("members", segment)).content.decode()
    assert way not in reader.get(page("members", segment)).content.decode()


def test_a_time_to_come_is_now_and_says_so(marketer: Client, segment: Segment) -> None:
    told = marketer.get(page("members", segment) + "?at=2999-01-01T00:00")

    assert "is still to come: this is now" in told.content.decode()
    assert told.context["asked"]["exactly"] < "2999"


def test_the_next_page_shows_the_rest(marketer: Client, segment: Segment) -> None:
    first = marketer.get(page("members", segment))

    text = marketer.get(f"{page('members', segment)}?{first.context['older']}").content.decode()

    assert "P00055" in text
    assert "P00000" not in text


def test_one_customers_stays_are_found_by_number(marketer: Client, segment: Segment) -> None:
    text = marketer.get(f"{page('members', segment)}?customer=P00042").content.decode()

    assert "Stays of P00042" in text


@pytest.mark.parametrize(
    "asked", ["?at=never", "?at=2026-13-45T00:00", "?customer=%00", "?after=x&at=", "?days=7"]
)
@pytest.mark.parametrize("name", PAGES)
def test_odd_questions_are_answered(
    marketer: Client, segment: Segment, name: str, asked: str
) -> None:
    assert marketer.get(page(name, segment) + asked).status_code == 200


def test_the_chart_has_a_table_beside_it(marketer: Client, segment: Segment) -> None:
    answer = marketer.get(page("sizes", segment) + "?days=90")

    size, moves = answer.context["charts"]
    assert len(size["categories"]) == 90 == len(answer.context["panels"][0].rows)
    assert [len(chart["series"]) for chart in (size, moves)] == [1, 2]
    marketer.cookies["django_language"] = "zh-hans"
    _size, moves = marketer.get(page("sizes", segment)).context["charts"]
    assert [one["name"] for one in moves["series"]] == ["进入", "离开"]


def test_two_versions_side_by_side_and_back(marketer: Client, segment: Segment) -> None:
    make_segment("all", {"field": "city", "op": "eq", "value": "Suzhou"})

    text = marketer.get(page("versions", segment) + "?before=1&now=2").content.decode()
    back = marketer.post(page("versions", segment), {"number": "1"}, follow=True)

    proposed = marketer.get(page("versions", segment)).context
    assert (proposed["before"].number, proposed["now"].number) == (2, 3)
    assert "city is Suzhou" in text
    assert "as a version of its own" in back.content.decode()
    segment.refresh_from_db()
    assert (segment.rule, segment.version) == ({"everyone": True}, 3)


@pytest.mark.parametrize("number", ["", "x", "99", "-1"])
def test_going_back_to_no_version_is_a_sentence(
    marketer: Client, segment: Segment, number: str
) -> None:
    told = marketer.post(page("versions", segment), {"number": number}, follow=True)

    assert "There is no version" in told.content.decode()


def test_who_may_only_look_cannot_go_back(segment: Segment) -> None:
    client = Client()
    client.force_login(make_staff().manager)

    assert client.get(page("versions", segment)).status_code == 200
    assert client.post(page("versions", segment), {"number": "1"}).status_code == 403


def test_a_note_is_kept_with_the_version_and_asked_of_those_who_may_write(
    marketer: Client, segment: Segment
) -> None:
    reader = Client()
    reader.force_login(make_staff().manager)
    form = page("change", segment)

    typed = {"name": "all", "rule": '{"sample": 10}', "note": "A tenth is enough"}
    marketer.post(form, typed)

    assert segment.versions.get(number=2).note == "A tenth is enough"
    assert 'name="note"' in marketer.get(form).content.decode()
    assert "Note" not in reader.get(form).content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_others_do_not_see_them(segment: Segment, name: str) -> None:
    client = Client()
    client.force_login(make_staff().operator)

    assert client.get(page(name, segment)).status_code == 403
