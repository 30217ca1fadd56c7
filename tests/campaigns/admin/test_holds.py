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
