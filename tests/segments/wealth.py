"""What customers of a small world have and do with it, and the values that tags tell of it."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from customers.actions.partitions import ensure_partitions
from customers.actions.sources import internal_source
from customers.models import Account, AssetDay, CashFlow, Customer, Price, Trade
from customers.queries.events import ASSET_DAYS
from segments.actions.catalogue import ship_tags, walk_values
from segments.queries.value_sql import VALUES
from segments.queries.values import write_values
from tests.factories import NOW, make_product

DAY: Final = timedelta(days=1)
TODAY: Final = NOW.astimezone(ZoneInfo("Asia/Shanghai")).date()


def account(customer: int, number: str, **facts: Any) -> Account:
    source = internal_source(key="core", name="Core", now=NOW)
    return Account.objects.create(
        number=number, customer_id=customer, kind="cash", source=source, updated_at=NOW, **facts
    )


def valued(of: Account, day: date, *, cash: int, market: int, debt: int = 0) -> None:
    ensure_partitions(months=[day], table=ASSET_DAYS)
    AssetDay.objects.create(
        account_id=of.pk, valued_on=day, currency="CNY", cash=cash, market_value=market,
        debt=debt, net=cash + market - debt, quality="ok", load_id=1,
    )  # fmt: skip


def worth(of: Account, nets: Iterable[float], quality: Iterable[str] = ()) -> None:
    """Net assets day by day, the last of them today's; ``quality`` of the first days."""
    given, flags = list(nets), list(quality)
    days = [TODAY - DAY * back for back in range(len(given) - 1, -1, -1)]
    ensure_partitions(months=days, table=ASSET_DAYS)
    flags += ["ok"] * (len(given) - len(flags))
    AssetDay.objects.bulk_create(
        AssetDay(
            account_id=of.pk, valued_on=day, currency="CNY", cash=0, market_value=net, debt=0,
            net=net, quality=flag, load_id=1,
        )
        for day, net, flag in zip(days, given, flags, strict=True)
    )  # fmt: skip


def flow(of: Account, amount: float, back: int, **facts: Any) -> None:
    """External money in (positive) or out, at ten in the morning so many days ago."""
    told = {"kind": "transfer", "is_external": True, "currency": "CNY", **facts}
    CashFlow.objects.create(
        source=of.source, external_id=f"{of.pk}-{CashFlow.objects.count()}", account=of,
        flowed_at=NOW - back * DAY, amount=amount, load_id=1, **told,
    )  # fmt: skip


def deal(
    of: Account, side: str, code: str, quantity: float, price: float, back: float, **facts: Any
) -> None:
    """A trade so many days ago."""
    told = {"fee": 0, "tax": 0, "currency": "CNY", "status": "filled", **facts}
    Trade.objects.create(
        source=of.source, external_id=f"{of.pk}-{Trade.objects.count()}", account=of,
        product=make_product(code), traded_at=NOW - timedelta(days=back), side=side,
        quantity=Decimal(str(quantity)), price=Decimal(str(price)), load_id=1, **told,
    )  # fmt: skip


def quoted(code: str, closes: Iterable[float], *, last_back: int) -> None:
    """Closing prices day by day, the last of them so many days ago."""
    given, product = list(closes), make_product(code)
    Price.objects.bulk_create(
        Price(
            product=product, quoted_on=TODAY - DAY * (last_back + len(given) - 1 - number),
            close=close, currency="CNY", load_id=1,
        )
        for number, close in enumerate(given)
    )  # fmt: skip


def told(customer: int, *keys: str) -> dict[str, Any]:
    """These values of a customer, computed now; those he has none of are left out."""
    for refresh in {VALUES[key].refresh for key in keys}:
        write_values(
            of=dict.fromkeys(keys, True), refresh=refresh, after=customer - 1, upto=customer,
            now=NOW,
        )  # fmt: skip
    found = values(customer)
    return {key: found[key] for key in keys if key in found}


def walk(now: datetime = NOW) -> None:
    ship_tags(now=now)
    while walk_values(now=now) is not None:
        pass


def values(customer: int) -> dict[str, Any]:
    return dict(Customer.objects.get(pk=customer).attributes)
