"""A segment refreshed by a worker: its page shows how far it is, in place, and what came of it."""

import pytest
from playwright.sync_api import Page, expect

from compliance.queries import clock_now
from segments.actions.run_refresh import run_refresh
from segments.models import RefreshRun, Segment
from segments.vocabulary import RefreshStep
from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import House
from tests.factories import make_people

pytestmark = pytest.mark.browser


def test_page_tells_each_step_and_the_end_and_leaves_what_is_typed(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    make_people(2, prefix="N")
    log_in(page, live_url, "marketer")
    address = f"{live_url}/admin/segments/segment/{house.segment.pk}/change/"
    page.goto(address)
    page.get_by_role("button", name="Refresh the members").click()
    board = page.locator("#ts-progress")
    expect(board).to_contain_text("Waiting for a worker.")
    page.fill("#id_name", "A name under way")

    begun = {"step": RefreshStep.JUDGING, "tries": 1, "begun_at": clock_now()}
    RefreshRun.objects.update(**begun)
    expect(board).to_contain_text("Step 1 of 3: The rule runs over every customer.")
    run_refresh(now=clock_now())

    expect(board).to_contain_text("2 came in, 0 left, 362 customers are in.")
    expect(page.locator("#id_name")).to_have_value("A name under way")
    page.get_by_role("link", name="Show the segment as it is now").click()
    expect(page.get_by_text("2 came in, 0 left")).to_be_visible()
    expect(page.get_by_role("button", name="Refresh the members")).to_be_visible()


def test_held_refresh_reads_well_in_chinese_on_a_phone(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    run = RefreshRun.objects.create(
        segment=house.segment,
        asked_by=house.staff["marketer"],
        asked_at=clock_now(),
        begun_at=clock_now(),
        done_at=clock_now(),
        state=RefreshRun.State.HELD,
        left=300,
    )
    held = {"code": "moved", "entered": 0, "left": 300, "size": 60}
    Segment.objects.filter(pk=run.segment_id).update(held_at=clock_now(), held_why=held)
    log_in(page, live_url, "marketer")
    speak(page.context, live_url, "zh-hans")
    page.set_viewport_size({"width": 390, "height": 844})

    page.goto(f"{live_url}/admin/segments/segment/{house.segment.pk}/change/")

    expect(page.get_by_role("alert")).to_contain_text("移出 300 位")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="仍要刷新成员").click()
    expect(page.locator("#ts-progress")).to_contain_text("正在等待工作进程。")
    asked = RefreshRun.objects.get(state="asked")
    assert (asked.is_confirmed, asked.entered, asked.left) == (True, 0, 300)
