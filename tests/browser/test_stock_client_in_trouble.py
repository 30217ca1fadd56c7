"""Segment's browser client where the way to the server fails, and where there is none at times."""

from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import Page

from customers.models import Event, Quarantine
from tests.browser.test_stock_client import LOAD, site, write_key  # noqa: F401 - fixtures
from tests.customers.api.faulty_way import Fault, faulty_way
from tests.web_server import WebServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TELL = """() => {
    analytics.identify("客户-1", {name: "欧阳🚀", nested: {a: [1, {b: null}]}, city: "武汉"});
    for (let at = 0; at < 5; at++) analytics.track(`Step ${at}`, {text: "沪深🚀".repeat(500), at});
    analytics.group("分行-7", {size: 3});
    analytics.alias("客户-1", "old-1");
    analytics.screen("持仓", "总览");
}"""
NAMES = ["Identified", *(f"Step {at}" for at in range(5)), "Grouped", "Aliased", "Screen Viewed"]


def told(page: Page) -> Counter[str]:
    for _ in range(400):
        if Event.objects.count() >= len(NAMES):
            break
        page.wait_for_timeout(50)
    page.wait_for_timeout(1_500)  # whatever is sent again comes now
    return Counter(Event.objects.values_list("name", flat=True))


@pytest.mark.parametrize("strategy", ["standard", "batching"])
def test_what_a_server_did_not_answer_is_stored_once(
    web: WebServer,
    page: Page,
    site: str,  # noqa: F811
    write_key: str,  # noqa: F811
    strategy: str,
) -> None:
    options = {"integrations": {"Segment.io": {"deliveryStrategy": {"strategy": strategy}}}}
    faults = [Fault.BUSY, Fault.UNHEARD, Fault.RESET, Fault.BUSY]
    with faulty_way(web.port, faults) as way:
        page.goto(site)
        page.evaluate(LOAD, [way.address, write_key, options])

        page.evaluate(TELL)

        assert told(page) == Counter(NAMES)
    assert way.answers[:4] == faults
    assert Quarantine.objects.count() == 0


def test_what_is_told_without_a_network_comes_when_there_is_one(
    web: WebServer,
    page: Page,
    site: str,  # noqa: F811
    write_key: str,  # noqa: F811
) -> None:
    page.goto(site)
    page.evaluate(LOAD, [web.address, write_key, {}])
    page.context.set_offline(True)
    page.evaluate(TELL)
    page.wait_for_timeout(1_000)
    before: Any = Event.objects.count()

    page.context.set_offline(False)

    assert (before, told(page)) == (0, Counter(NAMES))
    assert Quarantine.objects.count() == 0
