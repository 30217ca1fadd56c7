"""Prices by destination: what a touch cost, which account is cheapest, what an invoice must say."""

import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.actions.accounts import save_account
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.invoices import take_invoice
from campaigns.actions.prices import list_price, withdraw_price
from campaigns.channels.base import Accepted, Channel, Outcome, Outgoing, Unavailable
from campaigns.channels.memory import MemoryProvider, Script, accept
from campaigns.channels.registry import VENDORS
from campaigns.channels.sms.prices import PriceList
from campaigns.errors import StateConflict
from campaigns.models import ChannelRoute, MessagePrice, ProviderAccount, Touch
from campaigns.queries.prices import price_lists
from campaigns.reports.invoices import Finding, reconcile
from campaigns.states import Policy
from compliance.models import AuditEntry
from customers.actions.people import Person, put_people
from tests.factories import (
    NOW,
    SUITED,
    graph_of,
    make_journey,
    make_memory_account,
    make_segment,
    make_staff,
    make_template,
    say_consent,
    send_node,
)

TODAY = NOW.date()
CHINA, VIRTUAL, BRITAIN = "+8613800138000", "+8617012345678", "+447911123456"


def listed(account: ProviderAccount, prefix: str, cost: str, since: date = TODAY) -> MessagePrice:
    return list_price(
        account=account,
        prefix=prefix,
        unit_cost=Decimal(cost),
        valid_from=since,
        actor=make_staff().operator,
        now=NOW,
    )


def prices_on(account: ProviderAccount, on: date = TODAY) -> PriceList:
    return price_lists([account], on)[account.pk]


def queue(*numbers: str) -> None:
    """A text message to each number, waiting to be handed over."""
    people = [
        Person(customer_no=f"P{at}", columns=SUITED, contacts={"phone": number}, attributes={})
        for at, number in enumerate(numbers)
    ]
    ids = put_people(people=people, source="test", may_replace_contacts=True, now=NOW)
    say_consent(list(ids.values()), ["sms"])
    make_segment()
    make_template(Channel.SMS, parts={"text": "长" * 100})  # two segments
    enrol(journey=make_journey(graph_of(send_node(Channel.SMS))), now=NOW)
    advance(owner="w", now=NOW)


def costs() -> dict[str, tuple[Decimal | None, Decimal]]:
    """Of each customer's touch: a segment's price, and the whole."""
    touches = Touch.objects.values_list("customer__customer_no", "unit_cost", "cost")
    return {number: (unit_cost, cost) for number, unit_cost, cost in touches}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, db: None) -> ProviderAccount:
    """For text messages, at 0.01 a segment wherever no price is listed."""
    make_memory_account(monkeypatch, Channel.SMS, unit_cost="0.01", script=two_segments)
    return ProviderAccount.objects.get()


def two_segments(message: Outgoing) -> Outcome:
    return Accepted(key=message.key, provider_id=f"id-{message.key}", segments=2)


def add_second(monkeypatch: pytest.MonkeyPatch, script: Script = accept) -> ProviderAccount:
    double = MemoryProvider(Channel.SMS, script=script)
    monkeypatch.setitem(VENDORS, "memory-second", lambda _config: double)  # type: ignore[arg-type]
    made = save_account(
        key="second",
        channel=Channel.SMS,
        vendor="memory-second",
        base_url="",
        options={"made_for": uuid.uuid4().hex},  # a kept provider is found by its configuration
        secrets={},
        unit_cost=Decimal("0.02"),
        is_default=False,
        actor="test",
        now=NOW,
    )
    ProviderAccount.objects.filter(pk=made.pk).update(weight=1)
    return made


def test_the_newest_price_in_force_counts(account: ProviderAccount) -> None:
    listed(account, "+86", "0.040", TODAY - timedelta(days=30))
    listed(account, "+86", "0.045", TODAY)
    listed(account, "+86", "0.050", TODAY + timedelta(days=1))

    assert prices_on(account).unit_cost(CHINA) == Decimal("0.045")
    assert prices_on(account, TODAY - timedelta(days=1)).unit_cost(CHINA) == Decimal("0.040")


def test_a_touch_keeps_the_price_of_its_destination(account: ProviderAccount) -> None:
    listed(account, "+86", "0.045")
    listed(account, "+86170", "0.06")

    queue(CHINA, VIRTUAL, BRITAIN)
    dispatch_batch(owner="w", now=NOW)

    assert costs() == {
        "P0": (Decimal("0.045"), Decimal("0.09")),
        "P1": (Decimal("0.06"), Decimal("0.12")),
        "P2": (Decimal("0.01"), Decimal("0.02")),
    }


def test_a_price_that_changes_later_changes_no_cost(account: ProviderAccount) -> None:
    queue(CHINA)
    dispatch_batch(owner="w", now=NOW)

    listed(account, "+86", "9")

    assert costs() == {"P0": (Decimal("0.01"), Decimal("0.02"))}


