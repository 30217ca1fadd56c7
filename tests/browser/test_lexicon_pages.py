"""An officer tries a pattern and proposes it; a second person lets it count."""

import pytest
from django.utils.timezone import localtime
from playwright.sync_api import BrowserContext, Page, expect

from compliance.lexicon_versions import lexicon_in_force
from compliance.queries import clock_now
from compliance.scan import scan_wording
from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import House

pytestmark = pytest.mark.browser
ON_A_LAPTOP, ON_A_PHONE = {"width": 1366, "height": 900}, {"width": 390, "height": 844}
OVERHANG = "document.documentElement.scrollWidth - window.innerWidth"


def test_a_pattern_is_tried_proposed_and_approved(
    house: House, page: Page, context: BrowserContext, live_url: str, noted: Noted
) -> None:
    log_in(page, live_url, "compliance")
    page.goto(f"{live_url}/admin/compliance/lexiconchange/rules/")
    page.get_by_role("link", name="Propose a term or a pattern").click()
    page.get_by_label("Kind", exact=True).select_option("pattern")
    page.get_by_label("Text", exact=True).fill("[周末|假期]{4}翻身")
    page.get_by_label("Basis").fill("house rule 7")
    page.get_by_label("Explanation in English").fill("It promises wealth.")
    page.get_by_label("Explanation in Chinese").fill("承诺致富。")
    page.get_by_label("Sample texts").fill("假期就能翻身\n周末爬山")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("row", name="假期就能翻身")).to_contain_text("Forbidden")
    expect(page.get_by_role("row", name="周末爬山")).not_to_contain_text("Forbidden")
    page.get_by_role("button", name="Propose").click()
    expect(page.get_by_text("A second person reviews it.")).to_be_visible()
    address = page.url

    speak(context, live_url, "zh-hans")
    page.set_viewport_size(ON_A_PHONE)
    for shown in (address, f"{live_url}/admin/compliance/lexiconchange/rules/?words=保本"):
        page.goto(shown)
        assert page.evaluate(OVERHANG) <= 0
    expect(page.get_by_role("cell", name="生效中").first).to_be_visible()

    speak(context, live_url, "en")
    page.set_viewport_size(ON_A_LAPTOP)
    page.context.clear_cookies()
    log_in(page, live_url, "checker")
    page.goto(address)
    page.get_by_role("button", name="Approve").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved.")).to_be_visible()
    told = scan_wording(
        text="周末就能翻身", on=localtime(clock_now()).date(), lexicon=lexicon_in_force()
    )
    assert [hit.term for hit in told.hits] == ["[周末|假期]{4}翻身"]
