"""An import's page renews itself while the file comes in."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from compliance.queries import clock_now
from customers.actions.load_file import load_file
from customers.models import ImportJob
from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import House

pytestmark = pytest.mark.browser


def test_an_imports_page_shows_progress_quality_and_lineage(
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
    path.write_text("code,name,dist_r,status\nF1,One,R3,在售\nF2,Two,R9,在售\n", encoding="gb18030")
    load = load_file(kind_key="products", path=path, source_key="core", now=clock_now()).load
    ImportJob.objects.filter(pk=load).update(state="running", rows_total=500)
    log_in(page, live_url, "operator")

    page.goto(f"{live_url}/admin/customers/importjob/{load}/change/")
    expect(page.get_by_text("2 / 500")).to_be_visible()
    expect(page.get_by_text("Rows that cannot be read (share)")).to_be_visible()
    expect(page.get_by_text("dist_r → distributor_risk")).to_be_visible()

    ImportJob.objects.filter(pk=load).update(rows_done=400)
    expect(page.get_by_text("400 / 500")).to_be_visible()

    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0

    speak(context, live_url, "zh-hans")
    page.goto(f"{live_url}/admin/customers/importjob/freshness/")
    page.set_viewport_size({"width": 1366, "height": 900})
    expect(page.get_by_role("cell", name="产品", exact=True)).to_be_visible()
