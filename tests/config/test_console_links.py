"""Every link of the console leads to a page that opens, for whoever is shown it."""

import re
from collections import deque
from html import unescape
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from django.test import Client

from compliance.roles import Role
from tests.browser.factories import House, build_house

MOST_PAGES: Final = 300
_VIEW: Final = re.compile(r"/\d+/")
_LEAVES: Final = ("/admin/logout/", "/static/", "/i18n/")


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "a" and told.get("href"):
            self.found.append(str(told["href"]))


@pytest.fixture
def house(db: None) -> House:
    return build_house()


def links_of(page: str, address: str) -> list[str]:
    reader = _Links()
    reader.feed(page)
    found = [urldefrag(urljoin(address, unescape(link))).url for link in reader.found]
    return [link for link in found if not urlsplit(link).netloc and not link.startswith(_LEAVES)]


def kind_of(address: str) -> str:
    """Pages of one shape show the same to the same reader: one of them is opened."""
    split = urlsplit(address)
    # How a list is sorted and filtered opens no other page.
    asked = split.query and not split.path.endswith("/")
    return f"{_VIEW.sub('/n/', split.path)}?{split.query if asked else bool(split.query)}"


def walk(client: Client, *, most_of_a_kind: int = 1) -> tuple[list[str], int]:
    """The links that lead to a page that does not open, and how many pages were opened."""
    waiting = deque([("/", "")])
    seen: set[str] = set()
    kinds: dict[str, int] = {}
    dead: list[str] = []
    while waiting and len(seen) < MOST_PAGES:
        address, origin = waiting.popleft()
        kind = kind_of(address)
        if address in seen or kinds.get(kind, 0) >= most_of_a_kind:
            continue
        seen.add(address)
        kinds[kind] = kinds.get(kind, 0) + 1
        answer = client.get(address, follow=True)
        if answer.status_code != 200:
            dead.append(f"{answer.status_code} {address} from {origin}")
        elif answer["Content-Type"].startswith("text/html"):
            page = answer.content.decode()
            waiting.extend((link, address) for link in links_of(page, address))
    return dead, len(seen)


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_no_link_that_a_role_is_shown_leads_to_a_refusal(house: House, role: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(house.staff[role])

    dead, opened = walk(client)

    assert opened > 10
    assert dead == []


def test_a_browser_that_comes_without_an_address_is_led_to_the_console(house: House) -> None:
    client = Client()

    assert client.get("/", follow=True).redirect_chain[-1][0].startswith("/admin/login/")
    client.force_login(house.staff["marketer"])
    assert client.get("/", follow=True).redirect_chain == [("/admin/", 302)]
