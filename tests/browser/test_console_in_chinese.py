"""What a Chinese reader sees while he types what is wrong."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import House

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CHINESE = re.compile("[一-鿿]")


def test_a_wrong_journey_is_explained_where_it_was_typed(
    page: Page, live_url: str, house: House, noted: Noted
) -> None:
    speak(page.context, live_url, "zh-hans")
    log_in(page, live_url, "marketer")
    page.goto(f"{live_url}/admin/campaigns/journey/add/")
    page.fill("#id_key", "x")
    page.fill("#id_name", "X")

    page.fill("#id_graph", '{"nodes": [{"id": "a", "type": "wait_for"}], "edges": []}')
    page.click("[name=_save]")

    expect(page.locator(".errorlist, [class*=error]").first).to_be_visible()
    expect(page.locator("body")).to_contain_text("未知的类型“wait_for”")


def test_a_wrong_rule_is_explained_while_it_is_typed(
    page: Page, live_url: str, house: House, noted: Noted
) -> None:
    speak(page.context, live_url, "zh-hans")
    log_in(page, live_url, "marketer")
    page.goto(f"{live_url}/admin/segments/segment/add/")

    page.locator("#ts-tab-json").click()
    page.fill("#id_rule", '{"field": "city", "op": "regex", "value": "(a"}')

    expect(page.locator("body")).to_contain_text("此模式无法使用：缺少 )")
