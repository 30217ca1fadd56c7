"""The visual builder of rules in a real browser: by keyboard, in two languages, without loss."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from playwright.sync_api import Page, expect

from segments.models import Segment
from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import House
from tests.factories import make_segment
from tests.segments.rules.worlds import rules

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EXACT = '{"all": [{"field": "total_asset", "op": "gt", "value": 12345678901234567890.10}]}'


def open_form(page: Page, live_url: str, language: str = "en") -> None:
    speak(page.context, live_url, language)
    log_in(page, live_url, "marketer")
    # Django's own script puts the cursor into the first box whenever it happens to have come.
    page.route("**/admin/js/change_form.js", lambda asked: asked.fulfill(body=""))
    page.goto(f"{live_url}/admin/segments/segment/add/")
    expect(page.locator("#ts-view-builder")).to_be_visible()


def write(page: Page, rule: object) -> None:
    """The rule, typed as JSON; then back to the builder."""
    page.locator("#ts-tab-json").click()
    page.fill("#id_rule", rule if isinstance(rule, str) else json.dumps(rule))
    page.locator("#ts-tab-builder").click()


def written(page: Page) -> str:
    return page.locator("#id_rule").input_value()


def becomes(page: Page, rule: object) -> None:
    """The text of the form says this rule, at once or after the next picture."""
    for _round in range(50):
        if json.loads(written(page)) == rule:
            return
        page.wait_for_timeout(50)
    assert json.loads(written(page)) == rule


def keys(page: Page, *pressed: str) -> None:
    """Keys by their names, and texts to type after a colon."""
    for key in pressed:
        if key.startswith(":"):
            page.keyboard.type(key[1:])
        else:
            page.keyboard.press(key)


def test_any_rule_opens_and_is_written_as_it_was(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    open_form(page, live_url)

    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(rules())
    def goes_round(rule: dict[str, Any]) -> None:
        write(page, rule)
        page.locator("[data-node=''] [data-part=duplicate]").first.click()
        becomes(page, {"all": [rule, rule]})

    goes_round()


def test_number_of_many_digits_is_not_rounded(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    open_form(page, live_url)
    write(page, EXACT)

    page.locator("[data-part=duplicate]").last.click()

    expect(page.locator("#id_rule")).to_have_value(re.compile("(12345678901234567890.10[^$]*){2}"))


def test_nested_rule_is_built_and_saved_by_keyboard_alone(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    open_form(page, live_url)
    page.fill("#id_key", "near")
    page.fill("#id_name", "Near")
    page.locator("[data-part=kind]").focus()

    # Everyone becomes a field; a second condition joins it in a group of "any".
    keys(page, ":Cust")
    expect(page.get_by_role("combobox", name="Field", exact=True)).to_be_visible()
    page.locator("[data-part=wrap]").focus()
    keys(page, "Enter")
    expect(page.locator("[data-node='/all/0'] :focus")).to_have_count(1)
    page.locator("[data-part=add]").focus()
    # The menu opens below its button: its second entry is an event.
    keys(page, "Enter", "Tab", "Tab", "Enter")
    expect(page.locator("[data-node='/all/1'] :focus")).to_have_attribute("data-part", "kind")
    page.locator("[data-pointer='/all/1/event']").focus()
    keys(page, ":fund_viewed", "Tab", ":co")
    page.locator("[data-pointer='/all/1/count/value']").focus()
    keys(page, "Control+a", ":3")
    page.locator("[data-node='/all/1'] [data-part=not]").focus()
    keys(page, "Enter")
    expect(page.locator("[data-node='/all/1'] :focus")).to_have_attribute("aria-pressed", "true")
    page.locator("[data-node=''] > .ts-node-head [data-part=kind]").focus()
    keys(page, ":any")
    made = {
        "any": [
            {"field": "risk_level", "op": "in", "value": ["C3", "C4"]},
            {
                "not": {
                    "event": "fund_viewed",
                    "within_days": 30,
                    "count": {"op": "gte", "value": 3},
                }
            },
        ]
    }
    becomes(page, made)
    page.locator("[name=_continue]").focus()
    keys(page, "Enter")
    page.wait_for_url("**/change/")

    assert Segment.objects.get(key="near").rule == made
    expect(page.locator("[data-node='/any/1'] .ts-not")).to_be_visible()
    becomes(page, made)


def test_moves_and_removals_are_undone_and_keep_the_focus(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    rule = {"all": [{"tag": "pension_need"}, {"any": [{"everyone": True}]}]}
    open_form(page, live_url)
    write(page, rule)

    page.locator("[data-node='/all/0'] [data-part=down]").focus()
    keys(page, "Enter")
    becomes(page, {"all": [{"any": [{"tag": "pension_need"}, {"everyone": True}]}]})
    focused = page.locator(":focus")
    expect(focused).to_have_attribute("data-part", "down")
    expect(page.locator("[data-node='/all/0/any/0'] :focus")).to_have_count(1)

    keys(page, "Control+z")
    becomes(page, rule)


def test_focus_follows_a_condition_moved_before_the_page_was_painted(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    rule = {"all": [{"tag": "pension_need"}, {"everyone": True}]}
    open_form(page, live_url)
    write(page, rule)

    page.evaluate(
        """async () => {
            const area = document.querySelector("textarea[name=rule]");
            area.value = area.value + " ";
            area.dispatchEvent(new Event("input", { bubbles: true }));
            await new Promise((done) => setTimeout(done));
            document.querySelector("[data-node='/all/0'] [data-part=down]").click();
        }"""
    )

    becomes(page, {"all": [{"everyone": True}, {"tag": "pension_need"}]})
    expect(page.locator("[data-node='/all/1'] :focus")).to_have_count(1)


def test_condition_is_copied_as_json_and_put_behind_another(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    copied = {"not": {"tag": "pension_need"}}
    open_form(page, live_url)
    write(page, {"all": [copied, {"any": [{"everyone": True}]}]})

    page.locator("[data-node='/all/0'] [data-part=kind]").focus()
    keys(page, "Control+c")
    page.locator("[data-node='/all/1/any/0'] [data-part=kind]").focus()
    keys(page, "Control+v")

    becomes(page, {"all": [copied, {"any": [{"everyone": True}, copied]}]})
    page.locator("#id_note").focus()
    keys(page, "Control+v")
    assert json.loads(page.locator("#id_note").input_value()) == copied


def test_folded_group_opens_where_something_in_it_is_wrong(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    open_form(page, live_url)
    write(page, {"all": [{"everyone": True}, {"any": [{"tag": "pension_need"}]}]})
    fold = page.locator("[data-node='/all/1'] [data-part=fold]")

    fold.focus()
    keys(page, "Enter")

    expect(fold).to_be_focused()
    expect(fold).to_have_attribute("aria-expanded", "false")
    expect(page.locator("[data-node='/all/1/any/0']")).to_have_count(0)
    wrong = {"field": "risk_levle", "op": "eq", "value": "C3"}
    write(page, {"all": [{"everyone": True}, {"any": [wrong]}]})
    page.locator(".ts-preview").get_by_role("button", name="Show").click()
    expect(page.locator("[data-node='/all/1/any/0'] :focus")).to_have_count(1)


@pytest.mark.parametrize(("language", "said"), [("en", "Unknown field"), ("zh-hans", "未知的字段")])
def test_error_stands_at_the_node_it_is_about(
    house: House, page: Page, live_url: str, noted: Noted, language: str, said: str
) -> None:
    wrong = {"field": "risk_levle", "op": "eq", "value": "C3"}
    open_form(page, live_url, language)

    write(page, {"all": [{"everyone": True}, {"any": [wrong, {"everyone": True}]}]})

    problem = page.locator(".ts-problem")
    expect(problem).to_have_count(1)
    expect(problem).to_contain_text(said)
    expect(page.locator("[data-node='/all/1/any/0'] .ts-problem")).to_be_visible()
    invalid = page.locator("[data-pointer='/all/1/any/0/field']")
    expect(invalid).to_have_attribute("aria-invalid", "true")


def test_text_that_is_no_rule_stays_in_the_json_view_with_its_error(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    open_form(page, live_url, "zh-hans")
    page.locator("#ts-tab-json").click()

    page.fill("#id_rule", '{"field": "city", "op": "regex", "value": "a", "sql": 1}')

    expect(page.locator(".ts-preview.ts-wrong")).to_contain_text("未知的键")
    page.locator("#ts-tab-builder").click()
    expect(page.locator("#ts-view-builder")).to_contain_text("可视化界面无法显示")


def test_phone_has_no_line_that_runs_over_the_edge(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_form(page, live_url, "zh-hans")
    sequence = {
        "sequence": [
            {"event": "a", "where": [{"property": "p", "op": "gt", "value": 1}]},
            {"event": "b"},
        ],
        "within": {"from": "2026-01-01", "to": "2026-02-01"},
    }

    write(page, {"all": [{"any": [sequence, {"not": {"lifecycle": ["衰退"]}}]}]})

    expect(page.locator(".ts-steps")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    page.locator(".ts-templates summary").click()

    expect(page.locator(".ts-templates-box")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator(".ts-templates-box").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_template_is_filled_and_becomes_the_rule(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    open_form(page, live_url, "zh-hans")
    page.get_by_text("从模板开始").focus()

    keys(page, "Enter", "Tab", ":高净值沉睡", "Tab", "Control+a", ":1,000,000", "Tab")
    keys(page, "Control+a", ":120", "Tab", "Enter")

    becomes(
        page,
        {
            "all": [
                {"field": "total_asset", "op": "gte", "value": 1_000_000},
                {"not": {"event": "order_filled", "within_days": 120}},
            ]
        },
    )
    expect(page.locator("[data-node='/all/1'] .ts-not")).to_be_visible()


@pytest.mark.parametrize(("role", "language"), [("marketer", "zh-hans"), ("compliance", "en")])
def test_why_shows_each_clause_to_those_who_edit_and_to_those_who_look(
    house: House, page: Page, live_url: str, noted: Noted, role: str, language: str
) -> None:
    speak(page.context, live_url, language)
    log_in(page, live_url, role)
    rule = {"all": [{"field": "risk_level", "op": "eq", "value": "C5"}, {"everyone": True}]}
    segment = make_segment("rich", rule)
    page.goto(f"{live_url}/admin/segments/segment/{segment.pk}/change/")

    page.locator(".ts-why-ask input").fill("T00000")
    page.locator(".ts-why-ask input").press("Enter")

    signs = page.locator(".ts-clauses .ts-icon")
    expect(signs).to_have_text(["cancel", "cancel", "check_circle"])
    found = {"zh-hans": "实际为 C3", "en": "it is C3"}[language]
    expect(page.locator(".ts-clauses").first).to_contain_text(found)


def test_size_follows_the_typing_and_an_older_answer_is_never_shown(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    open_form(page, live_url)
    expect(page.locator(".ts-preview b")).to_have_text("360 customers")
    page.locator("#ts-tab-json").click()

    for level in ("C1", "C2", "C3", "C4"):
        page.fill("#id_rule", json.dumps({"field": "risk_level", "op": "eq", "value": level}))

    expect(page.locator(".ts-preview b")).to_have_text("0 customers")
    page.wait_for_timeout(800)
    expect(page.locator(".ts-preview b")).to_have_text("0 customers")
    expect(page.locator(".ts-preview")).to_contain_text("risk level is C4")
