"""Every acceptance case of segment rules in the visual builder: shown, kept, saved as it was."""

import json

import pytest
from playwright.sync_api import Page, expect

from segments.models import Segment
from tests.browser.conftest import Noted
from tests.browser.factories import House
from tests.browser.test_rule_builder import becomes, open_form, write, written
from tests.segments.rules.test_cases import CASES, expanded, verdict_on

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RULES = {case["id"]: expanded(case["input"]["rule"]) for case in CASES}
VALID = {key: rule for key, rule in RULES.items() if verdict_on(rule).startswith("valid")}
INVALID = {key: rule for key, rule in RULES.items() if key not in VALID}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_each_valid_case_is_shown_and_written_as_it_was(
    house: House, page: Page, live_url: str, noted: Noted, language: str
) -> None:
    open_form(page, live_url, language)

    for case, rule in VALID.items():
        write(page, rule)
        expect(page.locator("[data-node='']"), case).to_be_visible()
        page.locator("[data-node=''] [data-part=duplicate]").first.click()
        becomes(page, {"all": [rule, rule]})


def test_all_valid_cases_are_saved_as_one_tree_and_opened_again(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    whole = {"any": list(VALID.values())}
    open_form(page, live_url)
    page.fill("#id_key", "cases")
    page.fill("#id_name", "Cases")
    write(page, {"any": [*VALID.values(), {"everyone": True}]})
    page.locator("[data-part=remove]").last.click()
    becomes(page, whole)

    page.locator("[name=_continue]").click()
    page.wait_for_url("**/change/")

    assert Segment.objects.get(key="cases").rule == whole
    becomes(page, whole)


def test_each_invalid_case_stays_as_typed_beside_its_error(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    open_form(page, live_url)

    for case, rule in INVALID.items():
        typed = json.dumps(rule)
        page.locator("#ts-tab-json").click()
        page.fill("#id_rule", '{"everyone": true}')
        expect(page.locator(".ts-preview.ts-wrong"), case).to_have_count(0)
        page.fill("#id_rule", typed)
        expect(page.locator(".ts-preview.ts-wrong"), case).to_be_visible()
        page.locator("#ts-tab-builder").click()
        assert written(page) == typed, case
