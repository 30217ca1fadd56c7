"""A person brings a file: it is detected, mapped, checked and imported before his eyes."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from compliance.queries import clock_now
from customers.actions.upload_runs import continue_uploads
from customers.models import Customer, Upload
from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import House

pytestmark = pytest.mark.browser


def test_a_person_uploads_maps_checks_and_imports_a_file(
    house: House,
    page: Page,
    context: BrowserContext,
    live_url: str,
    noted: Noted,
    tmp_path: Path,
    settings: Any,
) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    path = tmp_path / "新客户.csv"
    good = "".join(f"N{number:04d},1390000{number:04d},C3\n" for number in range(300))
    path.write_text(f"编号,手机号,风险等级\n{good}N9999,1.38E+10,C1\n", encoding="gb18030")
    before = Customer.objects.count()
    log_in(page, live_url, "operator")

    page.goto(f"{live_url}/admin/customers/importjob/")
    page.locator("a.ts-button", has_text="Upload a file").click()
    page.get_by_label("Source", exact=True).fill("core")
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("button", name="Upload").click()

    expect(page.get_by_role("cell", name="gb18030")).to_be_visible()
    expect(page.get_by_label("手机号")).to_have_value("phone")
    page.get_by_label("编号").select_option("customer_no")
    page.get_by_label("Keep this mapping under the name").fill("crm")
    page.get_by_role("button", name="Check it").click()
    expect(page.locator("#ts-progress")).to_be_visible()

    continue_uploads(now=clock_now())
    expect(page.get_by_text("A spreadsheet has rounded it")).to_be_visible()
    expect(page.get_by_role("cell", name="300", exact=True)).to_be_visible()

    page.get_by_role("button", name="Import it").click()
    Upload.objects.update(rows_done=120, rows_total=301, told_at=clock_now())
    expect(page.get_by_text("120 of 301 rows")).to_be_visible()
    continue_uploads(now=clock_now())
    expect(page.get_by_text("Over", exact=True)).to_be_visible()
    assert Customer.objects.count() == before + 300

    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    speak(context, live_url, "zh-hans")
    page.goto(f"{live_url}/admin/customers/importjob/upload/")
    expect(page.get_by_role("button", name="上传")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_a_file_that_is_too_large_is_not_even_sent(
    house: House, page: Page, live_url: str, noted: Noted, tmp_path: Path, settings: Any
) -> None:
    settings.UPLOAD_BYTES_AT_MOST = 1024 * 1024
    path = tmp_path / "large.csv"
    path.write_bytes(b"customer_no\n" + b"c1\n" * 400_000)
    log_in(page, live_url, "operator")

    page.goto(f"{live_url}/admin/customers/importjob/upload/")
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("button", name="Upload").click()

    told = page.get_by_label("File", exact=True).evaluate("box => box.validationMessage")
    assert told == "The file is larger than 1 MB."
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("role", "path", "before"),
    [
        ("operator", "customers/importjob/upload/", ["file-import"]),
        ("marketer", "segments/segment/upload/", ["", ""]),
        ("operator", "campaigns/invoice/upload/", []),
    ],
)
def test_choosing_a_file_changes_no_other_box(
    house: House,
    page: Page,
    live_url: str,
    noted: Noted,
    tmp_path: Path,
    role: str,
    path: str,
    before: list[str],
) -> None:
    (tmp_path / "customers.csv").write_text("customer_no\nc1\n")
    log_in(page, live_url, role)
    page.goto(f"{live_url}/admin/{path}")

    page.get_by_label("File", exact=True).set_input_files(tmp_path / "customers.csv")

    boxes = page.locator(".ts-page input[type=text], .ts-page input:not([type])")
    assert [box.input_value() for box in boxes.all()] == before
