"""A journey's way to running, button by button, by the people whose role it is."""

import json

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from campaigns.models import Journey, Template
from compliance.models import Review
from tests.browser.factories import House, build_house, graph

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return build_house()


def client_of(house: House, name: str) -> Client:
    client = Client()
    client.force_login(house.staff[name])
    return client


def buttons(client: Client, journey: Journey) -> list[str]:
    page = client.get(reverse("admin:campaigns_journey_change", args=[journey.pk]))
    return [act.name for act in page.context["acts"]]


def press(client: Client, journey: Journey, act: str, opinion: str = "") -> str:
    page = client.get(reverse("admin:campaigns_journey_change", args=[journey.pk]))
    seen = next((shown.seen for shown in page.context["acts"] if shown.name == act), "")
    answer = client.post(
        reverse("admin:campaigns_journey_act", args=[journey.pk]),
        {"act": act, "seen": seen, "opinion": opinion},
    )
    assert answer.status_code == 302
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def test_draft_goes_live_by_two_people(house: House) -> None:
    marketer, checker = client_of(house, "marketer"), client_of(house, "checker")
    journey = house.draft

    assert buttons(marketer, journey) == ["submit"]
    assert buttons(checker, journey) == []
    press(marketer, journey, "submit")
    assert buttons(marketer, journey) == []
    assert buttons(checker, journey) == ["approve", "return"]
    press(checker, journey, "approve", "Looks right.")
    assert buttons(marketer, journey) == ["publish"]
    press(marketer, journey, "publish")

    journey.refresh_from_db()
    assert journey.state == Journey.State.RUNNING
    assert buttons(marketer, journey) == ["pause", "stop"]
    assert Review.objects.filter(opinion="Looks right.").exists()


def test_returned_draft_comes_back_with_the_opinion(house: House) -> None:
    marketer, checker = client_of(house, "marketer"), client_of(house, "checker")
    press(marketer, house.draft, "submit")

    press(checker, house.draft, "return", "Weights?")

    assert buttons(marketer, house.draft) == ["submit"]
    page = marketer.get(reverse("admin:campaigns_journey_change", args=[house.draft.pk]))
    assert "Weights?" in page.content.decode()


@pytest.mark.parametrize("role", ["manager", "operator", "checker"])
def test_other_roles_cannot_stop_a_running_journey(house: House, role: str) -> None:
    said = press(client_of(house, role), house.journey, "stop")

    house.journey.refresh_from_db()
    assert house.journey.state == Journey.State.RUNNING
    assert "not with your role" in said


def test_pause_resume_stop(house: House) -> None:
    marketer = client_of(house, "marketer")

    for act, state in (("pause", "paused"), ("resume", "running"), ("stop", "stopped")):
        press(marketer, house.journey, act)
        house.journey.refresh_from_db()
        assert house.journey.state == state
    assert buttons(marketer, house.journey) == []


@pytest.mark.parametrize(
    ("state", "said"), [("running", "Running"), ("paused", "Paused"), ("stopped", "Stopped")]
)
def test_the_page_says_how_the_journey_stands_and_who_is_where(
    house: House, state: str, said: str
) -> None:
    Journey.objects.filter(pk=house.journey.pk).update(state=state)
    page = reverse("admin:campaigns_journey_change", args=[house.journey.pk])

    told = client_of(house, "marketer").get(page).context["standing"]

    facts = {term: str(value) for term, value in told}
    assert said in facts["State"]
    assert facts["Enrolled"] == str(house.journey.enrolments.count()) != "0"
    assert facts["Live version"] == "v1"


def test_acts_are_never_done_by_a_link(house: House) -> None:
    address = reverse("admin:campaigns_journey_act", args=[house.journey.pk])

    assert client_of(house, "marketer").get(address).status_code == 405


def test_wrong_graph_is_refused_with_its_place(house: House) -> None:
    wrong = graph(experiment=False) | {"edges": [["start", "nowhere"]]}

    answer = client_of(house, "marketer").post(
        reverse("admin:campaigns_journey_change", args=[house.draft.pk]),
        {"name": "Autumn", "description": "", "graph": json.dumps(wrong)},
    )

    assert answer.status_code == 200
    assert "/edges/0" in str(answer.context["adminform"].form.errors["graph"])


def test_a_pace_of_none_is_refused_and_not_taken_for_no_limit(house: House) -> None:
    answer = client_of(house, "marketer").post(
        reverse("admin:campaigns_journey_change", args=[house.journey.pk]),
        {
            "name": "Spring campaign",
            "description": "",
            "per_minute": "0",
            "graph": json.dumps(graph(experiment=False)),
        },
    )

    assert answer.status_code == 200
    assert "pause" in str(answer.context["adminform"].form.errors["per_minute"])
    house.journey.refresh_from_db()
    assert house.journey.per_minute is None


def test_a_description_can_be_taken_out_again(house: House) -> None:
    page = reverse("admin:campaigns_journey_change", args=[house.journey.pk])
    told = {"name": "Spring campaign", "graph": json.dumps(graph(experiment=False))}
    marketer = client_of(house, "marketer")

    for description in ("What it is for.", ""):
        marketer.post(page, {**told, "description": description})
        house.journey.refresh_from_db()
        assert house.journey.description == description


def test_saving_makes_a_new_version_beside_the_live_one(house: House) -> None:
    changed = graph(experiment=False) | {"name": "Spring, again"}

    answer = client_of(house, "marketer").post(
        reverse("admin:campaigns_journey_change", args=[house.journey.pk]),
        {"name": "Spring campaign", "description": "", "graph": json.dumps(changed)},
    )

    assert answer.status_code == 302
    assert list(house.journey.versions.order_by("number").values_list("number", flat=True)) == [
        1,
        2,
    ]
    house.journey.refresh_from_db()
    assert house.journey.live is not None
    assert house.journey.live.number == 1


def test_new_template_has_the_parts_of_its_channel_and_is_checked(house: House) -> None:
    marketer = client_of(house, "marketer")
    address = reverse("admin:campaigns_template_add") + "?channel=sms"

    wrong = marketer.post(address, {"key": "sms-1", "name": "SMS", "part_text": "{{ customer.name"})
    right = marketer.post(address, {"key": "sms-1", "name": "SMS", "part_text": "Hello"})

    assert wrong.context["adminform"].form.errors["part_text"]
    assert right.status_code == 302
    assert Template.objects.get(key="sms-1").channel == "sms"


def test_list_counts_those_who_entered_and_those_who_are_done(house: House) -> None:
    page = client_of(house, "manager").get(reverse("admin:campaigns_journey_changelist"))

    shown = {journey.key: journey.enrolled_by_state for journey in page.context["cl"].result_list}
    assert shown["spring"] == {"done": 360}
    assert shown["autumn"] == {}
    assert ">360<" in page.content.decode()
