"""A reader who opens every kind of page that the console's links lead to."""

import html.parser
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urldefrag, urljoin, urlsplit

from django.test import Client

VOID: Final = {"br", "hr", "img", "input", "link", "meta"}
# What stands in these is code, as it was typed or stored.
CODE: Final = {"code", "pre", "script", "style", "textarea"}
SPOKEN: Final = ("title", "aria-label", "placeholder", "alt")
PER_KIND: Final = 2  # of pages that differ in a number only
MOST_PAGES: Final = 400
_NUMBER: Final = re.compile(r"\d+")
_LEAVES: Final = ("/admin/logout/", "/static/", "/i18n/")


class Page(html.parser.HTMLParser):
    """What a page says, and where it leads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Attributes that are read out count as said."""
        told = {name: value or "" for name, value in attrs}
        is_icon = "material-symbols" in told.get("class", "")
        if tag not in VOID:
            self.open.append((tag, is_icon))
        self.texts += [told[name] for name in SPOKEN if told.get(name)]
        if tag == "a" and told.get("href"):
            self.links.append(told["href"])

    def handle_endtag(self, tag: str) -> None:
        """Back to where the tag was opened."""
        while self.open and self.open.pop()[0] != tag:
            continue

    def handle_data(self, data: str) -> None:
        """Text, but for code and the names of icons."""
        if not any(tag in CODE or is_icon for tag, is_icon in self.open):
            self.texts.append(" ".join(data.split()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An address, the page that leads there, and what came: ``page`` is None for a file."""

    address: str
    origin: str
    status: int
    page: Page | None


def walk(client: Client) -> Iterator[Opened]:
    """From the first page on, wherever links lead, at most `MOST_PAGES`."""
    waiting = deque([("/", "")])
    seen, kinds = set[str](), Counter[str]()
    while waiting and len(seen) < MOST_PAGES:
        address, origin = waiting.popleft()
        kind, most = _kind_of(address)
        if address in seen or kinds[kind] >= most:
            continue
        seen.add(address)
        kinds[kind] += 1
        answer = client.get(address, follow=True)
        is_page = answer.status_code == 200 and "html" in answer["Content-Type"]
        page = Page(answer.content.decode()) if is_page else None
        yield Opened(address=address, origin=origin, status=answer.status_code, page=page)
        if page is not None:
            waiting.extend((link, address) for link in _inside(page, address))


def _inside(page: Page, address: str) -> list[str]:
    found = [urldefrag(urljoin(address, link)).url for link in page.links]
    return [link for link in found if not urlsplit(link).netloc and not link.startswith(_LEAVES)]


def _kind_of(address: str) -> tuple[str, int]:
    """What it has in common with pages that show the same, and how many of these are opened."""
    path, _mark, query = address.partition("?")
    kind = _NUMBER.sub("N", path)
    if not query:
        return kind, PER_KIND
    # How a list is sorted and filtered opens no other page.
    return (f"{kind}?" if path.endswith("/") else f"{kind}?{query}"), 1
