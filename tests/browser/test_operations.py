"""The stations' page in a real browser: it renews itself, stops by one button, fits a phone."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from campaigns.actions.advance import advance
from campaigns.actions.beat import beat
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.stop import Scope, ask_release, stop_sending
from campaigns.channels.base import Limits, Unknown
from campaigns.models import EmergencyStop, PoisonRow, Touch
from compliance.models import User
from compliance.queries import clock_now
from tests.browser.conftest import Noted, log_in, speak
from tests.browser.factories import build_staff
from tests.factories import (
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    send_node,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MUTE = Limits(batch_max=500, concurrency=1, honours_key=False, can_find=False, settle=timedelta(0))


@pytest.fixture(autouse=True)
def busy(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some touches of unknown outcome, one row put aside, a worker."""
    now = clock_now()
    build_staff()
    make_memory_account(
        monkeypatch, limits=MUTE, script=lambda m: Unknown(key=m.key, code="x", message="")
    )
    make_template(now=now)
    make_people(12, now=now)
    make_segment(now=now)
    journey = make_journey(graph_of(send_node()), now=now)
    enrol(journey=journey, now=now)
    advance(owner="w", now=now)
    dispatch_batch(owner="w", now=now)
    beat(worker="bank-1:4711", station="dispatch", account="account-email", done=12, accepted=9)
    PoisonRow.objects.create(
        stage="dispatch",
        journey=journey,
        reference={},
        error_class="UnknownKey",
        message="",
        attempts=3,
        failed_at=now - timedelta(minutes=5),
    )


def keep(page: Page, name: str) -> None:
    """A picture for a person to look at, where a folder for them is named."""
    if folder := os.environ.get("TOUCHSTONE_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def test_the_figures_renew_themselves(page: Page, live_url: str, noted: Noted) -> None:
    log_in(page, live_url, "operator")
    page.goto(f"{live_url}/admin/operations/")
    expect(page.get_by_text("UnknownKey")).to_be_visible()
    keep(page, "operations-en")

    PoisonRow.objects.update(error_class="LaterError")

    expect(page.get_by_text("LaterError")).to_be_visible(timeout=6000)


def test_one_button_and_a_question_stop_everything(page: Page, live_url: str, noted: Noted) -> None:
    log_in(page, live_url, "operator")
    page.goto(f"{live_url}/admin/operations/")

    page.get_by_role("button", name="Emergency stop").click()
    page.get_by_label("Why").fill("wrong rate")
    keep(page, "operations-question")
    page.get_by_role("button", name="Stop now").click()

    expect(page.get_by_role("alert").first).to_contain_text("Emergency stop: everything")
    keep(page, "operations-stopped")
    assert EmergencyStop.objects.get().why == "wrong rate"


def test_agreeing_to_a_release_is_asked_about_and_the_question_stays(
    page: Page, live_url: str, noted: Noted
) -> None:
    now = clock_now()
    standing = stop_sending(scope=Scope(), actor="operator", why="wrong rate", now=now)
    asker = User.objects.get(username="operator")
    ask_release(stop=standing, actor=asker, now=now)
    log_in(page, live_url, "compliance")
    page.goto(f"{live_url}/admin/operations/")

    page.get_by_role("button", name="Agree to the release…").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("wrong rate")
    question.locator("p").click()  # takes the focus out of the buttons
    page.wait_for_timeout(2500)
    keep(page, "operations-release")
    question.get_by_role("button", name="Agree to the release").click()

    expect(page.get_by_text("Released")).to_be_visible()
    assert EmergencyStop.objects.get().released_by_id is not None


def test_a_wrong_answer_is_asked_for_again_with_what_was_typed(
    page: Page, live_url: str, noted: Noted
) -> None:
    log_in(page, live_url, "operator")
    page.goto(f"{live_url}/admin/operations/")
    page.get_by_role("button", name="Emergency stop").click()
    question = page.get_by_role("dialog")
    question.get_by_label("Channel").select_option("email")
    question.get_by_label("Provider account").select_option("account-email")
    question.get_by_label("Why").fill("wrong rate")

    page.get_by_role("button", name="Stop now").click()

    expect(question.get_by_role("alert")).to_contain_text("not several")
    expect(question.get_by_label("Why")).to_have_value("wrong rate")
    expect(question.get_by_label("Channel")).to_have_value("email")
    assert not EmergencyStop.objects.exists()


@pytest.mark.parametrize(
    ("language", "ask", "unaskable", "mark", "agree", "done"),
    [
        ("en", "Ask the provider", "cannot be asked", "Mark as sent", "Agree", "Done."),
        ("zh-hans", "询问供应商", "供应商无法查询", "标记为已发送", "同意", "已完成。"),
    ],
)
def test_unknown_outcomes_are_settled_from_the_board_by_two_persons(
    page: Page,
    browser: Browser,
    live_url: str,
    noted: Noted,
    language: str,
    ask: str,
    unaskable: str,
    mark: str,
    agree: str,
    done: str,
) -> None:
    speak(page.context, live_url, language)
    log_in(page, live_url, "operator")
    page.goto(f"{live_url}/admin/operations/")
    page.locator("a[href*='state=ambiguous']").click()

    propose(page, ask)
    expect(page.get_by_text(unaskable)).to_be_visible()
    expect(page.locator("textarea")).to_have_count(0)
    keep(page, f"operations-unaskable-{language}")
    page.go_back()
    propose(page, mark)
    page.locator("form textarea").fill("The provider's own list shows them.")
    keep(page, f"operations-mark-{language}")
    page.locator("form .ts-button-main").click()
    page.wait_for_url("**/intervention/")
    keep(page, f"operations-proposed-{language}")

    second = browser.new_context()
    speak(second, live_url, language)
    other = second.new_page()
    log_in(other, live_url, "compliance")
    other.goto(f"{live_url}/admin/campaigns/intervention/")
    other.locator("#result_list tbody a").first.click()
    other.get_by_role("button", name=agree, exact=True).first.click()
    keep(other, f"operations-agree-{language}")
    other.get_by_role("dialog").get_by_role("button", name=agree, exact=True).click()
    expect(other.get_by_text(done).first).to_be_visible()

    assert not Touch.objects.filter(state="ambiguous").exists()
    second.close()


def propose(page: Page, act: str) -> None:
    """Choose every touch of the list and an act, and look at what it would do."""
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option(label=act)
    page.locator("button[name=index]").first.click()


def test_the_page_fits_a_phone_in_chinese(page: Page, live_url: str, noted: Noted) -> None:
    log_in(page, live_url, "operator")
    speak(page.context, live_url, "zh-hans")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live_url}/admin/operations/")

    expect(page.get_by_text("需人工处理的触达")).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    keep(page, "operations-phone")
    assert wide <= 0
