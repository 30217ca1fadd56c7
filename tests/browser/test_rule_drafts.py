"""What was typed into a segment's form outlives a session that ends, and another's save."""

import json
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from segments.actions.save import save_segment
from segments.models import Segment
from tests.browser.conftest import Noted, log_in
from tests.browser.factories import PASSWORD, House
from tests.browser.test_rule_builder import becomes, open_form, write
from tests.factories import NOW, make_segment

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TYPED = {"all": [{"tag": "pension_need"}, {"everyone": True}]}


def sign_in_again(page: Page) -> None:
    page.fill("#id_username", "marketer")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")


def test_session_that_ends_before_saving_loses_nothing(
    house: House, page: Page, live_url: str
) -> None:
    open_form(page, live_url)
    page.fill("#id_key", "near")
    page.fill("#id_name", "Near")
    write(page, TYPED)
    becomes(page, TYPED)
    page.context.clear_cookies(name="sessionid")

    write(page, {"all": [*TYPED["all"], {"everyone": True}]})
    expect(page.get_by_text("You are signed out.").first).to_be_visible()
    page.locator("[name=_save]").click()
    sign_in_again(page)
    page.get_by_role("button", name="Take it back").click()

    expect(page.locator("#id_name")).to_have_value("Near")
    becomes(page, {"all": [*TYPED["all"], {"everyone": True}]})
    page.locator("[name=_save]").click()
    page.wait_for_url(f"{live_url}/admin/segments/segment/")
    assert len(Segment.objects.get(key="near").rule["all"]) == 3
    page.goto(f"{live_url}/admin/segments/segment/add/")
    expect(page.locator("#ts-view-builder")).to_be_visible()
    expect(page.locator(".ts-draft")).to_have_count(0)


def test_second_person_who_saves_is_told_of_the_first_and_keeps_his_text(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    segment = make_segment("both", {"everyone": True})
    log_in(page, live_url, "marketer")
    page.goto(f"{live_url}/admin/segments/segment/{segment.pk}/change/")
    expect(page.locator("#ts-view-builder")).to_be_visible()
    theirs = {"field": "risk_level", "op": "eq", "value": "C3"}
    save_segment(
        key="both",
        name="Both",
        rule=theirs,
        description="",
        author=house.staff["root"],
        now=NOW + timedelta(minutes=1),
    )

    write(page, TYPED)
    page.locator("[name=_continue]").click()

    expect(page.get_by_text("Somebody else saved this segment")).to_be_visible()
    becomes(page, TYPED)
    assert Segment.objects.get(key="both").rule == theirs
    page.locator("[name=_continue]").click()
    expect(page.get_by_text("Somebody else saved this segment")).to_have_count(0)
    assert json.dumps(Segment.objects.get(key="both").rule) == json.dumps(TYPED)
