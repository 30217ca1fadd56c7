"""Routes and paces in the console: who may set them, and that the trail says so."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import ChannelRoute, Journey
from compliance.models import AuditEntry
from compliance.roles import Role
from compliance.setup import ensure_roles
from tests.factories import (
    graph_of,
    make_journey,
    make_memory_account,
    make_segment,
    make_staff,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db
ROUTES = reverse("admin:campaigns_channelroute_add")


@pytest.fixture
def operator(client: Client) -> Client:
    staff = make_staff()
    staff.operator.groups.add(ensure_roles()[Role.OPERATOR])
    client.force_login(staff.operator)
    return client


def test_an_operator_chooses_a_channels_route_once(operator: Client) -> None:
    told = {"channel": "sms", "policy": "least_cost"}

    first = operator.post(ROUTES, told)
    page = reverse("admin:campaigns_channelroute_change", args=["sms"])
    second = operator.post(page, {"policy": "weighted"})

    assert (first.status_code, second.status_code) == (302, 302)
    assert list(ChannelRoute.objects.values_list("channel", "policy")) == [("sms", "weighted")]
    assert list(
        AuditEntry.objects.filter(action="route.set").order_by("seq").values_list("detail")
    ) == [({"policy": "least_cost"},), ({"policy": "weighted"},)]


def test_an_unknown_policy_is_refused_with_its_place(operator: Client) -> None:
    answer = operator.post(ROUTES, {"channel": "sms", "policy": "cheapest"})

    assert answer.status_code == 200
    assert not ChannelRoute.objects.exists()


def test_the_route_is_said_in_chinese(operator: Client) -> None:
    ChannelRoute.objects.create(channel="sms", policy="least_cost")

    page = operator.get(
        reverse("admin:campaigns_channelroute_changelist"), headers={"accept-language": "zh-hans"}
    )

    assert "单价最低的账户" in page.content.decode()


def test_a_marketer_sets_a_journeys_pace(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_memory_account(monkeypatch)
    make_template()
    make_segment()
    graph = graph_of(send_node())
    journey = make_journey(graph)
    client.force_login(make_staff().marketer)
    page = reverse("admin:campaigns_journey_change", args=[journey.pk])
    shown = client.get(page).context["adminform"].form.initial

    answer = client.post(
        page,
        {
            "name": shown["name"],
            "description": "",
            "per_minute": "600",
            "graph": json.dumps(journey.live.graph),
        },
    )

    assert answer.status_code == 302
    assert Journey.objects.get().per_minute == 600
    assert AuditEntry.objects.filter(action="journey.pace").get().detail == {"per_minute": 600}
