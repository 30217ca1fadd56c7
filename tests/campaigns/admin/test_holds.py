"""A hold is seen by compliance and by nobody else."""

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.models import Touch
from compliance.models import User
from customers.models import Customer
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_staff,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db


def shown(user: User, page: str, pk: int) -> str:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    answer = client.get(reverse(f"admin:{page}_change", args=[pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_only_compliance_sees_why(monkeypatch: pytest.MonkeyPatch) -> None:
    staff = make_staff()
    make_memory_account(monkeypatch)
    make_template(Channel.EMAIL)
    (customer,) = make_people(1)
    Customer.objects.update(aml_hold=True)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    touch = Touch.objects.get()
    assert touch.reason == "not_eligible"

    assert "aml_hold" in shown(staff.compliance, "campaigns_touch", touch.pk)
    assert "AML hold" in shown(staff.compliance, "customers_customer", customer)
    for person in (staff.marketer, staff.operator):
        assert "aml" not in shown(person, "campaigns_touch", touch.pk).lower()
    assert "aml" not in shown(staff.marketer, "customers_customer", customer).lower()


@pytest.mark.parametrize(
    "asked",
    ["aml_hold=1", "aml_hold__exact=True", "internal_hold=1", "aml_hold__in=1", "name_cipher=x"],
)
def test_no_list_is_filtered_by_what_its_reader_may_not_see(asked: str) -> None:
    """Django lets an address filter by any column, whether a page shows it or not."""
    staff = make_staff()
    held, free = make_people(2)
    Customer.objects.filter(pk=held).update(aml_hold=True, internal_hold=True)
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(staff.marketer)

    answer = client.get(reverse("admin:customers_customer_changelist") + f"?{asked}", follow=True)

    assert answer.status_code in (200, 400)
    page = answer.content.decode()
    numbers = dict(Customer.objects.values_list("pk", "customer_no"))
    assert (numbers[held] in page) is (numbers[free] in page)


@pytest.mark.parametrize("asked", ["restrictedverdict__grounds=aml_hold", "customer__aml_hold=1"])
def test_no_touch_is_found_by_its_restricted_ground(
    monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    staff = make_staff()
    make_memory_account(monkeypatch)
    make_template(Channel.EMAIL)
    held, free = make_people(2)
    Customer.objects.filter(pk=held).update(aml_hold=True)
    Customer.objects.filter(pk=free).update(internal_hold=True)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(staff.marketer)

    answer = client.get(reverse("admin:campaigns_touch_changelist") + f"?{asked}", follow=True)

    page = answer.content.decode()
    by_law, by_house = Touch.objects.order_by("customer_id")
    assert (f"/{by_law.pk}/change" in page) is (f"/{by_house.pk}/change" in page)
