"""A browser that is logged in, and that notes what a page should never do."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.factories import PASSWORD, House, build_house


@dataclass(slots=True, kw_only=True)
class Noted:
    """Errors in the console of the browser, and requests that left the machine."""

    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


@pytest.fixture
def house(transactional_db: None) -> House:
    """The small institution, in a database that the live server sees."""
    return build_house()


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """English, light, a laptop's window."""
    return {
        **browser_context_args,
        "locale": "en-GB",
        "color_scheme": "light",
        "viewport": {"width": 1366, "height": 900},
    }


@pytest.fixture
def noted(page: Page, live_url: str) -> Iterator[Noted]:
    """What the page did wrong; a test that uses it fails when there is anything."""
    seen = Noted()
    own = urlsplit(live_url).netloc

    def request(address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != own:
            seen.foreign.append(address)

    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("request", lambda sent: request(sent.url))
    page.on(
        "console",
        lambda message: seen.errors.append(message.text) if message.type == "error" else None,
    )
    yield seen
    assert seen.errors == []
    assert seen.foreign == []


def log_in(page: Page, live_url: str, name: str) -> None:
    """By the form, as a person does."""
    page.goto(f"{live_url}/admin/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_url(f"{live_url}/admin/")


def speak(context: BrowserContext, live_url: str, language: str) -> None:
    """Choose the language of the console."""
    context.add_cookies([{"name": "django_language", "value": language, "url": live_url}])
