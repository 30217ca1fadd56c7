"""What the page of an e-mail may hold, and from where it may fetch.

A page shows text, pictures and links. What runs, sends, loads pages of others or leads the reader
away by itself is refused; what the mail program fetches is held to the same hosts as links are.
Looked for in the source as a whole, comments and style sheets included: mail programs differ in
what of it they read.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Final, TypeAlias

from campaigns.content import sentences as say
from campaigns.content.marks import replace_marks
from campaigns.errors import TemplateError
from compliance.sentences import Detail, Sentence

# An address that is fetched, its part of the template, and its place there.
Address: TypeAlias = Callable[[str, str, Detail], None]

_ELEMENTS: Final = (
    "script|noembed|i?frame|frameset|object|embed|applet|portal|form|button|select|textarea|base"
    "|link|audio|video|source|track|bgsound|i?layer|svg|math|template|xmp|plaintext"
)
_REFUSED: Final = re.compile(rf"<(?:{_ELEMENTS})(?![a-z0-9:.-])", re.I)
_HANDLERS: Final = (
    r"abort|animation\w+|before\w+|blur|cancel|change|click|close|contextmenu|copy|cut|dblclick"
    r"|drag\w*|drop|end|error|focus\w*|hashchange|input|invalid|key\w+|load\w*|message|mouse\w+"
    r"|page\w+|paste|pointer\w+|popstate|progress|repeat|reset|resize|scroll\w*|select\w*|start"
    r"|storage|submit|toggle|touch\w+|transition\w+|unload|wheel"
)
_RUNS: Final = re.compile(
    rf"""(?<=[\s/"'}}])(?:on(?:{_HANDLERS})|srcdoc|formaction|ping)(?=\s*=)""", re.I
)
_HTTP_EQUIV: Final = re.compile(r"""\bhttp-equiv\s*=\s*["']?\s*([\w-]*)""", re.I)
_TOLD_OF_THE_PAGE: Final = frozenset({"content-type", "content-language", "x-ua-compatible"})
# A sign that no author types stands for what Liquid puts there, so that places stay the same.
_MARK: Final = "\ue000"
_TRIMMED: Final = re.compile(r"(?<!\s)\s++(?=\{[{%]-)|(?<=-[}%]\})\s++")
# What comes out behind such a "<", or inside such a name, is known to nobody before.
_OPEN_TAG: Final = re.compile(rf"""</?(?:[a-z][\w:.-]*+)?(?=[{_MARK}"'])""", re.I)
_NAME: Final = re.compile(
    rf"""(?<![\w:{_MARK}-])[\w:{_MARK}-]++(?=\s*+=\s*+(?:["']|https?:|//))""", re.I
)
_QUOTED: Final = re.compile(r"""=\s*+(?:"[^"]*+(?:"|(\Z))|'[^']*+(?:'|(\Z)))""")
_LIQUID: Final = r"\{\{[^{}]*\}\}|\{%[^{}]*%\}"
_FETCHES: Final = re.compile(
    rf"""(?<=[\s/"'}}])(?P<name>(?:[\w-]+-)?src|(?:image)?srcset|background(?:-url)?|poster
    |lowsrc|dynsrc|longdesc|icon-(?:un)?wrapped-url|(?:left|right)-icon|profile|manifest|archive
    |codebase|classid)\s*=\s*
    (?:"(?P<double>(?:{_LIQUID}|[^"])*+)"|'(?P<single>(?:{_LIQUID}|[^'])*+)'
    |(?P<bare>(?:{_LIQUID}|[^\s"'>])(?:{_LIQUID}|[^\s>])*+))""",
    re.I | re.VERBOSE,
)
_SIZE: Final = re.compile(r"[0-9.]+[wxh]", re.I)
_IMPORT: Final = re.compile(r"@import\b|(?<![\w-])(?:-webkit-)?image-set\s*\(", re.I)
_IN_STYLE: Final = re.compile(
    rf"""(?<![\w-])url\(\s*(?:"(?P<double>(?:{_LIQUID}|[^"])*+)"|'(?P<single>(?:{_LIQUID}|[^'])*+)'
    |(?P<bare>(?:{_LIQUID}|[^\s"')])(?:{_LIQUID}|[^\s)])*+)|(?P<open>["']))""",
    re.I | re.VERBOSE,
)
_ENTITY: Final = re.compile(r"&(?:#x?[0-9a-f]+|[a-z][a-z0-9]*);?", re.I)
_CSS_ESCAPE: Final = re.compile(r"\\(?:([0-9a-f]{1,6})\s?|([^\n\r\f0-9a-f]))", re.I)
# Pictures in the e-mail itself.
_WITHIN: Final = re.compile(
    r"cid:[\w.@+-]+|data:image/(?:png|gif|jpe?g|webp);base64,[a-z0-9+/=\s]*|#[\w-]*", re.I
)


def refuse_unsafe_page(source: str, part: str, fetched: Address) -> None:
    """Raise `TemplateError`, with the place, for what no e-mail may hold.

    ``fetched`` is asked about each address that the mail program would fetch, and raises as well.
    """
    _refuse(_REFUSED, source, part)
    _refuse(_RUNS, source, part)
    plain = _Read.of(source, _ENTITY, lambda found: unescape(found[0]))
    for found in _HTTP_EQUIV.finditer(plain.text):
        if found[1].lower() not in _TOLD_OF_THE_PAGE:
            raise _refusal(say.NOT_IN_MAIL, part, source, plain.at(found.start()), found[0])
    _refuse_open_names(source, part)
    for found in _FETCHES.finditer(source):
        _ask(found, say.where_at(source, found.start()), part, fetched)
    style = _Read.of(plain.text, _CSS_ESCAPE, _css_character)
    if imported := _IMPORT.search(style.text):
        place = plain.at(style.at(imported.start()))
        raise _refusal(say.NOT_IN_MAIL, part, source, place, imported[0])
    for found in _IN_STYLE.finditer(style.text):
        _ask(found, say.where_at(source, plain.at(style.at(found.start()))), part, fetched)


def _refuse_open_names(source: str, part: str) -> None:
    """Nobody can tell what a tag is while a part of its name is still to come."""
    trimmed = _TRIMMED.sub(lambda found: _MARK * len(found[0]), source)
    hidden = replace_marks(trimmed, lambda found: _MARK * len(found[0]))
    opened = [found.start() for text in (hidden, source) if (found := _OPEN_TAG.search(text))]
    names = (found for found in _NAME.finditer(hidden) if _MARK in found[0].strip(_MARK))
    opened += [found.start() for found in names]
    if opened:
        at = min(opened)
        raise _refusal(say.OPEN_TAG, part, source, at, source[at : at + 20].partition("\n")[0])
    for found in _QUOTED.finditer(hidden):
        if found.lastindex:
            raise _refusal(say.OPEN_QUOTE, part, source, found.start(), source[found.start() :])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A text with its escapes resolved, and where each piece of it stood before."""

    text: str
    starts: Sequence[int]
    stood: Sequence[int]

    @classmethod
    def of(
        cls, source: str, escape: re.Pattern[str], said: Callable[[re.Match[str]], str]
    ) -> "_Read":
        out, starts, stood, at, size = list[str](), [0], [0], 0, 0
        for found in escape.finditer(source):
            character = said(found)
            out += [source[at : found.start()], character]
            size += found.start() - at
            starts += [size, size + len(character)]
            stood += [found.start(), found.end()]
            size, at = size + len(character), found.end()
        return cls(text="".join([*out, source[at:]]), starts=starts, stood=stood)

    def at(self, index: int) -> int:
        """The place in the source."""
        piece = bisect_right(self.starts, index) - 1
        return self.stood[piece] + index - self.starts[piece]


def _css_character(found: re.Match[str]) -> str:
    number = int(found[1], 16) if found[1] else 0
    return (chr(number) if 0 < number < 0xD800 else "�") if found[1] else found[2]


def _refuse(pattern: re.Pattern[str], source: str, part: str) -> None:
    if found := pattern.search(source):
        raise _refusal(say.NOT_IN_MAIL, part, source, found.start(), found[0])


def _refusal(sentence: Sentence, part: str, source: str, at: int, sign: str) -> TemplateError:
    return TemplateError(sentence, part, where=say.where_at(source, at), sign=sign[:40])


def _ask(found: re.Match[str], where: Detail, part: str, fetched: Address) -> None:
    if found.groupdict().get("open"):
        raise TemplateError(say.OPEN_QUOTE, part, where=where, sign=found[0][:40])
    typed = found["double"] or found["single"] or found["bare"] or ""
    name = found.groupdict().get("name") or ""
    for url in _candidates(unescape(typed).strip(), is_list=name.lower().endswith("srcset")):
        if url and not _WITHIN.fullmatch(url):
            fetched(url, part, where)


def _candidates(typed: str, *, is_list: bool) -> Iterator[str]:
    """The addresses of an attribute: one, or those of a list with sizes (HTML, ``srcset``)."""
    if not is_list:
        yield typed
        return
    marks: list[str] = []

    def hold(found: re.Match[str]) -> str:
        marks.append(found[0])
        return _MARK

    held = replace_marks(typed, hold)
    left = iter(marks)
    for word in held.split():
        url = re.sub(_MARK, lambda _found: next(left), word.strip(","))
        if not _SIZE.fullmatch(url):
            yield url
