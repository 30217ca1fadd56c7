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
from html import unescape
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from campaigns.content import sentences as say
from campaigns.content.addresses import (
    contacted_hosts,
    has_values,
    is_own,
    masked,
    pieced_hosts,
    refuse_run_on,
    refuse_taken_names,
    refuse_unsure_address,
)
from campaigns.content.marks import replace_marks
from campaigns.content.names import BARE, unmarked_hosts
from campaigns.content.pages import refuse_unsafe_page
from campaigns.errors import TemplateError
from compliance.sentences import Detail
from compliance.wording.markup import visible_text

_LIQUID: Final = r"\{\{[^{}]*\}\}|\{%[^{}]*%\}"
# Possessive, so that no source makes it walk back. Browsers want no blank before an attribute.
_HREF: Final = re.compile(
    rf"""(?<=[\s/"'}}])(?P<before>(?:xlink:)?href|(?:form)?action)\s*=\s*
    (?:"(?P<double>(?:{_LIQUID}|[^"])*+)"|'(?P<single>(?:{_LIQUID}|[^'])*+)'
    |(?P<bare>(?:{_LIQUID}|[^\s"'>])++))""",
    re.I | re.VERBOSE,
)
# Browsers read no name without its semicolon in an address, for `&copy=` is a parameter.
_REFERENCE: Final = re.compile(
    rf"{_LIQUID}|&(?:\#[0-9]{{1,7}};?|\#x[0-9a-f]{{1,6}};?|[a-z][a-z0-9]{{1,31}};)", re.I
)
# What stands in no address as it is, and would end the attribute or begin a mark of Liquid.
_ENCODED: Final = frozenset("\"'<>{}")
# Mail programs make links of such text.
_SHOWN: Final = re.compile(r"""https?://[^\s<>"'/?#{]*\{[{%]""", re.I)
_HOST: Final = re.compile(r"(?!-)(?:(?!\.-|-\.)[a-z0-9_.-])*[a-z]")
# One standard makes other letters of them than the other: browsers would go elsewhere than we see.
_AMBIGUOUS: Final = "ßς"
_HELD: Final = "\ue006"  # stands for a mark of Liquid while a page is read
_PAGES: Final = frozenset({"html", "mjml"})
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

    An address with values in its path or query is checked and tagged too, but stays in its place.

    Parameters
    ----------
    parts : template source by part; in ``html`` the ``href`` values are links, elsewhere addresses
        that stand in the text.
    utm : parameters to add where the author set none.
    hosts : the hosts a link may lead to; empty allows all.
    known : targets that have their numbers already, from another variant of the message.

    Raises
    ------
    TemplateError : a target that may not be linked, or one whose scheme or host is a value, or
        what no page of an e-mail may hold; ``where`` says where it stands.
    """
    links = _Links(utm=utm, hosts=hosts, targets={url: number for number, url in enumerate(known)})
    done: dict[str, str] = {}
    for name, source in parts.items():
        refuse_taken_names(source, name)
        if name == "url":
            refuse_unsure_address(source)
            links.refuse_handed_on(source, name)
            links.refuse_contact(source.strip(), name)
        done[name] = links.of_page(source, name) if name in _PAGES else links.of_text(source, name)
    return Prepared(parts=done, targets=tuple(links.targets))


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A constant address and its place in a part."""

    url: str
    part: str
    where: Detail


def named(parts: Mapping[str, str]) -> list[Named]:
    """Every address that `prepare` would make a tracked one, in the order of the parts."""
    found: list[Named] = []
    for name, source in parts.items():
        is_page = name in _PAGES
        for match in (_HREF if is_page else BARE).finditer(source):
            url = _typed(match) if is_page else _without_punctuation(match[0])
            if not _stays(url) and not has_values(url):
                where = say.where_at(source, match.start())
                found.append(Named(url=url, part=name, where=where))
    return found


