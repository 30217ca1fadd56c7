"""The report page in a real browser, in both languages."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from attribution.models import Experiment
from campaigns.models import Journey
from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import House, build_staff

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WORDS = {
    "en": {"title": "Channel ROI", "better": "Better", "csv": "CSV", "definitions": "Definitions"},
    "zh-hans": {"title": "渠道 ROI", "better": "更好", "csv": "CSV", "definitions": "指标定义"},
}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_report_shows_tables_charts_and_verdicts(
    house: House, page: Page, live_url: str, noted: Noted, language: str
) -> None:
    speak(page.context, live_url, language)
    log_in(page, live_url, "manager")

    page.goto(f"{live_url}/admin/reports/spring/")

    words = WORDS[language]
    expect(page.get_by_role("heading", name=words["title"])).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.get_by_text(words["better"], exact=True).first).to_be_visible()
    expect(page.get_by_role("heading", name=words["definitions"])).to_be_visible()
    expect(page.locator("[data-chart] svg")).to_have_count(2)
    assert page.locator("[data-chart] svg path").count() > 10
    roi = page.locator("#sheet-roi tbody tr").first.locator("th, td").all_inner_texts()
    assert [text.split("\n")[0] for text in roi[1:5]] == ["240", "234", "68", "23"]


def test_csv_downloads_with_the_figures_of_the_table(
    house: House, page: Page, live_url: str, noted: Noted, tmp_path: Path
) -> None:
    log_in(page, live_url, "manager")
    page.goto(f"{live_url}/admin/reports/spring/")

    with page.expect_download() as caught:
        page.get_by_role("link", name="CSV Arms").click()
    caught.value.save_as(tmp_path / "arms.csv")

    with (tmp_path / "arms.csv").open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    assert {row["Arm"]: row["Conversions"] for row in rows} == {
        "mens": "14",
        "none": "4",
        "womens": "9",
    }


def test_meaning_of_a_figure_opens_by_keyboard(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    log_in(page, live_url, "manager")
    page.goto(f"{live_url}/admin/reports/spring/")

    page.locator("#sheet-roi").get_by_role("button", name="ROI").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("0% means the money came back exactly").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_scrolls_tables_not_the_page(
    house: House, page: Page, live_url: str, noted: Noted, scheme: str
) -> None:
    log_in(page, live_url, "manager")
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")

    page.goto(f"{live_url}/admin/reports/spring/")
    expect(page.locator("[data-chart] svg")).to_have_count(2)

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.documentElement.classList.contains('dark')") is (
        scheme == "dark"
    )


def test_phone_shows_how_a_report_was_computed_without_scrolling_sideways(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    log_in(page, live_url, "manager")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live_url}/admin/reports/spring/")
    page.locator(".ts-facts a").first.click()

    expect(page.get_by_text("window_days", exact=False).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_campaign_without_experiment_says_so(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    Experiment.objects.all().delete()
    log_in(page, live_url, "manager")

    page.goto(f"{live_url}/admin/reports/spring/")

    expect(page.get_by_text("This campaign has no experiment")).to_be_visible()


def test_empty_installation_has_an_index_that_explains(
    transactional_db: None, page: Page, live_url: str, noted: Noted
) -> None:
    build_staff()
    assert not Journey.objects.exists()
    log_in(page, live_url, "manager")

    page.goto(f"{live_url}/admin/reports/")

    expect(page.get_by_text("No campaign has gone live yet")).to_be_visible()
