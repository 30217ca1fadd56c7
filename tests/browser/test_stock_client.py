"""Segment's browser client, unchanged, on a page of another host in a real browser."""

from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Page

from compliance.queries import clock_now
from customers.actions.sources import create_api_key
from customers.models import Customer, Event, Quarantine
from customers.vocabulary import KeyScope
from tests.provide_clients import NoClients, installed_clients
from tests.web_server import WebServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGE = b"""<!doctype html><title>Bank</title><script src="/umd/index.js"></script>"""
LOAD = """async ([address, writeKey, options]) => {
    const load = window.AnalyticsNext.AnalyticsBrowser.load;
    window.analytics = load({writeKey, cdnURL: address}, options);
    await window.analytics.ready();
}"""
TELL = """async () => {
    const sent = [
        analytics.identify("u1", {name: "张伟", plan: "gold"}),
        analytics.track("Fund Viewed", {code: "F012", amount: 12.5}),
        analytics.page("Funds", "Home"),
        analytics.group("branch-7", {city: "Wuhan"}),
        analytics.alias("u1", "old-1"),
    ];
    const contexts = await Promise.all(sent);
    return contexts.map((context) => context.failedDelivery() ?? null);
}"""


class Site(BaseHTTPRequestHandler):
    """The institution's page, with the client beside it."""

    def __init__(self, files: Path, *args: Any) -> None:
        self.files = files
        super().__init__(*args)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        script = self.files / Path(path).name
        is_script = path.startswith("/umd/") and script.is_file()
        body = script.read_bytes() if is_script else PAGE
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if is_script else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    try:
        files = installed_clients() / "@segment" / "analytics-next" / "dist" / "umd"
    except NoClients as error:
        pytest.skip(str(error))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, files))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def write_key(transactional_db: None) -> str:
    return create_api_key(name="site", scope=KeyScope.INGEST, now=clock_now()).secret


@pytest.mark.parametrize("strategy", ["standard", "batching"])
def test_everything_a_page_tells_is_taken(
    web: WebServer, page: Page, site: str, write_key: str, strategy: str
) -> None:
    options = {"integrations": {"Segment.io": {"deliveryStrategy": {"strategy": strategy}}}}
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site}/?utm_source=wechat&utm_campaign=spring")
    page.evaluate(LOAD, [web.address, write_key, options])

    assert page.evaluate(TELL) == [None] * 5
    page.goto("about:blank")  # what is batched goes out with the page

    for _ in range(100):
        if Event.objects.count() >= 5:
            break
        page.wait_for_timeout(50)
    kinds = list(Event.objects.values_list("kind", flat=True))
    assert sorted(kinds) == ["alias", "group", "identify", "page", "track"]
    assert Customer.objects.get().attributes == {"plan": "gold"}
    assert Quarantine.objects.count() == 0
    campaign = Event.objects.get(kind="page").context["campaign"]
    assert campaign == {"source": "wechat", "name": "spring"}
    assert [url for url in asked if not url.startswith((site, web.address, "about:"))] == []
