"""The campaign an event came by: what the client says, else what the page's address says.

`context.campaign` has the specification's names (`source`, `medium`, `name`, `term`, `content`)
and those of later tags (`id`, `source_platform`, `creative_format`, `marketing_tactic`). What is
read from an address is kept as it stands there; matching is the attribution's business.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

_TAGS: Final = {
    "utm_source": "source",
    "utm_medium": "medium",
    "utm_campaign": "name",
    "utm_term": "term",
    "utm_content": "content",
    "utm_id": "id",
    "utm_source_platform": "source_platform",
    "utm_creative_format": "creative_format",
    "utm_marketing_tactic": "marketing_tactic",
}
_LONGEST_URL: Final = 8_192
_LONGEST_VALUE: Final = 512
_MOST_FIELDS: Final = 200


def campaign_of(context: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, str] | None:
    """The campaign by the page's address; None where the client names one, or there is none.

    Of a tag that stands there twice the first counts; a single-page application's tags may stand
    behind the `#`.
    """
    if context.get("campaign"):
        return None
    url = _url(context, properties)
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        pairs = [
            pair
            for query in (parts.query, parts.fragment.rpartition("?")[2])
            for pair in parse_qsl(query, max_num_fields=_MOST_FIELDS)
        ]
    except ValueError:
        # No address after all, or one made of hundreds of fields: it names no campaign.
        return None
    found: dict[str, str] = {}
    for key, value in pairs:
        tag = _TAGS.get(key.strip().lower())
        text = value.replace("\0", "").strip()[:_LONGEST_VALUE]
        if tag and text:
            found.setdefault(tag, text)
    return found or None


def _url(context: Mapping[str, Any], properties: Mapping[str, Any]) -> str | None:
    page = context.get("page")
    candidates = [page.get("url"), page.get("search")] if isinstance(page, dict) else []
    for url in (*candidates, properties.get("url"), properties.get("search")):
        if isinstance(url, str) and len(url) <= _LONGEST_URL and "utm_" in url.lower():
            return url
    return None
