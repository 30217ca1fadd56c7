"""Addresses with values in them: the scheme and the host stand there, values come behind, encoded.

A host that came out of a customer's data would lead anywhere, whatever list of hosts there is.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Final
from urllib.parse import unquote

from campaigns.content import sentences as say
from campaigns.content.marks import replace_marks
from campaigns.content.names import FOLDED, unmarked_hosts
from campaigns.errors import TemplateError
from compliance.sentences import Detail

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_TEXT: Final = r"""(?:"[^"{}|&]*"|'[^'{}|&]*')"""
_ENCODED: Final = re.compile(
    rf"\{{\{{-?\s*{_NAME}(?:\.{_NAME})*\s*(?:\|\s*default:\s*{_TEXT}\s*)?\|\s*url_encode\s*-?\}}\}}"
)
_OWN: Final = re.compile(r"\{\{-?\s*(?:unsubscribe_url|link_\d+)\s*-?\}\}")
# Tags that give a name a new value, which would then stand where only ours may.
_TAKES: Final = re.compile(
    r"""\{%-?\s*(?:assign|capture|for|tablerow|increment|decrement)[\s\["']+
    (?P<name>unsubscribe_url|link_\d+)\b""",
    re.VERBOSE,
)
_HTTPS: Final = re.compile(r"https?://[^/?#{}\s]+[/?#]", re.I)
_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#{}\s]+[/?#]|/(?![/\\{])", re.I)
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.I)
# They run code, read files, or hand the address in them on to whatever program.
_NO_PAGES: Final = frozenset(
    {
        *("javascript", "vbscript", "data", "file", "blob", "filesystem", "about", "view-source"),
        *("jar", "content", "intent", "android-app"),
        # Other browsers' own, which open whatever page is named behind.
        *("googlechrome", "googlechromes", "firefox", "firefox-focus", "microsoft-edge"),
        *("microsoft-edge-http", "microsoft-edge-https", "opera-http", "opera-https", "brave"),
        *("touch-http", "touch-https", "ddgquicklink", "x-safari-http", "x-safari-https"),
        *("ucbrowser", "ucweb", "mttbrowser", "mttbrowsers", "baiduboxapp", "x-web-search"),
        *("qqbrowser", "mqqbrowser", "mibrowser", "hwbrowser", "vivobrowser", "heytapbrowser"),
        *("samsunginternet", "sogoumse", "bdbrowser", "quark", "search-ms", "ms-settings"),
        # They install, or run, what is named behind.
        *("itms-services", "shortcuts", "prefs", "app-prefs", "ms-appinstaller", "ms-msdt"),
    }
)
# Of a number to call: * and # are commands to the network, as to divert all calls.
_COMMANDS: Final = re.compile("[*#]")
_MAILED: Final = frozenset({"to", "cc", "bcc"})
_CONTACT: Final = re.compile(r"(mailto|tel|sms|smsto|mms|facetime|facetime-audio|callto):", re.I)
# Programs drop them or take them for a slash, and then read another address than we did.
_DROPPED: Final = re.compile(r"[\x00-\x20\x7f\\\u200b-\u200f]")
_AUTHORITY: Final = re.compile(r"https?://([^/?#]*)(.*)", re.I | re.DOTALL)
_AUTHORITY_IN_TEXT: Final = re.compile(r"https?://([^/?#\s<>\"']+)", re.I)
_OTHER_LETTERS: Final = re.compile(r"[^\x00-\x7f]+")
_GOES_ON: Final = re.compile(r"[/?\#&=]")
# Stands for a value in what is read for addresses that Liquid puts together.
_VALUE: Final = "\ue001"
_QUOTED: Final = re.compile(r""""([^"]*)"|'([^']*)'""")
_PIECED: Final = re.compile(
    rf"""(?<![a-z0-9_@/%=&?\#{_VALUE}.-])(?=[a-z0-9.-]*+{_VALUE})(?=[0-9{_VALUE}.-]*+[a-z])[a-z0-9{_VALUE}-]+
    (?:\.[a-z0-9{_VALUE}-]+)*\.(?P<last>[a-z{_VALUE}][a-z0-9{_VALUE}-]*)(?:(?=[/?\#]|:[0-9]{{2}})
    |(?<=\.com)|(?<=\.cn)|(?<=\.net)|(?<=\.org))
    |(?P<scheme>{_VALUE}[a-z{_VALUE}]{{0,8}}:?//)""",
    re.I | re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """An address with words for its values, as which it can be read, and the values."""

    literal: str
    values: Sequence[str]

    def filled(self, literal: str) -> str:
        """An address made of ours, with the values in their places again."""
        for number, value in enumerate(self.values):
            literal = literal.replace(_word(number), value)
        return literal


def _word(number: int) -> str:
    return f"liquid-{number}-liquid"


def has_values(url: str) -> bool:
    """Something of it is known only when it is rendered."""
    return "{{" in url or "{%" in url


def is_own(url: str) -> bool:
    """A whole address that the product makes, as ``{{ unsubscribe_url }}``."""
    return _OWN.fullmatch(url) is not None


def is_encoded(value: str) -> bool:
    """A value that brings nothing into an address, or a tag, that could end it."""
    return _ENCODED.fullmatch(value) is not None


def masked(url: str, part: str, where: Detail) -> Masked:
    """The address with words for its values.

    Raises
    ------
    TemplateError : a value may decide where it leads, or is not URL-encoded.
    """
    if not _HTTPS.match(url):
        raise TemplateError(say.VARIABLE_LINK, part, where=where)
    return _masked(url, part, where)


def _masked(url: str, part: str, where: Detail) -> Masked:
    values: list[str] = []

    def word(found: re.Match[str]) -> str:
        values.append(found[0])
        return _word(len(values) - 1)

    literal = _ENCODED.sub(word, url)
    if "{" in literal or "}" in literal:
        raise TemplateError(say.UNENCODED_LINK, part, where=where)
    return Masked(literal=literal, values=values)


def _constant(url: str) -> str:
    """What of it stands there whatever the values are."""
    return replace_marks(url, lambda _value: "")


def refuse_run_on(url: str, part: str, where: Detail) -> None:
    """Raise `TemplateError` if the words behind an address in a text may have run into it.

    In “https://a.example/x拒收请回复R” nobody can tell, neither we nor the customer's telephone.
    """
    found = _AUTHORITY.fullmatch(_constant(url))
    host, rest = found.groups() if found else ("", url)
    last = host.partition(":")[0].rpartition(".")[2]
    is_mixed = not last.isascii() and any(letter.isascii() for letter in last)
    behind = _OTHER_LETTERS.split(rest)[-1]
    if is_mixed or (not rest.isascii() and _GOES_ON.search(behind) is None):
        raise TemplateError(say.RUN_ON_LINK, part, where=where, url=url[:80])


def pieced_hosts(source: str) -> Iterator[str]:
    """Hosts that a text may name once its values are in it; "" where a value may be all of it.

    >>> list(pieced_hosts("{{ customer.x | default: 'evil.c' }}om/x"))
    ['evil.com']
    >>> list(pieced_hosts("{{ customer.x }}.com/x, {{ customer.y }}://evil.example/"))
    ['x.com', '']
    """
    if not has_values(source):
        return
    source = source.translate(FOLDED)
    for found in _PIECED.finditer(replace_marks(source, _blank)):
        is_open = found["scheme"] or _VALUE in found["last"]
        yield "" if is_open else found[0].replace(_VALUE, "x")
    said = replace_marks(source, _literals)
    for found in _AUTHORITY_IN_TEXT.finditer(said):
        yield found[1]
    for host, _at in unmarked_hosts(said):
        yield host


def _blank(mark: re.Match[str]) -> str:
    return " " if is_own(mark[0]) or mark[0].startswith("{%") else _VALUE


def _literals(mark: re.Match[str]) -> str:
    """What an output says by itself, where the customer lacks its value."""
    if is_own(mark[0]) or mark[0].startswith("{%"):
        return " "
    return "".join(double or single for double, single in _QUOTED.findall(mark[0])) or _VALUE


def contacted_hosts(url: str, part: str, where: Detail) -> Iterator[str]:
    """The hosts to whose mailboxes an address writes; none of another kind.

    Raises
    ------
    TemplateError : the number to call is a command, or a value may decide to whom it is written.

    >>> list(contacted_hosts("mailto:a@x.example?cc=b%40y.example", "html", say.NOWHERE))
    ['x.example', 'y.example']
    """
    plain = unquote(unescape(_constant(url)))
    kind = found[1].lower() if (found := _CONTACT.match(plain)) else ""
    if kind and kind != "mailto" and _COMMANDS.search(plain):
        raise TemplateError(say.BAD_LINK, part, where=where)
    if kind != "mailto":
        return
    rest = unescape(_masked(url, part, where).literal).partition(":")[2]
    path, _mark, query = rest.partition("?")
    pairs = (pair.partition("=") for pair in re.split("[&;]", query))
    lists = [path, *(value for name, _is, value in pairs if unquote(name).lower() in _MAILED)]
    for mailbox in (one.strip() for told in lists for one in re.split("[,;]", unquote(told))):
        if mailbox:
            yield mailbox.rpartition("@")[2].strip(" <>")


def refuse_taken_names(source: str, part: str) -> None:
    """Raise `TemplateError` if the template gives one of the product's own addresses a value."""
    if found := _TAKES.search(source):
        where = say.where_at(source, found.start())
        raise TemplateError(say.TAKEN_NAME, part, where=where, name=found["name"])


def refuse_unsure_address(source: str) -> None:
    """Raise `TemplateError` unless the whole part says where a tap leads: a page, or an app's."""
    address, where = source.strip(), say.where_at(source, len(source) - len(source.lstrip()))
    constant = _constant(address)
    if _DROPPED.search(constant):
        raise TemplateError(say.BAD_LINK, "url", where=where)
    scheme = found[1].lower() if (found := _SCHEME.match(constant)) else ""
    is_broken = scheme in {"http", "https"} and not _HTTPS.match(f"{constant}/")
    if scheme in _NO_PAGES or is_broken or constant.startswith("//"):
        raise TemplateError(say.NOT_HTTPS, "url", where=where, url=address[:80])
    if has_values(address) and not is_own(address):
        if not _ELSEWHERE.match(address):
            raise TemplateError(say.VARIABLE_LINK, "url", where=where)
        _masked(address, "url", where)
