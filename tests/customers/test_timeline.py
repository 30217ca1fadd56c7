"""A customer's page: his portrait, and his events page by page."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from customers.actions.partitions import ensure_partitions
from customers.actions.people import Person, put_people
from customers.actions.sources import internal_source
from customers.models import Account, AssetDay, Customer, PositionDay, Tagging
from customers.queries.events import ASSET_DAYS, POSITION_DAYS
from customers.queries.timeline import timeline
from customers.reports.portrait import FIELDS, Quality, portrait
from customers.vocabulary import Block
from tests.factories import NOW, make_people, make_product, make_staff, record_event, say_consent

pytestmark = pytest.mark.django_db


def make(**columns: object) -> Customer:
    person = Person(customer_no="1", columns=columns)
    put_people(people=[person], source="t", may_replace_contacts=True, now=NOW)
    return Customer.objects.get()


@pytest.mark.parametrize("most", [1, 3, 7, 25])
@pytest.mark.parametrize(
    "minutes", [[0], [0, 0, 0, 0, 1], [5, 3, 3, 3, 3, 3, 1, 0], [2] * 9, [*range(25)], [1, 1, 6, 6]]
)
def test_pages_hold_every_event_once_newest_first(minutes: list[int], most: int) -> None:
    [customer] = make_people(1)
    for minute in minutes:
        record_event(customer, at=NOW - timedelta(minutes=minute))

    found, after = [], ""
    while True:
        page = timeline(customer, until=NOW, after=after, most=most)
        found += page.events
        after = page.next
        if not after:
            break

    assert [one.occurred_at for one in found] == sorted(
        (NOW - timedelta(minutes=minute) for minute in minutes), reverse=True
    )
    assert len({one.id for one in found}) == len(minutes)


def test_the_page_filters_by_name_and_leads_to_older_ones(client: Client) -> None:
    [customer] = make_people(1)
    for number in range(60):
        record_event(customer, "Viewed", at=NOW - timedelta(minutes=number), n=number)
    record_event(customer, "Ordered", at=NOW, mail="a@example.com")
    client.force_login(make_staff().marketer)
    address = f"/admin/customers/customer/{customer}/timeline/"

    first = client.get(address)
    ordered = client.get(address, {"name": "Ordered"})
    mark = timeline(customer, until=NOW, name="Viewed").next
    older = client.get(address, {"name": "Viewed", "after": mark})

    assert 'rel="next"' in first.text
    assert "a@example.com" not in ordered.text
    assert "Viewed" in ordered.text  # as a choice
    assert older.text.count("<td>Viewed</td>") == 10
    assert 'rel="next"' not in older.text


@pytest.mark.parametrize(
    "after", ["x", "~", "2026-01-01~1", "2026-01-01T00:00:00+00:00~-1", "9999~9" * 50, "\x00"]
)
def test_a_mark_that_is_none_begins_anew(client: Client, after: str) -> None:
    [customer] = make_people(1)
    record_event(customer, "Viewed", at=NOW)
    client.force_login(make_staff().marketer)

    page = client.get(f"/admin/customers/customer/{customer}/timeline/", {"after": after})

    assert page.status_code == 200
    assert "<td>Viewed</td>" in page.text


def test_of_somebody_unknown_each_block_says_so() -> None:
    parts = portrait(make(), now=NOW)

    assert {part.quality for part in parts.values()} == {Quality.MISSING}
    assert {part.as_of for part in parts.values()} == {None}
    assert {block: frozenset(part.values) for block, part in parts.items()} == FIELDS


@pytest.mark.parametrize(
    ("until", "quality"), [(date(2030, 1, 1), Quality.OK), (date(2020, 1, 1), Quality.EXPIRED)]
)
def test_an_assessment_that_ended_is_called_expired(until: date, quality: Quality) -> None:
    customer = make(risk_level="C3", risk_assessed_on="2019-01-01", risk_valid_until=str(until))

    risk = portrait(customer, now=NOW)[Block.RISK]

    assert (risk.quality, risk.as_of) == (quality, date(2019, 1, 1))


def test_attributes_are_read_in_words_not_in_code(client: Client) -> None:
    customer = make()
    customer.attributes = {"push_enabled": True, "is_vip": False, "left": None, "job": "admin"}
    customer.save()
    client.force_login(make_staff().compliance)

    told = client.get(f"/admin/customers/customer/{customer.pk}/change/").content.decode()

    rows = dict(re.findall(r'<code class="ts-code">(\w+)</code></td>\s*<td[^>]*>(.*?)</td>', told))
    assert rows["push_enabled"] == "Yes"
    assert rows["is_vip"] == "No"
    assert rows["left"] == "—"
    assert rows["job"] == "admin"


def test_behaviour_counts_the_last_thirty_days() -> None:
    customer = make(lifecycle="成熟")
    for days, name in ((0, "Viewed"), (1, "Viewed"), (1, "Ordered"), (40, "Viewed")):
        record_event(customer.pk, name, at=NOW - timedelta(days=days, minutes=1))

    behaviour = portrait(customer, now=NOW)[Block.BEHAVIOUR]

    assert behaviour.quality == Quality.OK
    assert behaviour.values["events_30_days"] == 3
    assert behaviour.values["active_days_30"] == 2
    assert [one["name"] for one in behaviour.values["most_frequent"]] == ["Viewed", "Ordered"]
    later = portrait(customer, now=NOW + timedelta(days=100))[Block.BEHAVIOUR]
    assert later.quality == Quality.STALE


@pytest.mark.parametrize(
    ("said", "days", "quality"),
    [
        ("ok", 1, Quality.OK),
        ("ok", 20, Quality.STALE),
        ("flow_unmatched", 1, Quality.DOUBTFUL),
        ("short_history", 1, Quality.OK),
    ],
)
def test_assets_are_those_of_the_accounts_with_their_day_and_quality(
    client: Client, said: str, days: int, quality: Quality
) -> None:
    customer, day = make(total_asset="1"), (NOW - timedelta(days=days)).date()
    for table in (ASSET_DAYS, POSITION_DAYS):
        ensure_partitions(months=[day.replace(day=1)], table=table)
    core = internal_source(key="core", name="core", now=NOW)
    account = Account.objects.create(
        number="6222020000012345", customer=customer, kind="cash", source=core, updated_at=NOW
    )
    money = {"currency": "CNY", "quality": said, "load_id": 1, "market_value": Decimal(2_000)}
    kept = {"cash": 5, "debt": 0, "net": 2_005}
    AssetDay.objects.create(account_id=account.pk, valued_on=day, **money, **kept)
    product = make_product("F1")
    held = {"quantity": Decimal(1_000), "price": 2, "held_on": day, "product_id": product.pk}
    PositionDay.objects.create(account_id=account.pk, **money, **held)

    assets = portrait(customer, now=NOW)[Block.ASSETS]
    client.force_login(make_staff().marketer)
    page = client.get(f"/admin/customers/customer/{customer.pk}/change/")

    assert (assets.as_of, assets.quality) == (day, quality)
    assert assets.values["holdings"][0]["code"] == "F1"
    assert assets.values["accounts"][0]["account"] == "6222****"
    assert "2,005.00 CNY" in page.text
    assert "(F1)" in page.text
    assert account.number not in page.text


def test_at_most_twelve_tags_the_newest_first_and_none_that_ended() -> None:
    customer = make()
    for number in range(15):
        since = NOW - timedelta(days=number)
        Tagging.objects.create(customer=customer, tag=f"t{number:02d}", source="t", since=since)
    Tagging.objects.create(
        customer=customer, tag="over", source="t", since=NOW, valid_until=NOW - timedelta(hours=1)
    )
    say_consent([customer.pk], ["sms"])

    values = portrait(customer, now=NOW)[Block.PREFERENCE].values

    assert values["tags"] == [f"t{number:02d}" for number in range(12)]
    assert values["consents"][0]["state"] == "granted"
    Customer.objects.update(personalise_off=True)
    assert portrait(Customer.objects.get(), now=NOW)[Block.PREFERENCE].values["tags"] == []
