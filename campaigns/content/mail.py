"""An e-mail as it is sent, made of what its author wrote: MJML to HTML, styles inlined, plain text.

Runs in the engine's process, for its parsers read whatever an author typed; Liquid passes through
all of it untouched. Done once, when a template is saved.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

import mrml
from css_inline import CSSInliner, InlineError

from campaigns.content.marks import replace_marks
from compliance.wording.pages import PageReader, tamed

_MJML_TAG: Final = re.compile(r"<(mj-[a-z-]+)", re.I)
_KNOWN: Final = frozenset(
    {
        *("mj-head", "mj-attributes", "mj-all", "mj-class", "mj-breakpoint", "mj-font"),
        *("mj-preview", "mj-style", "mj-title", "mj-body", "mj-section", "mj-wrapper"),
        *("mj-column", "mj-group", "mj-text", "mj-button", "mj-image", "mj-divider"),
        *("mj-spacer", "mj-table", "mj-raw", "mj-hero", "mj-navbar", "mj-navbar-link"),
        *("mj-social", "mj-social-element", "mj-accordion", "mj-accordion-element"),
        *("mj-accordion-title", "mj-accordion-text", "mj-carousel", "mj-carousel-image"),
    }
)
# No fonts from elsewhere: who fetches them tells a third party that he reads this.
_MJML_OPTIONS: Final = mrml.RenderOptions(fonts={})
_INLINER: Final = CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
_ROW_GROUP: Final = re.compile(r"</?tbody>")


class Unbuildable(Exception):
    """The e-mail cannot be made; ``code`` and ``why`` say what of it."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code, self.why = code, why


def built(parts: Mapping[str, str]) -> dict[str, str]:
    """The parts as sent: ``mjml`` becomes ``html``, ``text`` is made of it where none is given.

    Raises `Unbuildable`.
    """
    sent = {name: source for name, source in parts.items() if name != "mjml"}
    if parts.get("mjml", "").strip():
        sent["html"] = from_mjml(parts["mjml"])
    html = sent.get("html", "")
    if "<style" in html.lower():
        sent["html"] = inlined(html)
    if html.strip() and not sent.get("text", "").strip():
        sent["text"] = text_of(html)
    return sent


def from_mjml(source: str) -> str:
    """HTML of MJML; tags that are none are refused, where the library would keep silent."""
    for tag in _MJML_TAG.findall(source):
        if tag.lower() not in _KNOWN:
            raise Unbuildable("unknown_mjml", tag)
    try:
        return str(mrml.to_html(source, render_options=_MJML_OPTIONS).content)
    except OSError as error:
        raise Unbuildable("bad_mjml", str(error)) from error


def inlined(html: str) -> str:
    """The rules of ``<style>`` written into the elements; media queries stay where they are."""
    held: list[str] = []
    word = _unwritten(html)
    marks = replace_marks(html, lambda found: " " * len(found[0]))  # HTML's own < and > alone

    def hold(found: re.Match[str]) -> str:
        # Between elements a comment may stand anywhere, in a table too; in a tag only a word may.
        held.append(found[0])
        number, at = len(held) - 1, found.start()
        is_inside = any(
            marks.rfind(opening, 0, at) > marks.rfind(closing, 0, at)
            for opening, closing in (("<", ">"), ("<!--", "-->"))
        )
        return f"{word}{number}-" if is_inside else f"<!--{word}{number}--->"

    try:
        done = _INLINER.inline(replace_marks(html, hold))
    except InlineError as error:
        raise Unbuildable("bad_css", str(error)) from error
    if "<tbody" not in html.lower():
        # The parser adds them, and a loop over rows would then open what it doesn't close.
        done = _ROW_GROUP.sub("", done)
    stands = re.compile(rf"<!--{word}(?P<between>[0-9]+)--->|{word}(?P<within>[0-9]+)-")
    return stands.sub(lambda found: held[int(found["between"] or found["within"])], done)


def _unwritten(html: str) -> str:
    """The beginning of a word that stands nowhere in the page.

    Nobody can write the digest of what he writes, not even by entities that the parser resolves.
    """
    return f"l{hashlib.sha256(html.encode('utf-8', 'replace')).hexdigest()[:24]}-"


class _Text(PageReader):
    """What a reader would see, line by line, with the addresses of links in brackets."""

    BLOCKS = frozenset(
        {
            *("p", "div", "tr", "table", "caption", "ul", "ol", "dl", "dt", "dd", "br", "hr"),
            *("h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "header", "footer"),
            *("main", "aside", "nav", "address", "blockquote", "center", "figure", "figcaption"),
            *("pre", "summary", "details"),
        }
    )
    # Side by side: 1.2 and 34 are not 1.234.
    CELLS = frozenset({"td", "th"})
    SILENT = frozenset({"head", "style", "script", "title"})

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag in self.SILENT:
            self._silent += 1
        elif tag in self.BLOCKS:
            self.said.append("\n")
        elif tag in self.CELLS:
            self.said.append(" ")
        elif tag == "li":
            self.said.append("\n- ")
        elif tag == "a":
            self._links.append((told.get("href") or "", len(self.said)))
        elif tag == "img" and told.get("alt"):
            self.said.append(str(told["alt"]))

    def handle_endtag(self, tag: str) -> None:
        if tag in self.SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in self.BLOCKS:
            self.said.append("\n")
        elif tag == "a" and self._links:
            href, start = self._links.pop()
            if href and not href.startswith(("#", "mailto:", "tel:", "sms:")):
                is_said = "".join(self.said[start:]).strip() == href
                self.said += [] if is_said else [f" ( {href} )"]

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(re.sub(r"\s+", " ", data))


def text_of(html: str) -> str:
    """The plain-text part: for programs, and readers, that want no HTML."""
    # Quotation marks and blanks in Liquid would end an attribute.
    word, held = _unwritten(html), dict[str, int]()
    marked = replace_marks(html, lambda found: f"{word}{held.setdefault(found[0], len(held))}-")
    parser = _Text()
    parser.feed(tamed(marked))
    parser.close()
    lines = [re.sub(r" {2,}", " ", line).strip() for line in "".join(parser.said).splitlines()]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
    marks = list(held)
    return re.sub(rf"{word}([0-9]+)-", lambda found: marks[int(found[1])], text)
