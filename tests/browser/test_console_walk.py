"""People at work in the console: each role's walk, a review by two people, the language switch."""

import pytest
from playwright.sync_api import Browser, Page, expect

from compliance.roles import Role
from customers.models import ImportJob
from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import PASSWORD, House

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_role_walks_through_everything_its_sidebar_offers(
    house: House, page: Page, live_url: str, noted: Noted, role: str
) -> None:
    log_in(page, live_url, role)
    links = page.locator("#nav-sidebar-apps a")
    addresses = [links.nth(place).get_attribute("href") for place in range(links.count())]

    assert len(addresses) >= 4
    for address in addresses:
        answer = page.goto(f"{live_url}{address}")
        assert answer is not None
        assert answer.status == 200, address


def test_login_without_a_page_in_mind_leads_to_the_overview(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    page.goto(f"{live_url}/admin/login/")
    page.fill("#id_username", "manager")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")

    page.wait_for_url(f"{live_url}/admin/")


def test_wrong_password_is_one_clear_sentence(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    speak(page.context, live_url, "zh-hans")
    page.goto(f"{live_url}/admin/")
    page.fill("#id_username", "manager")
    page.fill("#id_password", "wrong")
    page.press("#id_password", "Enter")

    expect(page.get_by_text("用户名与密码不符")).to_be_visible()


def test_marketer_submits_and_checker_approves(
    house: House, browser: Browser, page: Page, live_url: str, noted: Noted
) -> None:
    address = f"{live_url}/admin/campaigns/journey/{house.draft.pk}/change/"
    log_in(page, live_url, "marketer")
    page.goto(address)
    page.get_by_role("button", name="Submit for review").click()
    page.get_by_role("dialog").get_by_role("button", name="Submit for review").click()
    expect(page.get_by_text("A second person has to approve it")).to_be_visible()

    other = browser.new_context()
    checker = other.new_page()
    log_in(checker, live_url, "checker")
    expect(checker.get_by_text("journey · autumn/1")).to_be_visible()
    checker.goto(address)
    checker.get_by_role("button", name="Approve").click()
    checker.get_by_role("dialog").get_by_label("Opinion").fill("Good.")
    checker.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(checker.get_by_text("Approved.", exact=True)).to_be_visible()
    other.close()

    page.goto(address)
    expect(page.get_by_role("button", name="Publish")).to_be_visible()


def test_typed_rule_is_previewed_and_its_errors_pointed_at(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    log_in(page, live_url, "marketer")
    page.goto(f"{live_url}/admin/segments/segment/add/")
    expect(page.locator(".ts-preview")).to_contain_text("360 customers")

    page.locator("#ts-tab-json").click()
    page.fill("#id_rule", '{"field": "risk_levle", "op": "eq", "value": "C3"}')
    expect(page.locator(".ts-preview.ts-wrong")).to_contain_text("/field")

    page.fill("#id_rule", '{"field": "risk_level", "op": "eq", "value": "C1"}')
    expect(page.locator(".ts-preview")).to_contain_text("0 customers")


def test_language_is_switched_from_the_account_menu(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    log_in(page, live_url, "manager")

    page.get_by_text("manager", exact=True).last.click()
    page.get_by_role("button", name="简体中文").click()

    expect(page.get_by_role("link", name="总览")).to_be_visible()


def test_audit_chain_is_verified_by_a_button(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    log_in(page, live_url, "compliance")
    page.goto(f"{live_url}/admin/compliance/auditentry/")

    page.get_by_role("button", name="Verify the chain").click()

    expect(page.get_by_text("The chain holds")).to_be_visible()


def test_an_empty_list_says_whether_a_filter_emptied_it(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    log_in(page, live_url, "operator")
    page.goto(f"{live_url}/admin/campaigns/intervention/")
    expect(page.get_by_text("Acts are proposed on the list of touches")).to_be_visible()
    expect(page.get_by_text("Nothing is on this list yet.")).to_be_visible()

    page.goto(f"{live_url}/admin/campaigns/intervention/?verdict__exact=done")

    expect(page.get_by_text("Nothing fits the search or the filters.")).to_be_visible()


def test_a_long_hash_does_not_widen_a_phones_page(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    job = ImportJob.objects.get()
    log_in(page, live_url, "operator")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live_url}/admin/customers/importjob/{job.pk}/change/")

    expect(page.get_by_text("0" * 64)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


@pytest.mark.parametrize(
    ("role", "path", "title"),
    [
        ("marketer", "reports/why/", "Why / why not"),
        ("operator", "customers/importjob/", "Imports"),
        ("operator", "customers/importjob/upload/", "Upload a file"),
        ("operator", "customers/importjob/freshness/", "Sources and freshness"),
    ],
)
def test_only_the_page_on_view_is_marked_in_the_sidebar(
    house: House, page: Page, live_url: str, noted: Noted, role: str, path: str, title: str
) -> None:
    log_in(page, live_url, role)
    page.goto(f"{live_url}/admin/{path}")

    marked = page.locator("#nav-sidebar-apps a.active")
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text(title)
