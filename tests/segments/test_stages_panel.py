"""The stages of a customer on his page: the newest first, each with its reason."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from customers.models import Attribute
from segments.admin.stages import stages_panel
from segments.lifecycle.stages import Stage, Why
from segments.models import LifecycleStage, WaitingStage
from tests.factories import NOW, make_people, make_staff

pytestmark = pytest.mark.django_db


def lived(customer: int) -> None:
    """Mature for a month, declining since; lost, if it holds."""
    LifecycleStage.objects.create(
        customer_id=customer,
        stage=Stage.MATURE,
        why=Why.ACTIVE,
        facts={},
        since=NOW - timedelta(days=60),
        until=NOW - timedelta(days=30),
    )
    LifecycleStage.objects.create(
        customer_id=customer,
        stage=Stage.DECLINING,
        why=Why.OUTFLOW,
        facts={},
        since=NOW - timedelta(days=30),
    )
    WaitingStage.objects.create(
        customer_id=customer, stage=Stage.LOST, why=Why.CLOSED, facts={}, since_on=NOW.date()
    )


def test_stages_come_newest_first_with_what_waits_before_them() -> None:
    one, other = make_people(2)
    lived(one)

    rows = stages_panel(one).rows

    assert [row[0] for row in rows] == ["lost", "declining", "mature"]
    assert [row[1] for row in rows] == [
        "every account is closed",
        "30 % or more of the assets flowed out within 30 days",
        "funded, traded within 90 days or holds products, and logged in within 30 days",
    ]
    assert not stages_panel(other).rows


def test_reasons_are_told_in_the_readers_language() -> None:
    customer = make_people(1)[0]
    lived(customer)

    with translation.override("zh-hans"):
        assert stages_panel(customer).rows[0][1] == "所有账户均已销户"


def test_the_customers_page_shows_them_to_whose_role_sees_segments(client: Client) -> None:
    customer = make_people(1)[0]
    lived(customer)
    client.force_login(make_staff().marketer)

    page = client.get(reverse("admin:customers_customer_change", args=[customer]))

    assert "30 % or more of the assets flowed out within 30 days" in page.content.decode()


def test_a_customers_page_says_values_and_fields_in_the_readers_language() -> None:
    values = {"rfm_segment": "高价值", "newbie": 1}
    (customer,) = make_people(1, columns={"lifecycle": "成熟"}, attributes=values)
    label = {"label_en": "value cluster", "label_zh": "价值分群"}
    Attribute.objects.update_or_create(key="rfm_segment", defaults={"type": "text", **label})
    client = Client()
    client.force_login(make_staff().marketer)
    page = reverse("admin:customers_customer_change", args=[customer])

    english = client.get(page).content.decode()
    client.cookies["django_language"] = "zh-hans"
    chinese = client.get(page).content.decode()

    assert "lifecycle: mature" in english
    assert not {"成熟", "高价值"} & set(re.findall(r"[\u4e00-\u9fff]+", english))
    assert "<td>value cluster</td>" in english
    assert "<td>high value</td>" in english
    assert "<td>价值分群</td>" in chinese
    listed = client.get(reverse("admin:customers_customer_changelist"), {"lifecycle": "成熟"})
    assert [one.pk for one in listed.context["cl"].queryset] == [customer]
