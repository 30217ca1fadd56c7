"""A second person sees each rating before and after, and lets it count."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from compliance.models import Product
from compliance.queries import clock_now
from customers.actions.load_file import load_file
from customers.models import RatingReview
from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import House

pytestmark = pytest.mark.browser


def test_a_checker_approves_the_ratings_of_a_file(
    house: House,
    page: Page,
    context: BrowserContext,
    live_url: str,
    noted: Noted,
    tmp_path: Path,
    settings: Any,
) -> None:
    settings.MEDIA_ROOT = tmp_path
    path = tmp_path / "products.csv"
    path.write_text("code,name,dist_r,status\nN1,One,R3,open\nN2,Two,R4,open\n")
    load_file(
        kind_key="products", path=path, source_key="core", started_by="operator", now=clock_now()
    )
    address = f"{live_url}/admin/customers/ratingreview/{RatingReview.objects.get().pk}/change/"
    log_in(page, live_url, "checker")

    speak(context, live_url, "zh-hans")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    expect(page.get_by_text("发行人评级（新）")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0

    speak(context, live_url, "en")
    page.set_viewport_size({"width": 1366, "height": 900})
    page.goto(address)
    expect(page.get_by_role("cell", name="R4")).to_be_visible()
    page.get_by_role("button", name="Approve").first.click()
    page.get_by_role("dialog").get_by_role("textbox").fill("as the committee said")
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()

    expect(page.get_by_text("Approved.")).to_be_visible()
    assert Product.objects.get(code="N2").distributor_risk == 4
