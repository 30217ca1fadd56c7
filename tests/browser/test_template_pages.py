"""A marketer's slips on the page of a template: nothing typed is lost, nothing is sent twice."""

import pytest
from playwright.sync_api import Page, Route, expect

from campaigns.models import Template
from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import House

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_boxes_for_another_language_leave_what_was_typed(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    log_in(page, live_url, "marketer")
    page.goto(f"{live_url}/admin/campaigns/template/add/?channel=sms")
    page.fill("[name=key]", "hello")
    page.fill("[name=name]", "Hello")
    page.fill("[name=part_text]", "Good day")
    page.fill("[name=part_signature]", "Bank")

    for locale in ("zh", "zh-hant"):
        page.get_by_label("Another language").fill(locale)
        page.get_by_label("Another language").press("Enter")
        expect(page.locator(f"[name='variant:{locale}:text']")).to_be_focused()
        page.keyboard.type("您好")
    expect(page.locator("[name='variant:zh-hant:text'] + .ts-note")).to_contain_text("segments 1")
    expect(page.locator("[name=part_text]")).to_have_value("Good day")
    page.get_by_role("button", name="Save", exact=True).click()

    page.wait_for_url("**/admin/campaigns/template/")
    version = Template.objects.get(key="hello").versions.get()
    assert version.parts == {"text": "Good day", "signature": "Bank"}
    assert version.variants == {"zh": {"text": "您好"}, "zh-hant": {"text": "您好"}}


def test_a_second_click_on_save_sends_nothing_more(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    template = Template.objects.get(key="spring-mail")
    posts: list[str] = []

    def slow(route: Route) -> None:
        if route.request.method == "POST":
            posts.append(route.request.url)
            page.wait_for_timeout(300)
        route.continue_()

    speak(page.context, live_url, "en")
    log_in(page, live_url, "marketer")
    page.goto(f"{live_url}/admin/campaigns/template/{template.pk}/change/")
    page.fill("[name=part_subject]", "Summer")
    page.route("**/change/", slow)
    page.get_by_role("button", name="Save", exact=True).dblclick()

    page.wait_for_url("**/admin/campaigns/template/")
    assert len(posts) == 1
    assert template.versions.count() == 2
