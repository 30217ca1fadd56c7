"""UTM tags read from the address a visitor arrived at, whatever shape it is in.

Reading never raises: an address is somebody else's data. Tagging our own links is another's job.
"""

import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from .sources import CLICK_IDS

# Longer values are noise or an attack; the column they go to has this width too.
LONGEST_VALUE = 500
# Beyond this nobody reads an address: the rest cannot hold a tag worth the work.
LONGEST_URL = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Utm:
    """Tags in the form they are matched by: NFKC, lower case, trimmed; "" when absent.

    ``original`` keeps the (name, value) pairs as they were written, decoded only; ``click_ids``
    keeps advertising click ids letter by letter, for reporting conversions back.
    """

    source: str = ""
    medium: str = ""
    campaign: str = ""
    term: str = ""
    content: str = ""
    id: str = ""
    source_platform: str = ""
    creative_format: str = ""
    marketing_tactic: str = ""
    original: tuple[tuple[str, str], ...] = ()
    click_ids: tuple[tuple[str, str], ...] = ()

    @property
    def is_tagged(self) -> bool:
        """Somebody tagged the link: at least one utm parameter holds a value."""
        return bool(self.original)


_TAGS = frozenset(
    {
        "source",
        "medium",
        "campaign",
        "term",
        "content",
        "id",
        "source_platform",
        "creative_format",
        "marketing_tactic",
    }
)


def parse_utm(url: str) -> Utm:
    """Read UTM tags and click ids from the query, then from the fragment.

    Parameter names match in any case. The first non-empty value of a name wins. Values are
    percent-decoded as UTF-8, else as GB 18030 (old Chinese sites), "+" is a space, control
    characters are dropped. ``&amp;`` left over from HTML counts as ``&``.

    >>> parse_utm("https://fund.example.com/p?utm_source=CRM&utm_medium=sms#top").source
    'crm'
    """
    pairs = _pairs(url[:LONGEST_URL])
    tags: dict[str, str] = {}
    clicks: dict[str, str] = {}
    for name, value in pairs:
        key = name.strip().lower()
        tag = key.removeprefix("utm_")
        if tag != key and tag in _TAGS and value:
            tags.setdefault(tag, value)
        elif key in CLICK_IDS and value:
            clicks.setdefault(key, value)
    return Utm(
        source=matched(tags.get("source", "")),
        medium=matched(tags.get("medium", "")),
        campaign=matched(tags.get("campaign", "")),
        term=matched(tags.get("term", "")),
        content=matched(tags.get("content", "")),
        id=matched(tags.get("id", "")),
        source_platform=matched(tags.get("source_platform", "")),
        creative_format=matched(tags.get("creative_format", "")),
        marketing_tactic=matched(tags.get("marketing_tactic", "")),
        original=tuple((f"utm_{tag}", value) for tag, value in tags.items()),
        click_ids=tuple(clicks.items()),
    )


def matched(value: str) -> str:
    """The form values are compared in: full-width letters narrowed, lower case, trimmed."""
    return " ".join(unicodedata.normalize("NFKC", value).lower().split())


def _pairs(url: str) -> list[tuple[str, str]]:
    before, _, fragment = url.partition("#")
    query = before.partition("?")[2]
    # Single-page apps route in the fragment ("#/open?utm_source=x"); Baidu puts bd_vid there.
    hidden = fragment.partition("?")[2] or fragment
    parts = [part for text in (query, hidden) for part in _without_html(text).split("&")]
    return [
        (_decoded(name), _decoded(value))
        for name, sign, value in (part.partition("=") for part in parts)
        if sign
    ]


def _without_html(text: str) -> str:
    # Only this escape matters in a query; it stays behind when a link is copied from a page.
    return text.replace("&amp;", "&").replace("&#38;", "&")


def _decoded(text: str) -> str:
    raw = unquote_to_bytes(text.replace("+", " "))
    for encoding in ("utf-8", "gb18030"):
        try:
            value = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return _printable(value)
    return _printable(raw.decode("utf-8", errors="replace"))


def _printable(value: str) -> str:
    """Without control, format and surrogate characters: no NUL for the database, no bidi tricks."""
    kept = (char for char in value if unicodedata.category(char) not in ("Cc", "Cf", "Cs"))
    return "".join(kept).strip()[:LONGEST_VALUE]
