"""Every kind of condition, built by the keyboard alone in two languages and saved as meant."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from segments.models import Segment
from tests.browser.conftest import Noted
from tests.browser.factories import House
from tests.browser.test_rule_builder import becomes, keys, open_form

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# The menu of kinds, from the top; below them a group.
MENU = (
    *("field", "event", "sequence", "months_in_a_row", "tag", "segment"),
    *("lifecycle", "touch", "sample", "everyone", "group"),
)
REACHED = "element => element.tabIndex >= 0 && element.getClientRects().length > 0"


class Card:
    """One condition of the rule under construction; pointers count from its node."""

    def __init__(self, page: Page, path: str) -> None:
        self.page, self.path = page, path

    def to(self, control: Locator) -> Locator:
        """Go to a control that Tab can reach."""
        expect(control).to_have_count(1)
        assert control.evaluate(REACHED)
        control.focus()
        return control

    def at(self, pointer: str) -> Locator:
        """The control of a value."""
        return self.page.locator(f"[data-pointer='{self.path}{pointer}']")

    def part(self, selector: str) -> Locator:
        """Something in the card that stands for no value."""
        return self.page.locator(f"[data-node='{self.path}'] {selector}")

    @property
    def measure(self) -> Locator:
        """How often or how much; what it points at changes with the choice."""
        return self.part(".ts-slots > select").first

    def type(self, pointer: str, text: str) -> None:
        """Replace what a box holds."""
        self.to(self.at(pointer))
        keys(self.page, "Control+a", f":{text}")

    def day(self, pointer: str, digits: str) -> None:
        """Type a day into its parts; the same number stands for day and month."""
        self.to(self.at(pointer))
        keys(self.page, f":{digits}")

    def pick(self, control: Locator | str, value: str) -> None:
        """Go through a list with the arrows until it says the value."""
        box = self.to(self.at(control) if isinstance(control, str) else control)
        for _step in range(120):
            here, there = box.evaluate(
                "(box, value) => [box.selectedIndex,"
                " [...box.options].findIndex((one) => one.value === value)]",
                value,
            )
            assert there >= 0, value
            if here == there:
                return
            keys(self.page, "ArrowDown" if here < there else "ArrowUp")
        raise AssertionError(f"{value} was not reached")

    def press(self, selector: str, key: str = "Enter") -> None:
        """Press a button, or tick a box with a space."""
        self.to(self.part(selector))
        keys(self.page, key)


def number_of_a_field(card: Card) -> None:
    card.pick("/field", "total_asset")
    card.pick("/op", "between")
    card.type("/value/0", "500,000.50")
    card.type("/value/1", "12345678901234.10")


def texts_of_a_field(card: Card) -> None:
    card.pick("/field", "city")
    card.pick("/op", "not_in")
    # The levels of the field before are no cities: one empty box is left of them.
    expect(card.part("[data-value]")).to_have_count(1)
    card.type("/value/0", "上海")
    card.press(".ts-values > button")
    expect(card.at("/value/1")).to_be_focused()
    keys(card.page, ":北京")
    card.press(".ts-values > button")
    expect(card.at("/value/2")).to_be_focused()
    keys(card.page, ":深圳")


def counted_events(card: Card) -> None:
    card.type("/event", "fund_viewed")
    card.pick(card.measure, "count")
    card.pick("/count/op", "lte")
    card.type("/count/value", "3")
    card.type("/within_days", "45")
    card.press(".ts-where > button")
    card.type("/where/0/property", "code")
    card.type("/where/0/value", "F012")
    card.press(".ts-where > button")
    card.type("/where/1/property", "amount")
    card.pick(card.part(".ts-where > .ts-row:nth-child(2) .ts-row > select").first, "number")
    card.pick("/where/1/op", "gt")
    card.type("/where/1/value", "100")


def figure_of_a_period(card: Card) -> None:
    card.type("/event", "order_filled")
    card.pick(card.measure, "sum")
    card.pick("/aggregate/op", "gt")
    card.type("/aggregate/value", "50000")
    card.pick("/within", "fixed")
    card.day("/within/from", "01012026")
    card.day("/within/to", "02022026")


def latest_figure(card: Card) -> None:
    card.type("/event", "order_filled")
    card.pick(card.measure, "last")
    card.type("/aggregate/of", "price")
    card.type("/aggregate/value", "-0.5")
    card.pick("/within", "always")


def sequence(card: Card) -> None:
    card.type("/sequence/0/event", "fund_viewed")
    card.type("/sequence/1/event", "cart")
    card.type("/sequence/1/within_days", "2")
    card.press(".ts-steps > li:last-child > button")
    card.type("/sequence/2/event", "order_filled")
    card.pick(card.part(".ts-steps > li:nth-child(3) > .ts-pair > select"), "limited")
    card.press(".ts-slots > button")
    card.type("/not_between/event", "complaint")


def months(card: Card) -> None:
    card.type("/months_in_a_row/months", "6")
    card.type("/months_in_a_row/event", "fund_redeemed")


def tag(card: Card) -> None:
    card.pick("/tag", "pension_need")


def segment(card: Card) -> None:
    card.pick("/segment", "trial")


def lifecycle(card: Card) -> None:
    card.press("label:nth-of-type(3) > input", "Space")
    card.press("label:nth-of-type(1) > input", "Space")


def touch(card: Card) -> None:
    card.pick("/touch/journey", "spring")
    card.pick("/touch/state", "opened")
    card.type("/within_days", "10")


def sample(card: Card) -> None:
    card.type("/sample", "12.5")
    card.type("/salt", "spring")


def nobody(card: Card) -> None:
    card.press("[data-part=not]")


def one_of_two(card: Card) -> None:
    card.pick(card.part("> .ts-node-head [data-part=kind]"), "any")
    inner = Card(card.page, f"{card.path}/any/0")
    inner.pick(inner.part("[data-part=kind]"), "tag")
    inner.pick("/tag", "pension_need")
    card.press("> .ts-node-head [data-part=not]")


WHERE = [
    {"property": "code", "op": "eq", "value": "F012"},
    {"property": "amount", "op": "gt", "value": 100},
]
LAST = {"of": "price", "fn": "last", "op": "gte", "value": -0.5}
# The entry of the menu, what is done in its card, and the condition that is meant.
KINDS: list[tuple[str, Callable[[Card], None], dict[str, Any]]] = [
    (
        "field",
        number_of_a_field,
        {"field": "total_asset", "op": "between", "value": [500000.5, 12345678901234.10]},
    ),
    (
        "field",
        texts_of_a_field,
        {"field": "city", "op": "not_in", "value": ["上海", "北京", "深圳"]},
    ),
    (
        "event",
        counted_events,
        {
            "event": "fund_viewed",
            "count": {"op": "lte", "value": 3},
            "within_days": 45,
            "where": WHERE,
        },
    ),
    (
        "event",
        figure_of_a_period,
        {
            "event": "order_filled",
            "aggregate": {"of": "amount", "fn": "sum", "op": "gt", "value": 50000},
            "within": {"from": "2026-01-01", "to": "2026-02-02"},
        },
    ),
    ("event", latest_figure, {"event": "order_filled", "aggregate": LAST}),
    (
        "sequence",
        sequence,
        {
            "sequence": [
                {"event": "fund_viewed"},
                {"event": "cart", "within_days": 2},
                {"event": "order_filled", "within_days": 7},
            ],
            "not_between": {"event": "complaint"},
            "within_days": 30,
        },
    ),
    ("months_in_a_row", months, {"months_in_a_row": {"event": "fund_redeemed", "months": 6}}),
    ("tag", tag, {"tag": "pension_need"}),
    ("segment", segment, {"segment": "trial"}),
    ("lifecycle", lifecycle, {"lifecycle": ["衰退"]}),
    ("touch", touch, {"touch": {"journey": "spring", "state": "opened"}, "within_days": 10}),
    ("sample", sample, {"sample": 12.5, "salt": "spring"}),
    ("everyone", nobody, {"not": {"everyone": True}}),
    ("group", one_of_two, {"not": {"any": [{"tag": "pension_need"}]}}),
]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_each_kind_is_built_by_keyboard_and_saved_as_meant(
    house: House, page: Page, live_url: str, noted: Noted, language: str
) -> None:
    open_form(page, live_url, language)
    page.fill("#id_key", "kinds")
    page.fill("#id_name", "Kinds")
    first = Card(page, "")
    first.press("[data-part=wrap]")
    meant: list[dict[str, Any]] = [{"everyone": True}]
    becomes(page, {"all": meant})

    for kind, build, condition in KINDS:
        page.locator("[data-part=add]").last.focus()
        keys(page, "Enter", *["Tab"] * (MENU.index(kind) + 1), "Enter")
        card = Card(page, f"/all/{len(meant)}")
        expect(card.part(":focus")).to_have_attribute("data-part", "kind")
        build(card)
        meant.append(condition)
        becomes(page, {"all": meant})
    expect(page.locator(".ts-preview b")).to_be_visible()
    expect(page.locator(".ts-preview.ts-wrong")).to_have_count(0)

    page.locator("[name=_continue]").focus()
    keys(page, "Enter")
    page.wait_for_url("**/change/")

    assert Segment.objects.get(key="kinds").rule == {"all": meant}
    becomes(page, {"all": meant})