def repeated_utm(url: str) -> list[str]:
    """UTM parameters that stand in the address more than once: nobody knows which one counts.

    >>> repeated_utm("https://a.example/?utm_source=x&b=1&UTM_source=y")
    ['utm_source']
    """
    query = url.partition("#")[0].partition("?")[2]
    names = [unquote(pair.partition("=")[0]).lower() for pair in re.split("[&;]", query)]
    utm = dict.fromkeys(name for name in names if name.startswith("utm_"))
    return [name for name in utm if names.count(name) > 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Links:
    """What links become, and the numbers that they have so far."""

    utm: Mapping[str, str]
    hosts: Collection[str]
    targets: dict[str, int]

    def of_page(self, source: str, part: str) -> str:
        if shown := _SHOWN.search(source):
            raise TemplateError(say.VARIABLE_LINK, part, where=say.where_at(source, shown.start()))
        refuse_unsafe_page(source, part, self._fetched)
        if part == "html":
            self._refuse_shown(source, part)
        return _HREF.sub(partial(self._from_href, part=part), source)

    def _refuse_shown(self, source: str, part: str) -> None:
        """Mail programs make links of addresses in the text of a page."""
        marks = list[str]()

        def hold(found: re.Match[str]) -> str:
            marks.append(found[0])
            return _HELD

        text, left = visible_text(replace_marks(source, hold)), iter(marks)
        if text.count(_HELD) != len(marks):
            # Some stand in attributes that nobody reads.
            left = iter([])
        shown = re.sub(_HELD, lambda _found: next(left, "{{ x }}"), text)
        for found in BARE.finditer(shown):
            url = _without_punctuation(found[0])
            where = say.where_at(source, at) if (at := source.find(url)) >= 0 else say.NOWHERE
            literal = masked(url, part, where).literal if has_values(url) else url
            checked(literal, self.hosts, part, where)
        self._refuse_unmarked(shown, source, part)

    def _refuse_unmarked(self, text: str, source: str, part: str) -> None:
        """Hosts that stand there without https://, or would once Liquid has put them together."""
        if not self.hosts:
            return
        for host, _at in unmarked_hosts(text):
            at = source.find(host)
            where = say.where_at(source, at) if at >= 0 else say.NOWHERE
            checked(f"https://{host}/", self.hosts, part, where)
        for host in pieced_hosts(text):
            if not host:
                raise TemplateError(say.VARIABLE_LINK, part, where=say.NOWHERE)
            checked(f"https://{host}/", self.hosts, part)

    def _fetched(self, url: str, part: str, where: Detail) -> None:
        """Raise `TemplateError` unless a mail program may fetch it when the page is shown."""
        literal = masked(url, part, where).literal if has_values(url) else url
        checked(literal, self.hosts, part, where)

    def refuse_handed_on(self, source: str, part: str) -> None:
        """Some apps open the page that is named, encoded, behind their own scheme."""
        if not self.hosts or source.strip().lower().startswith("https:"):
            return
        plain = unquote(unquote(source))
        for found in BARE.finditer(plain):
            checked(found[0], self.hosts, part)
        self._refuse_unmarked(plain, source, part)

    def refuse_contact(self, url: str, part: str, where: Detail = say.NOWHERE) -> None:
        """Whom a message asks to write to is held to the list, too."""
        if self.hosts or not url.lower().startswith("mailto:"):
            for host in contacted_hosts(url, part, where):
                checked(f"https://{host}/", self.hosts, part, where)

    def _refuse_tagged(self, source: str, part: str) -> None:
        """Some programs, as WeCom, make links of such tags in a text, too."""
        for found in _HREF.finditer(source) if "<a" in source.lower() else ():
            url = _typed(found)
            if _stays(url):
                self.refuse_contact(url, part, say.where_at(source, found.start()))
            elif not url.lower().startswith("https://"):
                checked(url, self.hosts, part, say.where_at(source, found.start()))

    def of_text(self, source: str, part: str) -> str:
        self._refuse_tagged(source, part)
        self._refuse_unmarked(source, source, part)
        return BARE.sub(partial(self._from_text, part=part), source)

    def _placeholder(self, url: str, part: str, where: Detail) -> str:
        if has_values(url):
            return self._with_values(url, part, where)
        target = tag(checked(url, self.hosts, part, where), self.utm)
        number = self.targets.setdefault(target, len(self.targets))
        return f"{{{{ link_{number} }}}}"

    def _with_values(self, url: str, part: str, where: Detail) -> str:
        address = masked(url, part, where)
        return address.filled(tag(checked(address.literal, self.hosts, part, where), self.utm))

    def _from_text(self, match: re.Match[str], part: str) -> str:
        url = _without_punctuation(match[0])
        where = say.where_at(match.string, match.start())
        if match.string.startswith(("{{", "{%"), match.end()):
            raise TemplateError(say.UNENCODED_LINK, part, where=where)
        refuse_run_on(url, part, where)
        return self._placeholder(url, part, where) + match[0][len(url) :]

    def _from_href(self, match: re.Match[str], part: str) -> str:
        url = _typed(match)
        if _stays(url):
            self.refuse_contact(url, part, say.where_at(match.string, match.start()))
            return match[0]
        done = self._placeholder(url, part, say.where_at(match.string, match.start()))
        quote_mark = "'" if match["single"] else '"'
        return f"{match['before']}={quote_mark}{done.replace('&', '&amp;')}{quote_mark}"


def _typed(match: re.Match[str]) -> str:
    """The address of an attribute, character references read: `&#38;` is an ampersand, too."""
    typed = match["double"] or match["single"] or match["bare"] or ""
    return _REFERENCE.sub(_character, typed.strip())


def _character(found: re.Match[str]) -> str:
    if found[0].startswith("{"):
        return found[0].replace("&amp;", "&")
    plain = unescape(found[0])
    return quote(plain) if plain in _ENCODED else plain


def _stays(url: str) -> bool:
    """Whether it is left as it is: ours already, or no page."""
    return is_own(url) or url.lower().startswith(("mailto:", "tel:", "sms:", "#"))


def _without_punctuation(url: str) -> str:
    """The address without the full stop or bracket of the sentence it stands in."""
    while url[-1] in ".,;:!?" or (url[-1] == ")" and url.count(")") > url.count("(")):
        url = url[:-1]
    return url


def checked(url: str, hosts: Collection[str], part: str = "", where: Detail = say.NOWHERE) -> str:
    """The address if a message may link to it.

    Raises
    ------
    TemplateError : not https, no host, user name in it, deceptive characters, or a host that
        isn't on the list.
    """
    if not url or len(url) > 8000 or _DECEPTIVE.search(url):
        raise TemplateError(say.BAD_LINK, part, where=where)
    try:
        split = urlsplit(url)
        host = (split.hostname or "").encode("idna").decode().lower()
        has_user, _port = split.username is not None, split.port
    except (ValueError, UnicodeError) as error:
        raise TemplateError(say.UNREADABLE_LINK, part, where=where, url=url[:80]) from error
    if split.scheme.lower() != "https" or not host:
        raise TemplateError(say.NOT_HTTPS, part, where=where, url=url[:80])
    is_ambiguous = any(letter in (split.hostname or "") for letter in _AMBIGUOUS)
    if has_user or is_ambiguous or not _HOST.fullmatch(host):
        raise TemplateError(say.ODD_HOST, part, where=where, url=url[:80])
    if hosts and not any(host == allowed or host.endswith(f".{allowed}") for allowed in hosts):
        raise TemplateError(say.HOST_NOT_ALLOWED, part, where=where, host=host)
    return url


def tag(url: str, utm: Mapping[str, str]) -> str:
    """Add UTM parameters before the fragment; the author's own are kept, nothing is re-encoded."""
    base, hash_mark, fragment = url.partition("#")
    _, question_mark, query = base.partition("?")
    present = {unquote(pair.partition("=")[0]).lower() for pair in re.split("[&;]", query)}
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
