"""Clusters are drawn and told, two segments stand side by side; both fit a phone, in Chinese."""

import pytest
from playwright.sync_api import Page, expect

from segments.actions.rank_lookalike import rank_lookalike
from segments.actions.refresh import refresh
from segments.actions.score_value import score_value
from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import House
from tests.factories import NOW, make_people, make_segment
from tests.segments.lifecycle.histories import make_months, store
from tests.segments.test_lookalike import asked, world
from tests.segments.test_score_value import crowd

pytestmark = pytest.mark.browser
COMPARED = "/admin/value/compare/?first=seldom&second=often&field=rfm_segment"


@pytest.fixture
def scored(house: House) -> None:
    make_months()
    stories = crowd()
    for customer, history in zip(
        make_people(len(stories), prefix="V", has_consent=False), stories, strict=True
    ):
        store(customer, history)
    score_value(now=NOW)
    for key, op in (("seldom", "lte"), ("often", "gte")):
        rule = {"field": "rfm_f", "op": op, "value": 2}
        refresh(segment=make_segment(key, rule), now=NOW)


def test_a_ranking_is_drawn_and_fits_a_phone(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    segment, _alike, _unlike = world()
    run = asked(segment)
    rank_lookalike(run=run, now=NOW)
    log_in(page, live_url, "marketer")
    page.goto(f"{live_url}/admin/lookalike/{run.pk}/")
    expect(page.locator(".ts-chart svg")).to_be_visible()
    expect(page.get_by_text("region = north")).to_be_visible()

    speak(page.context, live_url, "zh-hans")
    page.set_viewport_size({"width": 390, "height": 844})
    for address in (f"/admin/lookalike/{run.pk}/", "/admin/lookalike/"):
        page.goto(live_url + address)
        expect(page.locator(".ts-page")).to_contain_text("种子")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.usefixtures("scored")
def test_clusters_and_comparison_are_drawn_and_fit_a_phone(
    page: Page, live_url: str, noted: Noted
) -> None:
    log_in(page, live_url, "marketer")
    for address in ("/admin/value/", COMPARED):
        page.goto(live_url + address)
        expect(page.locator(".ts-chart svg")).to_be_visible()
        expect(page.locator(".ts-table")).to_contain_text("high value")

    speak(page.context, live_url, "zh-hans")
    page.set_viewport_size({"width": 390, "height": 844})
    for address, title in (("/admin/value/", "价值分群"), (COMPARED, "分群对比")):
        page.goto(live_url + address)
        expect(page.locator(".ts-chart svg")).to_be_visible()
        expect(page.locator("h1").first).to_contain_text(title)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
