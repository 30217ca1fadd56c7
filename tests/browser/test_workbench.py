"""An advisor's day in a real browser: at most three clicks a call, on a desk and on a phone."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.models import AdvisorTask, Call
from compliance.queries import clock_now
from customers.actions.people import Person, put_people
from customers.models import Customer
from customers.queries.consents import current_consents
from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import House, build_person, build_staff
from tests.factories import (
    SUITED,
    graph_of,
    lift_contact_rules,
    make_account,
    make_journey,
    make_segment,
    make_template,
    record_event,
    say_consent,
    send_node,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAMES = ("王小明", "李雷", "韩梅梅")
WORDS = {
    "en": {
        "reached": "Reached",
        "refused": "Refused…",
        "never": "No calls any more",
        "undo": "Undo",
    },
    "zh-hans": {"reached": "已接通", "refused": "拒绝…", "never": "不再来电", "undo": "撤销"},
}


@pytest.fixture
def bench(transactional_db: None) -> list[AdvisorTask]:
    """Three customers to be called, the first with a day behind him."""
    now = clock_now()
    staff = build_staff()
    other = build_person("advisor2")
    other.groups.set(staff["advisor"].groups.all())
    people = [
        Person(
            customer_no=f"T{number:05d}",
            columns={**SUITED, "name": name, "city": "上海", "lifecycle": "成熟"},
            contacts={"phone": f"+861380000123{number}"},
        )
        for number, name in enumerate(NAMES)
    ]
    ids = list(put_people(people=people, source="t", may_replace_contacts=True, now=now).values())
    say_consent(ids, ["phone"], now=now)
    record_event(ids[0], "fund_viewed", at=now)
    lift_contact_rules(now=now)
    make_account(Channel.TASK, vendor="workbench", now=now)
    make_template(
        Channel.TASK, parts={"script": "介绍三年期定期存款的利率与期限，解答疑问。"}, now=now
    )
    make_segment(now=now)
    enrol(journey=make_journey(graph_of(send_node(Channel.TASK)), now=now), now=now)
    advance(owner="w", now=now)
    dispatch_batch(owner="w", now=now)
    return list(AdvisorTask.objects.order_by("id"))


@pytest.fixture
def clicks(page: Page) -> Iterator[list[str]]:
    """Everything the advisor clicks or taps."""
    seen: list[str] = []
    page.expose_function("noteClick", lambda what: seen.append(what))
    page.add_init_script(
        "addEventListener('click', e => e.isTrusted && noteClick(e.target.outerHTML), true)"
    )
    return seen


def look(page: Page, name: str) -> None:
    """Keep a picture where somebody asked for them."""
    if folder := os.environ.get("TOUCHSTONE_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_call_takes_at_most_three_clicks_from_the_list_to_the_outcome(
    bench: list[AdvisorTask],
    page: Page,
    live_url: str,
    noted: Noted,
    clicks: list[str],
    language: str,
) -> None:
    speak(page.context, live_url, language)
    log_in(page, live_url, "advisor")
    page.goto(f"{live_url}/admin/workbench/")
    expect(page.locator(".ts-card")).to_have_count(3)
    look(page, f"bench-list-{language}")
    clicks.clear()

    page.locator(".ts-card").first.click()
    expect(page.locator(".ts-bench-name")).to_have_text("王**")
    page.locator("[data-key=n]").click()
    expect(page.locator("a.ts-number")).to_have_attribute("href", "tel:+8613800001230")
    look(page, f"bench-task-{language}")
    page.get_by_role("button", name=WORDS[language]["reached"], exact=True).click()
    expect(page.locator(".ts-undo")).to_be_visible()

    assert len(clicks) == 3
    assert Call.objects.get().disposition == "reached"
    expect(page.locator(".ts-card")).to_have_count(2)
    expect(page.locator("html")).to_have_attribute("lang", language)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_refusal_withdraws_consent_and_undo_brings_both_back(
    bench: list[AdvisorTask],
    page: Page,
    live_url: str,
    noted: Noted,
    clicks: list[str],
    language: str,
) -> None:
    speak(page.context, live_url, language)
    log_in(page, live_url, "advisor")
    page.goto(f"{live_url}/admin/workbench/")
    customer = Customer.objects.get(customer_no="T00000").pk
    clicks.clear()

    page.locator(".ts-card").first.click()
    page.locator("textarea[name=note]").fill("不要再打了")
    page.get_by_role("button", name=WORDS[language]["refused"]).click()
    page.get_by_role("button", name=WORDS[language]["never"]).click()
    expect(page.locator(".ts-undo")).to_be_visible()
    assert len(clicks) == 3
    assert current_consents([customer])[customer]["phone"] == "withdrawn"

    page.get_by_role("button", name=WORDS[language]["undo"]).click()

    expect(page.locator(".ts-bench-name")).to_have_text("王**")
    assert current_consents([customer])[customer]["phone"] == "granted"


def test_back_and_reload_after_the_number_was_shown_ask_nothing(
    bench: list[AdvisorTask], page: Page, live_url: str, noted: Noted
) -> None:
    """The number stands in the answer to a button; the browser would ask to press that again."""
    log_in(page, live_url, "advisor")
    page.goto(f"{live_url}/admin/workbench/")
    page.locator(".ts-card").first.click()
    page.locator("[data-key=n]").click()
    expect(page.locator("a.ts-number")).to_be_visible()

    page.reload()
    expect(page.locator(".ts-bench-name")).to_have_text("王**")
    expect(page.locator("a.ts-number")).to_have_count(0)
    page.locator("[data-key=n]").click()
    expect(page.locator("a.ts-number")).to_be_visible()
    page.locator("[data-key='2']").click()
    expect(page.locator(".ts-undo")).to_be_visible()
    page.go_back()

    expect(page.locator(".ts-bench-name")).to_have_text("王**")
    expect(page.locator(".ts-outcome")).to_have_count(0)
    assert Call.objects.count() == 1


def test_everything_is_done_from_the_keyboard(
    bench: list[AdvisorTask], page: Page, live_url: str, noted: Noted, clicks: list[str]
) -> None:
    log_in(page, live_url, "advisor")
    page.goto(f"{live_url}/admin/workbench/")
    expect(page.locator(".ts-clock").first).to_contain_text("left")
    clicks.clear()

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator(".ts-bench-name")).to_have_text("李*")
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    expect(page.locator(".ts-undo")).to_contain_text("Call later")
    page.keyboard.press("u")
    expect(page.locator(".ts-bench-name")).to_have_text("李*")
    page.keyboard.press("3")
    expect(page.locator(".ts-undo")).to_contain_text("Not reached")

    said = list(Call.objects.order_by("id").values_list("disposition", "undone_at"))
    assert said[0][0] == "call_later"
    assert said[0][1] is not None
    assert said[1] == ("not_reached", None)


def test_lists_of_two_advisors_follow_each_other_without_a_reload(
    bench: list[AdvisorTask], browser: Browser, page: Page, live_url: str, noted: Noted
) -> None:
    log_in(page, live_url, "advisor")
    page.goto(f"{live_url}/admin/workbench/")
    expect(page.locator(".ts-card")).to_have_count(3)
    first = page.locator(".ts-clock").first.inner_text()

    elsewhere = browser.new_context()
    other = elsewhere.new_page()
    log_in(other, live_url, "advisor2")
    other.goto(f"{live_url}/admin/workbench/")
    other.locator(".ts-card").first.click()
    expect(other.locator(".ts-bench-name")).to_have_text("王**")

    expect(page.locator(".ts-card")).to_have_count(2, timeout=10_000)
    assert page.locator(".ts-clock").first.inner_text() != first
    page.goto(f"{live_url}/admin/workbench/{bench[0].pk}/")
    expect(page.get_by_text("advisor2 is at this customer.")).to_be_visible()
    expect(page.locator(".ts-outcome")).to_have_count(0)
    elsewhere.close()


def test_phone_shows_the_task_alone_and_nothing_runs_over_the_edge(
    bench: list[AdvisorTask], browser: Browser, live_url: str
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    log_in(page, live_url, "advisor")
    page.goto(f"{live_url}/admin/workbench/")
    look(page, "bench-phone-list")

    page.locator(".ts-card").first.tap()
    expect(page.locator(".ts-bench-name")).to_be_visible()
    expect(page.locator(".ts-cards").first).to_be_hidden()
    look(page, "bench-phone-task")
    width = page.evaluate("document.querySelector('.ts-bench').scrollWidth")
    assert width <= 390
    for button in page.locator(".ts-outcome .ts-outcomes > .ts-big:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    page.locator(".ts-outcome button[value=interested]").tap()
    expect(page.locator(".ts-undo")).to_be_visible()
    look(page, "bench-phone-undo")
    context.close()


def test_empty_list_says_so_and_other_roles_stay_out(
    house: House, page: Page, live_url: str, noted: Noted
) -> None:
    AdvisorTask.objects.all().delete()
    log_in(page, live_url, "advisor")
    page.goto(f"{live_url}/admin/workbench/")
    expect(page.get_by_text("Nobody is waiting to be called.")).to_be_visible()
    look(page, "bench-empty")

    page.context.clear_cookies()
    log_in(page, live_url, "manager")
    answer = page.request.get(f"{live_url}/admin/workbench/")
    assert answer.status == 403
