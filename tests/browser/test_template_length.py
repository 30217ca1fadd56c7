"""A text message's length stands under its box and follows the typing."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Noted, log_in
from tests.browser.factories import House

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_length_follows_what_is_typed(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    log_in(page, live_url, "marketer")
    page.goto(f"{live_url}/admin/campaigns/template/add/?channel=sms")

    page.fill("[name=part_text]", "好" * 70)
    expect(page.locator("[name=part_text] + .ts-note")).to_contain_text("segments 1")

    page.fill("[name=part_signature]", "银行")
    expect(page.locator("[name=part_text] + .ts-note")).to_contain_text("segments 2")
