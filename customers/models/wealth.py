"""What customers have and do with it: accounts, balances and positions by day, trades, cash flows.

Money is numeric and always beside its currency. Balances and positions are the long tables (one
row per account, and per holding, of every day): they are partitioned by month of their day, and
hold no foreign keys, whose checks would cost each row of a nightly file; what an importer cannot
resolve never gets that far.
"""

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.models import Product
from customers.models.collection import Source
from customers.models.people import Customer
from customers.vocabulary import (
    AccountKind,
    ActionKind,
    AssetQuality,
    FlowKind,
    ProductStatus,
    TradeSide,
    TradeStatus,
    choices,
)

if TYPE_CHECKING:  # it exists in the stubs only
    from django.utils.functional import _StrPromise


def _money(label: "_StrPromise", *, is_nullable: bool = False) -> "models.DecimalField[str, str]":
    return models.DecimalField(label, max_digits=20, decimal_places=4, null=is_nullable)


def _known(name: str, column: str, kind: type) -> models.CheckConstraint:
    values = [value for value, _label in choices(kind)]
    return models.CheckConstraint(condition=models.Q(**{f"{column}__in": values}), name=name)


class Account(models.Model):
    """One account at the institution; its number is the institution's own."""

    number = models.CharField(_("account number"), max_length=64, unique=True)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="accounts", verbose_name=_("customer")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=choices(AccountKind))
    branch = models.CharField(_("branch"), max_length=80, blank=True)
    permissions = ArrayField(
        models.CharField(max_length=40), verbose_name=_("trading permissions"), default=list
    )
    opened_on = models.DateField(_("opened on"), null=True)
    closed_on = models.DateField(_("closed on"), null=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, verbose_name=_("source"))
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [_known("account_kind_known", "kind", AccountKind)]

    def __str__(self) -> str:
        return self.number


class AssetDay(models.Model):
    """What one account was worth at the end of a day, and what moved it.

    ``residual`` is what inflow, outflow and result leave unexplained.
    """

    pk = models.CompositePrimaryKey("account_id", "valued_on")
    account_id = models.BigIntegerField()
    valued_on = models.DateField(_("day"))
    currency = models.CharField(_("currency"), max_length=3)
    cash = _money(_("cash"))
    market_value = _money(_("market value"))
    debt = _money(_("debt"))
    net = _money(_("net assets"))
    inflow = _money(_("inflow"), is_nullable=True)
    outflow = _money(_("outflow"), is_nullable=True)
    pnl = _money(_("result"), is_nullable=True)
    residual = _money(_("unexplained"), is_nullable=True)
    quality = models.CharField(_("quality"), max_length=16, choices=choices(AssetQuality))
    load_id = models.BigIntegerField(_("load"))

    class Meta:
        managed = False
        db_table = "customers_assetday"
        verbose_name = _("assets by day")


class PositionDay(models.Model):
    """What one account held of one product at the end of a day."""

    pk = models.CompositePrimaryKey("account_id", "held_on", "product_id")
    account_id = models.BigIntegerField()
    held_on = models.DateField(_("day"))
    product_id = models.BigIntegerField()
    quantity = models.DecimalField(_("quantity"), max_digits=24, decimal_places=8)
    price = models.DecimalField(_("price"), max_digits=20, decimal_places=8, null=True)
    market_value = _money(_("market value"))
    currency = models.CharField(_("currency"), max_length=3)
    quality = models.CharField(_("quality"), max_length=16, choices=choices(AssetQuality))
    load_id = models.BigIntegerField(_("load"))

    class Meta:
        managed = False
        db_table = "customers_positionday"
        verbose_name = _("position by day")


