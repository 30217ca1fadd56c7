"""Links in messages: found, checked, tagged with UTM, replaced by signed tokens.

A token names a touch and a link by number and carries an HMAC; the target stands in the database
only, so nothing in a request can send a reader elsewhere.
"""

import base64
import hmac
import re
import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import quote, urlsplit

from campaigns.content import sentences as say
from campaigns.errors import TemplateError

_HREF: Final = re.compile(
    r"""(?P<before>\shref\s*=\s*)(?P<quote>["'])(?P<url>.*?)(?P=quote)""", re.I
)
_BARE: Final = re.compile(r"""https?://[^\s<>"'{}|\\^`，。；！）】]+""", re.I)
_TOKEN: Final = struct.Struct(">QI")
_MAC_BYTES: Final = 9
# Bidirectional overrides make an address read as another one.
_DECEPTIVE: Final = re.compile("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\x00-\x20\x7f\\\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Template parts whose links became ``{{ link_0 }}``, ``{{ link_1 }}`` …, and the targets."""

    parts: Mapping[str, str]
    targets: tuple[str, ...]


def prepare(
    parts: Mapping[str, str],
    utm: Mapping[str, str],
    hosts: Collection[str],
    known: Sequence[str] = (),
) -> Prepared:
    """Replace every constant link by a placeholder and tag its target.

    Parameters
    ----------
    parts : template source by part; in ``html`` the ``href`` values are links, elsewhere addresses
        that stand in the text.
    utm : parameters to add where the author set none.
    hosts : the hosts a link may lead to; empty allows all.
    known : targets that have their numbers already, from another variant of the message.

    Raises
    ------
    TemplateError : a target that may not be linked, or one that holds a variable.
    """
    targets = {target: number for number, target in enumerate(known)}

    def placeholder(url: str, part: str) -> str:
        target = tag(checked(url, hosts, part), utm)
        number = targets.setdefault(target, len(targets))
        return f"{{{{ link_{number} }}}}"

    def from_text(match: re.Match[str], part: str) -> str:
        if match.string.startswith(("{{", "{%"), match.end()):
            raise TemplateError(say.VARIABLE_LINK, part)
        url = _without_punctuation(match[0])
        return placeholder(url, part) + match[0][len(url) :]

    def from_href(match: re.Match[str]) -> str:
        url = match["url"].strip().replace("&amp;", "&")
        if _is_variable(url) or url.startswith(("mailto:", "tel:", "#")):
            return match[0]
        return f"{match['before']}{match['quote']}{placeholder(url, 'html')}{match['quote']}"

    done: dict[str, str] = {}
    for name, source in parts.items():
        if name == "html":
            done[name] = _HREF.sub(from_href, source)
        else:
            done[name] = _BARE.sub(partial(from_text, part=name), source)
    return Prepared(parts=done, targets=tuple(targets))


def _without_punctuation(url: str) -> str:
    """The address without the full stop or bracket of the sentence it stands in."""
    while url[-1] in ".,;:!?" or (url[-1] == ")" and url.count(")") > url.count("(")):
        url = url[:-1]
    return url


def _is_variable(url: str) -> bool:
    """A whole address given as a variable, as ``{{ unsubscribe_url }}``, isn't ours to track."""
    if url.startswith("{{") and url.endswith("}}") and url.count("{{") == 1:
        return True
    if "{{" in url or "{%" in url:
        raise TemplateError(say.VARIABLE_LINK, "html")
    return False


def checked(url: str, hosts: Collection[str], part: str = "") -> str:
    """The address if a message may link to it.

    Raises
    ------
    TemplateError : not https, no host, user name in it, deceptive characters, or a host that
        isn't on the list.
    """
    if not url or len(url) > 8000 or _DECEPTIVE.search(url):
        raise TemplateError(say.BAD_LINK, part)
    try:
        split = urlsplit(url)
        host = (split.hostname or "").encode("idna").decode().lower()
        has_user = split.username is not None
    except (ValueError, UnicodeError) as error:
        raise TemplateError(say.UNREADABLE_LINK, part, url=url[:80]) from error
    if split.scheme.lower() != "https" or not host:
        raise TemplateError(say.NOT_HTTPS, part, url=url[:80])
    if has_user or host.startswith("[") or ":" in host or not re.search(r"[a-z]$", host):
        raise TemplateError(say.ODD_HOST, part, url=url[:80])
    if hosts and not any(host == allowed or host.endswith(f".{allowed}") for allowed in hosts):
        raise TemplateError(say.HOST_NOT_ALLOWED, part, host=host)
    return url


def tag(url: str, utm: Mapping[str, str]) -> str:
    """Add UTM parameters before the fragment; the author's own are kept, nothing is re-encoded."""
    base, hash_mark, fragment = url.partition("#")
    _, question_mark, query = base.partition("?")
    present = {pair.partition("=")[0].lower() for pair in re.split("[&;]", query)}
    added = "&".join(
        f"{name}={quote(value, safe='')}"
        for name, value in utm.items()
        if value and name.lower() not in present
    )
    if not added:
        return url
    joint = "&" if query and not query.endswith("&") else "" if question_mark else "?"
    return f"{base}{joint}{added}{hash_mark}{fragment}"


def sign(touch_id: int, link_id: int, key: bytes, purpose: str) -> str:
    """A URL-safe token of 28 characters for this touch and link."""
    body = _TOKEN.pack(touch_id, link_id)
    return base64.urlsafe_b64encode(body + _mac(body, key, purpose)).decode().rstrip("=")


def read(token: str, key: bytes, purpose: str) -> tuple[int, int] | None:
    """``(touch_id, link_id)``, or None if the token isn't one of ours for this purpose."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    body, mac = raw[: _TOKEN.size], raw[_TOKEN.size :]
    if len(raw) != _TOKEN.size + _MAC_BYTES or not hmac.compare_digest(
        mac, _mac(body, key, purpose)
    ):
        return None
    # One token per touch and link: another spelling of the same bytes is not it.
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != token:
        return None
    touch_id, link_id = _TOKEN.unpack(body)
    return touch_id, link_id


def _mac(body: bytes, key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, purpose.encode() + b"\0" + body, "sha256")[:_MAC_BYTES]
