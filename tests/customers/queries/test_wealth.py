"""What a customer has, as of the newest day of each account."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from customers.actions.merge import merge_matches, unmerge
from customers.actions.partitions import ensure_partitions
from customers.actions.people import Person, put_people
from customers.actions.sources import internal_source
from customers.models import Account, AssetDay, Customer, MatchRule, Merge, PositionDay
from customers.queries.events import ASSET_DAYS, POSITION_DAYS
from customers.queries.wealth import latest_assets, latest_holdings
from tests.factories import NOW, make_people, make_product, make_staff

pytestmark = pytest.mark.django_db

MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 1)


@pytest.fixture(autouse=True)
def months() -> None:
    for table in (ASSET_DAYS, POSITION_DAYS):
        ensure_partitions(months=[date(2026, 3, 1), date(2026, 4, 1)], table=table)


def make_account(customer: int, number: str) -> Account:
    return Account.objects.create(
        number=number,
        customer_id=customer,
        kind="cash",
        source=internal_source(key="core", name="core", now=NOW),
        updated_at=NOW,
    )


def value(account: Account, day: date, market_value: int) -> None:
    AssetDay.objects.create(
        account_id=account.pk,
        valued_on=day,
        currency="CNY",
        cash=Decimal(5),
        market_value=Decimal(market_value),
        debt=Decimal(0),
        net=Decimal(market_value + 5),
        quality="ok",
        load_id=1,
    )


def hold(account: Account, day: date, product: Any, quantity: int) -> None:
    PositionDay.objects.create(
        account_id=account.pk,
        held_on=day,
        product_id=product.pk,
        quantity=Decimal(quantity),
        price=Decimal(2),
        market_value=Decimal(2 * quantity),
        currency="CNY",
        quality="ok",
        load_id=1,
    )


def test_assets_are_those_of_each_accounts_newest_day() -> None:
    [customer] = make_people(1)
    one, two = make_account(customer, "A1"), make_account(customer, "A2")
    value(one, MARCH, 100)
    value(one, APRIL, 200)
    value(two, MARCH, 300)

    told = latest_assets(customer)

    assert [(row.account, row.valued_on, row.market_value) for row in told] == [
        ("A1", APRIL, 200),
        ("A2", MARCH, 300),
    ]


def test_holdings_are_those_of_the_newest_day_largest_first() -> None:
    [customer] = make_people(1)
    account = make_account(customer, "A1")
    fund, share, sold = make_product("F1"), make_product("S1"), make_product("X1")
    hold(account, MARCH, sold, 900)
    hold(account, APRIL, fund, 10)
    hold(account, APRIL, share, 30)

    assert [(row.code, row.quantity) for row in latest_holdings(customer)] == [
        ("S1", 30),
        ("F1", 10),
    ]


def test_account_that_sold_everything_holds_nothing() -> None:
    [customer] = make_people(1)
    account = make_account(customer, "A1")
    hold(account, MARCH, make_product("F1"), 10)
    value(account, MARCH, 20)
    assert latest_holdings(customer)

    value(account, APRIL, 0)

    assert latest_holdings(customer) == []


def test_merged_customers_accounts_are_shown_and_go_back_with_him() -> None:
    MatchRule.objects.update_or_create(
        kind="phone", defaults={"merges": True, "holders_at_most": 2, "people_at_most": 3}
    )
    people = [Person(customer_no=number, contacts={"phone": "13800138000"}) for number in "AB"]
    put_people(people=people, source="crm", may_replace_contacts=True, now=NOW)
    Customer.objects.filter(customer_no="B").update(is_numbered=False)
    kept, gone = (Customer.objects.get(customer_no=number).pk for number in "AB")
    value(make_account(gone, "A1"), MARCH, 100)

    assert merge_matches(now=NOW + timedelta(minutes=5)) == 1
    assert [row.account for row in latest_assets(kept)] == ["A1"]

    unmerge(merge=Merge.objects.get(), actor=make_staff().compliance, now=NOW)
    assert latest_assets(kept) == []