class Trade(models.Model):
    """One order that was filled, in part or whole, or cancelled."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(_("number at the source"), max_length=64)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    traded_at = models.DateTimeField(_("traded at"))
    side = models.CharField(_("side"), max_length=4, choices=choices(TradeSide))
    quantity = models.DecimalField(_("quantity"), max_digits=24, decimal_places=8)
    price = models.DecimalField(_("price"), max_digits=20, decimal_places=8)
    fee = _money(_("fee"))
    tax = _money(_("tax"))
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=9, choices=choices(TradeStatus))
    load_id = models.BigIntegerField(_("load"))

    class Meta:
        verbose_name = _("trade")
        verbose_name_plural = _("trades")
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="trade_once"),
            _known("trade_side_known", "side", TradeSide),
            _known("trade_status_known", "status", TradeStatus),
        ]
        indexes = [
            models.Index(fields=["account", "-traded_at"], name="trade_by_account"),
            BrinIndex(fields=["traded_at"], name="trade_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.external_id}"


class CashFlow(models.Model):
    """Money into (positive) or out of (negative) one account."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(_("number at the source"), max_length=64)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, db_index=False)
    flowed_at = models.DateTimeField(_("at"))
    kind = models.CharField(_("kind"), max_length=10, choices=choices(FlowKind))
    amount = _money(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    # From or to outside the institution, which performance counts as a contribution.
    is_external = models.BooleanField(_("external"))
    error_code = models.CharField(_("error code"), max_length=40, blank=True)
    load_id = models.BigIntegerField(_("load"))

    class Meta:
        verbose_name = _("cash flow")
        verbose_name_plural = _("cash flows")
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="cashflow_once"),
            _known("cashflow_kind_known", "kind", FlowKind),
        ]
        indexes = [
            models.Index(fields=["account", "-flowed_at"], name="cashflow_by_account"),
            BrinIndex(fields=["flowed_at"], name="cashflow_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"


class ProductTerms(models.Model):
    """How a product is sold. What suitability judges by stands on the product itself."""

    product = models.OneToOneField(
        Product, on_delete=models.CASCADE, related_name="terms", primary_key=True
    )
    status = models.CharField(_("status"), max_length=10, choices=choices(ProductStatus))
    starts_on = models.DateField(_("starts on"), null=True)
    matures_on = models.DateField(_("matures on"), null=True)
    minimum_amount = _money(_("smallest amount"), is_nullable=True)
    currency = models.CharField(_("currency"), max_length=3)
    fees = models.CharField(_("fees"), max_length=400, blank=True)
    nav_frequency = models.CharField(_("valued"), max_length=20, blank=True)
    target_market = models.CharField(_("target market"), max_length=400, blank=True)
    contract_facts = models.TextField(_("facts of the contract"), blank=True)
    load_id = models.BigIntegerField(_("load"))

    class Meta:
        verbose_name = _("terms of a product")
        constraints = [_known("productterms_status_known", "status", ProductStatus)]

    def __str__(self) -> str:
        return str(self.product_id)


class Price(models.Model):
    """What one unit of a product cost at the end of a day; of a fund, its net asset value."""

    pk = models.CompositePrimaryKey("product_id", "quoted_on")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, db_index=False)
    quoted_on = models.DateField(_("day"))
    close = models.DecimalField(_("close"), max_digits=20, decimal_places=8, null=True)
    nav = models.DecimalField(_("net asset value"), max_digits=20, decimal_places=8, null=True)
    adjustment = models.DecimalField(
        _("adjustment factor"), max_digits=20, decimal_places=10, null=True
    )
    currency = models.CharField(_("currency"), max_length=3)
    load_id = models.BigIntegerField(_("load"))

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(close__isnull=False) | models.Q(nav__isnull=False),
                name="price_of_something",
            )
        ]


class CorporateAction(models.Model):
    """What an issuer did that changes what holders of a product have."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, db_index=False)
    kind = models.CharField(_("kind"), max_length=10, choices=choices(ActionKind))
    ex_on = models.DateField(_("ex-date"))
    record_on = models.DateField(_("record date"), null=True)
    paid_on = models.DateField(_("paid on"), null=True)
    ratio = models.DecimalField(_("ratio"), max_digits=20, decimal_places=10, null=True)
    amount = models.DecimalField(_("cash by unit"), max_digits=20, decimal_places=8, null=True)
    currency = models.CharField(_("currency"), max_length=3)
    load_id = models.BigIntegerField(_("load"))

    class Meta:
        verbose_name = _("corporate action")
        verbose_name_plural = _("corporate actions")
        constraints = [
            models.UniqueConstraint(
                fields=["product", "ex_on", "kind"], name="corporateaction_once"
            ),
            _known("corporateaction_kind_known", "kind", ActionKind),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ex_on}"
