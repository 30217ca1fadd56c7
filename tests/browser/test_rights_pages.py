"""Somebody rings up: his consent is withdrawn and personalisation stopped, at any width."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from customers.models import Consent, Customer
from segments.lifecycle.stages import Stage, Why
from segments.models import LifecycleStage
from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import House
from tests.factories import NOW

pytestmark = pytest.mark.browser


def test_a_consent_is_withdrawn_for_whom_rings_up(
    house: House, page: Page, context: BrowserContext, live_url: str, noted: Noted
) -> None:
    customer = Customer.objects.order_by("pk")[0]
    LifecycleStage.objects.create(
        customer=customer, stage=Stage.DECLINING, why=Why.OUTFLOW, facts={}, since=NOW
    )
    address = f"{live_url}/admin/customers/customer/{customer.pk}"
    log_in(page, live_url, "compliance")

    page.goto(f"{address}/change/")
    expect(page.get_by_text("30 % or more of the assets flowed out")).to_be_visible()
    page.goto(f"{address}/rights/")
    form = page.locator("form", has=page.locator("input[value='withdraw']"))
    form.get_by_label("Consent").select_option("marketing/sms")
    form.get_by_label("Why").fill("he rang up")
    form.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_text("messages that wait are not sent any more")).to_be_visible()
    page.get_by_role("button", name="Stop personalising").click()
    expect(page.get_by_text("The customer refuses personalisation.")).to_be_visible()

    newest = Consent.objects.latest("id")
    assert (newest.customer_id, newest.channel, newest.state) == (customer.pk, "sms", "withdrawn")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    speak(context, live_url, "zh-hans")
    page.goto(f"{address}/rights/")
    expect(page.get_by_role("button", name="恢复个性化")).to_be_visible()
    page.goto(f"{address}/change/")
    expect(page.get_by_text("30 天内净流出达资产的 30%")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
