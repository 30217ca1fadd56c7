"""All touches of a customer, page by page, each with its reason and the way to why."""

import re
import uuid
from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.models import Touch
from campaigns.queries.touches import touches_of
from campaigns.states import Reason, TouchState
from customers.models import Customer
from tests.browser.factories import House, build_house

admin.autodiscover()


@pytest.fixture
def house(db: None) -> House:
    return build_house()


def touched(house: House, count: int, *, at_once: int = 1) -> Customer:
    """The house's customer with so many more touches, some of the same moment."""
    customer = Customer.objects.get(pk=house.customer_id)
    like = Touch.objects.filter(customer=customer).order_by("pk")[0]
    last, start = Touch.objects.filter(customer=customer).count(), like.queued_at
    for number in range(count):
        like.pk, like.key, like.visit = None, uuid.uuid4(), last + 1 + number
        like.queued_at = start - timedelta(hours=1 + number // at_once)
        like.state, like.reason = TouchState.REFUSED, Reason.NO_CONSENT
        like.provider_id = ""
        like.save(force_insert=True)
    return customer


@pytest.mark.parametrize(("most", "at_once"), [(1, 1), (7, 3), (10, 30), (50, 1)])
def test_pages_hold_every_touch_once_newest_first(house: House, most: int, at_once: int) -> None:
    customer = touched(house, 30, at_once=at_once)

    found, after = [], ""
    while True:
        page = touches_of([customer.pk], after=after, most=most)
        found += page.touches
        after = page.next
        if not after:
            break

    keys = [(touch.queued_at, touch.pk) for touch in found]
    assert keys == sorted(keys, reverse=True)
    assert {pk for _at, pk in keys} == set(
        Touch.objects.filter(customer=customer).values_list("pk", flat=True)
    )


def test_every_touch_is_reached_from_the_customers_page(house: House, client: Client) -> None:
    customer = touched(house, 130)
    client.force_login(house.staff["marketer"])
    address = f"/admin/customers/customer/{customer.pk}/touches/"

    assert address in client.get(f"/admin/customers/customer/{customer.pk}/change/").text
    seen: set[str] = set()
    while address:
        page = client.get(address).text
        shown = re.findall(r"/admin/campaigns/touch/(\d+)/change/", page)
        assert shown
        assert not seen & set(shown)
        assert page.count("reports/why/?customer=") == len(shown)
        seen |= set(shown)
        older = re.search(r'href="(\?[^"]+)" rel="next"', page)
        address = f"/admin/customers/customer/{customer.pk}/touches/{older[1]}" if older else ""

    assert len(seen) == Touch.objects.filter(customer=customer).count()


def test_the_way_to_why_opens_and_names_the_customer(house: House, client: Client) -> None:
    customer = touched(house, 1)
    client.force_login(house.staff["marketer"])
    page = client.get(f"/admin/customers/customer/{customer.pk}/touches/").text

    found = re.search(r'href="([^"]*reports/why/[^"]+)"', page)
    assert found
    told = client.get(found[1].replace("&amp;", "&"))

    assert told.status_code == 200
    assert customer.customer_no in told.text


@pytest.mark.parametrize(
    "after", ["x", "2026-01-01~1", "9999~9" * 50, "\x00", "0001-01-01T00:00:00+14:00~1"]
)
def test_a_mark_that_is_none_begins_anew(house: House, client: Client, after: str) -> None:
    customer = touched(house, 1)
    client.force_login(house.staff["marketer"])

    page = client.get(f"/admin/customers/customer/{customer.pk}/touches/", {"after": after})

    assert page.status_code == 200


def test_a_page_asks_the_same_however_many_touches_there_are(house: House, client: Client) -> None:
    customer = touched(house, 1)
    client.force_login(house.staff["marketer"])
    address = f"/admin/customers/customer/{customer.pk}/touches/"
    client.get(address)

    with CaptureQueriesContext(connection) as few:
        client.get(address)
    touched(house, 80)
    with CaptureQueriesContext(connection) as many:
        client.get(address)

    assert len(many) == len(few)


def test_who_may_not_see_touches_gets_no_page_of_them(house: House, client: Client) -> None:
    customer = touched(house, 1)
    allowed = "campaigns.view_touch"
    for name, user in house.staff.items():
        client.force_login(user)
        page = client.get(f"/admin/customers/customer/{customer.pk}/touches/")
        may = user.has_perms([allowed, "customers.view_customer"])
        assert page.status_code == (200 if may else 403), name
