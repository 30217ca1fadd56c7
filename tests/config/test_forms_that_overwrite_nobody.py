"""Of two people who save one page of the console, the second is told once, then heard."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from campaigns.actions import launch
from campaigns.channels.base import Channel
from campaigns.models import Journey, ProviderAccount
from compliance.actions import save_product
from compliance.models import Product
from tests.factories import (
    NOW,
    graph_of,
    make_account,
    make_product,
    make_staff,
    send_node,
)

pytestmark = pytest.mark.django_db
TOLD = "Somebody else saved this after you opened it"


def opened(client: Client, url: str) -> dict[str, Any]:
    """What a browser would send of the page as it is."""
    form = client.get(url).context["adminform"].form
    told = {box.name: box.value() for box in form}
    return {name: value for name, value in told.items() if value not in {None, False}} | {
        name: form[name].field.prepare_value(value)
        for name, value in told.items()
        if isinstance(value, dict | list)
    }


def save(client: Client, url: str, typed: dict[str, Any]) -> Any:
    return client.post(url, {**typed, "_save": "1"})


def sees(answer: Any) -> str:
    """The state that the page carries after it told of the other."""
    assert TOLD in answer.content.decode()
    return str(answer.context["adminform"].form["seen"].value())


def test_a_product_rated_meanwhile_keeps_its_rating(client: Client) -> None:
    product = make_product(distributor_risk=2)
    client.force_login(make_staff().compliance)
    url = f"/admin/compliance/product/{product.pk}/change/"
    typed = opened(client, url)
    product.distributor_risk = 5
    save_product(product=product, actor=make_staff().compliance, now=NOW)

    seen = sees(save(client, url, {**typed, "name": "Mine"}))

    assert Product.objects.get().distributor_risk == 5
    assert save(client, url, {**typed, "name": "Mine", "seen": seen}).status_code == 302
    assert Product.objects.get().name == "Mine"


def test_a_draft_saved_meanwhile_is_not_overwritten(client: Client) -> None:
    marketer = make_staff().marketer
    told = {"journey_key": "j", "maker": marketer, "now": NOW}
    launch.save_draft(name="J", graph=graph_of(), **told)
    client.force_login(marketer)
    url = f"/admin/campaigns/journey/{Journey.objects.get().pk}/change/"
    typed = opened(client, url)
    launch.save_draft(name="J", graph=graph_of(send_node()), **told)

    sees(save(client, url, typed))

    kept = Journey.objects.get().versions.get().graph
    assert [node for node in kept["nodes"] if node["type"] == "send"]


def test_an_account_changed_meanwhile_keeps_its_price(client: Client) -> None:
    account = make_account(Channel.IN_APP, vendor="inbox", options=None)
    ProviderAccount.objects.update(options={})
    client.force_login(make_staff().operator)
    url = f"/admin/campaigns/provideraccount/{account.pk}/change/"
    typed = opened(client, url)
    ProviderAccount.objects.update(unit_cost="0.0700")

    sees(save(client, url, typed))

    assert ProviderAccount.objects.get().unit_cost == Decimal("0.07")
