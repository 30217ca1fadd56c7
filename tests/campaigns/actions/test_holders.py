"""Who holds a product, and whom its rating of today no longer suits (S-08)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.actions.holders import match_holders
from campaigns.errors import NotOnRecord
from compliance.models import Product
from customers.models import Customer
from tests.factories import NOW, SUITED, make_people, make_product, make_staff, record_event

pytestmark = pytest.mark.django_db


def hold(number: str, *, code: str = "F001", level: str = "C3") -> int:
    """A customer who bought the product a day ago."""
    (person,) = make_people(1, columns={**SUITED, "risk_level": level}, prefix=number)
    trade(person, "Order Completed", code=code, days=1)
    return person


def trade(person: int, name: str, *, days: int, code: str = "F001") -> None:
    record_event(person, name, at=NOW - timedelta(days=days), product=code)


def test_a_rating_that_rises_finds_whom_it_no_longer_suits() -> None:
    make_product(distributor_risk=3)
    make_product("F002")
    hold("A", level="C3")
    hold("B", level="C4")
    hold("C", code="F002")
    before = match_holders(product_code="F001", most=9, now=NOW)

    Product.objects.filter(code="F001").update(issuer_risk=4)
    after = match_holders(product_code="F001", most=9, now=NOW)

    assert (before.risk, before.holders, before.mismatched) == (3, 2, 0)
    assert (after.risk, after.holders, after.mismatched) == (4, 2, 1)
    (one,) = after.shown
    assert (one.customer_no[0], one.level, one.rules) == ("A", "C3", ("S-01",))
    assert one.bought_at == NOW - timedelta(days=1)


def test_who_sold_it_since_holds_it_no_more_and_who_bought_again_does() -> None:
    make_product()
    seller, again = hold("A"), hold("B")
    trade(seller, "Order Refunded", days=0)
    trade(again, "Order Refunded", days=2)

    assert match_holders(product_code="F001", most=9, now=NOW).holders == 1


def test_who_is_restricted_is_on_no_list() -> None:
    make_product()
    hold("A")
    Customer.objects.update(status="restricted")

    assert match_holders(product_code="F001", most=9, now=NOW).holders == 0


def test_a_product_nobody_knows_is_refused() -> None:
    with pytest.raises(NotOnRecord):
        match_holders(product_code="F999", most=9, now=NOW)


def test_the_page_tells_compliance_and_nobody_without_customers() -> None:
    make_product(distributor_risk=4)
    hold("A")
    staff, client = make_staff(), Client(headers={"accept-language": "zh-hans"})

    client.force_login(staff.compliance)
    page = client.get(reverse("holders:index"), {"product": "F001"})
    unknown = client.get(reverse("holders:index"), {"product": "\0"})
    client.force_login(staff.operator)
    refused = client.get(reverse("holders:index"))

    assert "1 位客户持有" in page.content.decode()
    assert "S-01" in page.content.decode()
    assert unknown.status_code == 200
    assert refused.status_code == 403
