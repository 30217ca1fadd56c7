"""A tag's rule is made in the same builder as a segment's; a tag without one needs none."""

import pytest
from playwright.sync_api import Page, expect

from segments.models import Tag
from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import House
from tests.browser.test_rule_builder import becomes, keys

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_tag_begins_without_a_rule_and_gets_one_by_keyboard(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    speak(page.context, live_url, "zh-hans")
    log_in(page, live_url, "root")
    page.goto(f"{live_url}/admin/segments/tag/add/")
    expect(page.get_by_text("尚无规则")).to_be_visible()
    expect(page.locator(".ts-preview")).to_have_count(0)

    page.get_by_role("button", name="开始编写规则").focus()
    keys(page, "Enter")

    becomes(page, {"field": "risk_level", "op": "in", "value": ["C3", "C4"]})
    expect(page.locator(".ts-preview b")).to_have_text("360 位客户")
    for name, text in {
        "key": "calm",
        "namespace": "risk",
        "name_en": "Calm",
        "name_zh": "稳健",
        "owner": "Desk",
        "ttl_days": "30",
        "scene": "Funds",
        "purpose": "Offers",
        "definition": "Takes some risk.",
    }.items():
        page.fill(f"#id_{name}", text)
    page.select_option("#id_source", "rule")
    page.locator("[name=_save]").click()
    page.wait_for_url(f"{live_url}/admin/segments/tag/")
    assert Tag.objects.get(key="calm").newest.rule["field"] == "risk_level"