def test_what_another_account_takes_over_costs_its_price(
    account: ProviderAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(message: Outgoing) -> Outcome:
        return Unavailable(key=message.key, code="busy", message="")

    make_memory_account(monkeypatch, Channel.SMS, unit_cost="0.01", script=busy)
    listed(account, "+86", "0.045")
    second = add_second(monkeypatch)
    listed(second, "+86", "0.07")
    queue(CHINA)
    dispatch_batch(owner="w", now=NOW)
    Touch.objects.update(account=second)
    Touch.objects.get().batch.__class__.objects.update(account=second, due_at=NOW)

    dispatch_batch(owner="w", now=NOW + timedelta(hours=1))

    assert costs()["P0"] == (Decimal("0.07"), Decimal("0.07"))


def test_the_cheapest_route_is_found_by_destination(
    account: ProviderAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = add_second(monkeypatch)
    listed(account, "+86", "0.045")
    listed(second, "+86", "0.040")
    ChannelRoute.objects.create(channel="sms", policy=Policy.LEAST_COST)

    queue(CHINA, BRITAIN)

    chosen = dict(Touch.objects.values_list("customer__customer_no", "account__key"))
    assert chosen == {"P0": "second", "P1": account.key}


def test_an_invoice_at_the_listed_price_agrees(account: ProviderAccount) -> None:
    listed(account, "+86", "0.045")
    queue(CHINA)
    dispatch_batch(owner="w", now=NOW)
    key = Touch.objects.get().key.hex
    content = f"key,amount,segments,date\n{key},0.09,2,{TODAY}\n".encode()

    invoice = take_invoice(
        account=account, file_name="i.csv", content=content, actor="test", now=NOW
    )

    assert reconcile(invoice).totals[Finding.MATCHED] == 1


def test_a_price_listed_again_for_a_day_takes_the_place_of_the_one_before(
    account: ProviderAccount,
) -> None:
    listed(account, "+86", "0.045")
    listed(account, "0086", "0.044")

    assert MessagePrice.objects.get().unit_cost == Decimal("0.044")


@pytest.mark.parametrize(("prefix", "cost"), [("CN", "0.1"), ("+0", "1"), ("+86", "-1")])
def test_what_is_no_price_is_refused(account: ProviderAccount, prefix: str, cost: str) -> None:
    with pytest.raises(StateConflict):
        listed(account, prefix, cost)


def test_only_accounts_for_text_messages_have_them(
    monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    make_memory_account(monkeypatch)

    with pytest.raises(StateConflict, match="text messages"):
        listed(ProviderAccount.objects.get(), "+86", "1")


def test_both_acts_are_on_record(account: ProviderAccount) -> None:
    withdraw_price(price=listed(account, "+86", "0.045"), actor=make_staff().operator, now=NOW)

    acts = AuditEntry.objects.filter(action__startswith="price").order_by("seq")
    assert [(each.action, each.detail["prefix"]) for each in acts] == [
        ("price.list", "+86"),
        ("price.withdraw", "+86"),
    ]
    assert prices_on(account).unit_cost(CHINA) == Decimal("0.01")


def test_while_typing_each_listed_destination_is_told(
    account: ProviderAccount, client: Client
) -> None:
    listed(account, "+86", "0.045")
    client.force_login(make_staff().marketer)

    line = client.post(
        reverse("admin:campaigns_template_measure"), {"text": "长" * 100, "signature": ""}
    ).json()["line"]

    assert line.endswith("0.02 CNY · 0.09 CNY (+86)")


def test_a_preview_tells_the_price_for_its_customer(
    account: ProviderAccount, client: Client
) -> None:
    listed(account, "+86", "0.045")
    queue(CHINA)
    client.force_login(make_staff().marketer)
    page = reverse(
        "admin:campaigns_template_preview", args=[Touch.objects.get().template_version.template_id]
    )

    told = client.get(page, {"customer": "P0"}).content.decode()

    assert "0.09 CNY" in told
    assert "0.02 CNY" not in told


def test_an_operator_lists_and_withdraws_in_the_console(
    account: ProviderAccount, client: Client
) -> None:
    client.force_login(make_staff().operator)
    typed = {"account": account.pk, "prefix": "+86", "unit_cost": "0.045", "valid_from": TODAY}
    client.post(reverse("admin:campaigns_messageprice_add"), typed)
    price = MessagePrice.objects.get()

    client.post(reverse("admin:campaigns_messageprice_act", args=[price.pk]), {"act": "withdraw"})

    assert price.unit_cost == Decimal("0.045")
    assert not MessagePrice.objects.exists()


def test_a_wrong_destination_is_told_at_its_field(account: ProviderAccount, client: Client) -> None:
    client.force_login(make_staff().operator)

    typed = {"account": account.pk, "prefix": "CN", "unit_cost": "0.045", "valid_from": TODAY}
    answer = client.post(reverse("admin:campaigns_messageprice_add"), typed)

    assert "plus sign" in answer.content.decode()
