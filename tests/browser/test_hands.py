"""Acts by hand in a real browser: held events, suppressed addresses, rows put aside."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.suppress import suppress
from campaigns.channels.base import Limits, Unknown
from campaigns.models import Intervention, PoisonRow, Suppression, Touch
from compliance.queries import clock_now
from customers.models import Quarantine
from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import build_staff
from tests.customers.test_quarantine_page import hold
from tests.factories import (
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    send_node,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MUTE = Limits(batch_max=500, concurrency=1, honours_key=False, can_find=False, settle=timedelta(0))


@pytest.fixture(autouse=True)
def busy(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Touches of unknown outcome, and addresses that nobody writes to."""
    now = clock_now()
    build_staff()
    make_memory_account(
        monkeypatch, limits=MUTE, script=lambda m: Unknown(key=m.key, code="x", message="")
    )
    make_template(now=now)
    make_people(3, now=now)
    make_segment(now=now)
    enrol(journey=make_journey(graph_of(send_node()), now=now), now=now)
    advance(owner="w", now=now)
    dispatch_batch(owner="w", now=now)
    numbers = ["+8613800000001", "+8613800000002"]
    suppress(kind="phone", values=numbers, why=Suppression.Why.BY_HAND, account=None, now=now)


def keep(page: Page, name: str) -> None:
    """A picture for a person to look at, where a folder for them is named."""
    if folder := os.environ.get("TOUCHSTONE_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth")) <= 0


@pytest.mark.parametrize(("language", "width"), [("en", 1366), ("zh-hans", 390)])
def test_an_address_is_found_and_taken_off_the_list_with_a_reason(
    page: Page, live_url: str, noted: Noted, language: str, width: int
) -> None:
    speak(page.context, live_url, language)
    page.set_viewport_size({"width": width, "height": 844})
    log_in(page, live_url, "operator")
    page.goto(f"{live_url}/admin/campaigns/suppression/?q=138+0000+0001")
    keep(page, f"suppression-list-{width}")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    assert fits(page)

    page.locator("#result_list tbody a").first.click()
    page.locator("[data-opens=ts-act-lift]").click()
    question = page.get_by_role("dialog")
    question.locator("button[type=submit]").click()
    keep(page, f"suppression-lift-{width}")
    expect(question).to_be_visible()  # the browser asks for the reason
    assert fits(page)
    question.locator("textarea").fill("he asked")
    question.locator("button[type=submit]").click()

    page.wait_for_url("**/suppression/")
    keep(page, f"suppression-lifted-{width}")
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize(("language", "width"), [("en", 1366), ("zh-hans", 390)])
def test_sending_again_takes_a_reason_and_two_persons(
    page: Page, browser: Browser, live_url: str, noted: Noted, language: str, width: int
) -> None:
    speak(page.context, live_url, language)
    page.set_viewport_size({"width": width, "height": 844})
    log_in(page, live_url, "operator")
    page.goto(f"{live_url}/admin/campaigns/touch/?state=ambiguous")
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option("by_hand_resend")
    page.locator("button[name=index]").first.click()
    page.locator("form .ts-button-main").click()
    keep(page, f"resend-why-{width}")
    assert not Intervention.objects.exists()
    assert fits(page)
    page.locator("textarea").fill("the customer says it never came")
    page.locator("form .ts-button-main").dblclick()
    page.wait_for_url("**/intervention/")
    keep(page, f"resend-proposed-{width}")
    item = Intervention.objects.get()

    page.goto(f"{live_url}/admin/campaigns/intervention/{item.pk}/change/")
    keep(page, f"resend-own-{width}")
    expect(page.locator("[data-opens=ts-act-agree]")).to_have_count(0)
    second = browser.new_context()
    speak(second, live_url, language)
    other = second.new_page()
    log_in(other, live_url, "compliance")
    other.goto(page.url)
    other.locator("[data-opens=ts-act-agree]").click()
    keep(other, f"resend-agree-{width}")
    other.get_by_role("dialog").locator("button[type=submit]").dblclick()
    expect(other.locator("[data-opens=ts-act-agree]")).to_have_count(0)
    keep(other, f"resend-agreed-{width}")
    second.close()
    assert Touch.objects.filter(state="deferred", reason="sent_again").count() == 3


def test_a_row_put_aside_is_shown_dry_and_replayed_once(
    page: Page, live_url: str, noted: Noted
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    touch = Touch.objects.order_by("pk")[0]
    Touch.objects.filter(pk=touch.pk).update(state="failed", reason="quarantined")
    PoisonRow.objects.create(
        stage="dispatch",
        journey=touch.journey,
        touch=touch,
        reference={"template": "news v1"},
        error_class="UnknownKey",
        message="no such key",
        attempts=3,
        failed_at=clock_now(),
    )
    log_in(page, live_url, "operator")
    page.goto(f"{live_url}/admin/campaigns/poisonrow/?q=Unknown")
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option("confirm_replay")
    page.locator("button[name=index]").first.click()
    keep(page, "poison-dry")
    assert fits(page)
    page.locator("form .ts-button-main").dblclick()
    page.wait_for_url("**/poisonrow/")
    keep(page, "poison-done")
    assert PoisonRow.objects.get().replayed_at is not None


@pytest.mark.parametrize(("language", "width"), [("en", 1366), ("zh-hans", 390)])
def test_a_held_event_is_mended_wrongly_then_rightly_by_one_of_two(
    page: Page, browser: Browser, live_url: str, noted: Noted, language: str, width: int
) -> None:
    held = hold({"event": "Looked", "userId": 5, "messageId": "m1"})
    speak(page.context, live_url, language)
    page.set_viewport_size({"width": width, "height": 844})
    log_in(page, live_url, "operator")
    page.goto(f"{live_url}/admin/customers/quarantine/{held.pk}/change/")
    keep(page, f"quarantine-{width}")
    assert fits(page)
    mending = f"{live_url}/admin/customers/quarantine/{held.pk}/mend/"
    page.goto(mending)
    good = page.locator("textarea").input_value()
    second = page.context.new_page()
    second.goto(mending)
    page.locator("textarea").fill(good + "{")
    page.locator("form .ts-button-main").first.click()
    keep(page, f"quarantine-wrong-{width}")
    expect(page.locator("textarea")).to_have_value(good + "{")
    assert fits(page)
    right = re.sub(r'"userId": [^,\n}]*', '"userId": "u5"', good)
    assert right != good
    page.locator("textarea").fill(right)
    page.locator("form .ts-button-main").first.dblclick()
    page.wait_for_url("**/change/")
    keep(page, f"quarantine-right-{width}")
    held.refresh_from_db()
    assert held.state == "replayed"

    second.locator("textarea").fill(right)
    second.locator("form .ts-button-main").first.click()
    keep(second, f"quarantine-second-{width}")
    second.close()
    assert Quarantine.objects.get().state == "replayed"
