"""Web Push from our provider to a notification in a real browser, without leaving the machine.

Chromium subscribes only with its maker's service, so the test makes the subscription's keys itself
and hands the browser what the push service could decrypt; from there on everything is the
browser's: its service worker takes the push and shows it.
"""

import asyncio
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import orjson
import pytest
from playwright.sync_api import Browser, CDPSession, Page

from campaigns.channels.base import Accepted, AccountConfig, Outcome, Outgoing
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.push.test_webpush import VAPID_KEY
from tests.campaigns.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WORKER = Path(__file__).resolve().parents[2] / "static/push/worker.js"
CONTENT = {"title": "对账单已出", "body": "It is ready.", "url": "https://example.com/r/abc"}


class Site(BaseHTTPRequestHandler):
    """The institution's page with our service worker."""

    def do_GET(self) -> None:
        is_worker = self.path == "/worker.js"
        body = WORKER.read_bytes() if is_worker else b"<!doctype html><title>Bank</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if is_worker else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def push_service(tmp_path: Path) -> Iterator[SandboxProcess]:
    process = SandboxProcess(tmp_path)
    yield process
    process.stop()


@pytest.fixture
def reader(browser: Browser, site: str) -> Iterator[Page]:
    """A page whose worker is active and may show notifications."""
    context = browser.new_context(permissions=["notifications"])
    page = context.new_page()
    page.goto(site)
    page.evaluate(
        "navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready)"
    )
    yield page
    context.close()


def hand_over(service: SandboxProcess, key: str) -> Outcome:
    """Our provider, as the dispatcher uses it."""
    config = AccountConfig(
        key="webpush-main",
        vendor="webpush",
        base_url=service.ports["http_url"],
        secrets={"vapid_private_key": VAPID_KEY},
        options={"subject": "mailto:push@example.com", "relay": "true"},
    )
    subscription = service.get("/webpush/subscription.json?name=browser")
    message = Outgoing(key=key, address=orjson.dumps(subscription).decode(), content=CONTENT)

    async def send() -> Outcome:
        provider = build_provider(config)
        [outcome] = await provider.send([message])
        await provider.aclose()
        return outcome

    return in_thread(send)


def in_thread(send: object) -> Outcome:
    """Beside Playwright's own loop."""
    found: list[Outcome] = []
    thread = Thread(target=lambda: found.append(asyncio.run(send())))  # type: ignore[operator]
    thread.start()
    thread.join(30)
    return found[0]


def registration_of(session: CDPSession, page: Page) -> str:
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: found.extend(one["registrationId"] for one in told["registrations"]),
    )
    session.send("ServiceWorker.enable")
    for _ in range(50):
        if found:
            return found[0]
        page.wait_for_timeout(100)
    raise AssertionError("the browser told of no registration")


def shown(page: Page) -> list[dict[str, object]]:
    notifications: list[dict[str, object]] = page.evaluate(
        """async () => {
            const registration = await navigator.serviceWorker.ready;
            const shown = await registration.getNotifications();
            return shown.map(({title, body, tag, data}) => ({title, body, tag, data}));
        }"""
    )
    return notifications


def test_message_of_ours_is_decrypted_shown_and_replaces_its_own_repeat(
    push_service: SandboxProcess, reader: Page, site: str
) -> None:
    key = uuid.uuid4().hex
    assert isinstance(hand_over(push_service, key), Accepted)
    [copy] = push_service.received("push", key)
    assert {name: copy[name] for name in CONTENT} == CONTENT
    session = reader.context.new_cdp_session(reader)
    registration = registration_of(session, reader)

    plaintext = orjson.dumps({"key": key, **{name: copy[name] for name in CONTENT}}).decode()
    for _ in range(2):
        session.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": site, "registrationId": registration, "data": plaintext},
        )
    for _ in range(50):
        if shown(reader):
            break
        reader.wait_for_timeout(100)

    [notification] = shown(reader)
    assert notification["title"] == CONTENT["title"]
    assert notification["body"] == CONTENT["body"]
    assert notification["tag"] == key
    assert notification["data"] == {"url": CONTENT["url"], "key": key}


def test_push_that_is_not_ours_shows_nothing_and_breaks_nothing(reader: Page, site: str) -> None:
    session = reader.context.new_cdp_session(reader)
    registration = registration_of(session, reader)
    for bad in ("not json", "{}", '{"title": 7}', '["x"]'):
        session.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": site, "registrationId": registration, "data": bad},
        )
    reader.wait_for_timeout(500)

    assert shown(reader) == []
