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
from campaigns.content.addresses import is_encoded, is_own
from campaigns.content.marks import replace_marks
from campaigns.errors import TemplateError
from compliance.sentences import Detail, Sentence

# An address that is fetched, its part of the template, and its place there.
Address: TypeAlias = Callable[[str, str, Detail], None]

_ELEMENTS: Final = (
    "script|noembed|i?frame|frameset|object|embed|applet|portal|form|button|select|textarea|base"
    "|link|audio|video|track|bgsound|i?layer|svg|math|template|xmp|plaintext|mj-font"
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
# Signs that no author types stand for what Liquid puts there, so that places stay the same: for
# what prints something; what prints nothing that ends a name; the beginning, the middle and the
# end of a block; and for the rest of each of them, and for blanks that Liquid drops.
_PRINTS, _INERT, _OPENS, _ELSE, _CLOSES, _MARK = "\ue001\ue002\ue003\ue004\ue005\ue000"
_ANY: Final = f"{_PRINTS}{_INERT}{_OPENS}{_ELSE}{_CLOSES}{_MARK}"
_LOOSE: Final = frozenset(_ANY) - {_INERT, _MARK}  # in a value without quotation marks
_WORD: Final = re.compile(r"\{%-?\s*(end)?([a-z]+|#)")
_BLOCKS: Final = frozenset({"if", "unless", "case", "for", "comment"})
_BETWEEN: Final = frozenset({"else", "elsif", "when"})
_TRIMMED: Final = re.compile(r"(?<!\s)\s++(?=\{[{%]-)|(?<=-[}%]\})\s++")
# What comes out behind such a "<", or inside such a name, is known to nobody before.
_OPEN_TAG: Final = re.compile(rf"""</?(?:[a-z][\w:.-]*+)?(?=[{_ANY}"'])""", re.I)
_NAME: Final = re.compile(
    rf"""(?<![\w:{_ANY}-])[\w:{_ANY}-]++(?=\s*+=\s*+(?:["']|https?:|//))""", re.I
)
_TAG: Final = re.compile(r"""<[a-z](?:=\s*+(?:"[^"]*+"|'[^']*+')|[^<>])*+""", re.I)
_VALUE: Final = re.compile(
    r"""=\s*+(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?P<bare>[^\s"'<>=]++))"""
)
# Liquid that goes on with a name, or prints one; behind one, only an end of a block may stand.
_GOES_ON: Final = re.compile(
    rf"""[{_PRINTS}{_INERT}]|[^\s"'{_ANY}](?:[{_OPENS}{_ELSE}{_MARK}]
    |{_CLOSES}[{_ANY}]*+(?:(?=[^\s/={_ANY}])|(?=\s*+=(?!""))))""",
    re.VERBOSE,
)
_QUOTED: Final = re.compile(r"""=\s*+(?:"[^"]*+(?:"|(\Z))|'[^']*+(?:'|(\Z)))""")
_LIQUID: Final = r"\{\{[^{}]*\}\}|\{%[^{}]*%\}"
_FETCHES: Final = re.compile(
    rf"""(?<=[\s/"'}}])(?P<name>(?:[\w-]+[:-])?src|[ov]:href|(?:image)?srcset|background(?:-url)?|poster
    |lowsrc|dynsrc|longdesc|icon-(?:un)?wrapped-url|(?:left|right)-icon|profile|manifest|archive
    |codebase|classid)\s*=\s*
    (?:"(?P<double>(?:{_LIQUID}|[^"])*+)"|'(?P<single>(?:{_LIQUID}|[^'])*+)'
    |(?P<bare>(?:{_LIQUID}|[^\s"'>])(?:{_LIQUID}|[^\s>])*+))""",
    re.I | re.VERBOSE,
)
_SIZE: Final = re.compile(r"[0-9.]+[wxh]", re.I)
# Behind a letter it is an e-mail address.
_IMPORT: Final = re.compile(r"(?<!\w)@import\b|(?<![\w-])(?:-webkit-)?image-set\s*\(", re.I)
_IN_STYLE: Final = re.compile(
    rf"""(?<![\w-])url\(\s*(?:"(?P<double>(?:{_LIQUID}|[^"])*+)"|'(?P<single>(?:{_LIQUID}|[^'])*+)'
    |(?P<bare>(?:{_LIQUID}|[^\s"')])(?:{_LIQUID}|[^\s)])*+)|(?P<open>["']))""",
    re.I | re.VERBOSE,
)
_ENTITY: Final = re.compile(r"&(?:#x?[0-9a-f]+|[a-z][a-z0-9]*);?", re.I)
_CSS_ESCAPE: Final = re.compile(r"\\(?:([0-9a-f]{1,6})\s?|([^\n\r\f0-9a-f]))", re.I)
_LITERAL: Final = re.compile(r"""\{\{-?\s*(?:"([^"]*)"|'([^']*)')[^{}]*\}\}|\{%[^{}]*%\}""")
# Pictures in the e-mail itself, and Outlook's own drawing (`#default#VML`).
_WITHIN: Final = re.compile(
    r"cid:[\w.@+-]+|data:image/(?:png|gif|jpe?g|webp);base64,[a-z0-9+/=\s]*|#[\w#-]*", re.I
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
    # Liquid may put a name together there as well.
    joined = _Read.of(style.text, _LITERAL, lambda found: found[1] or found[2] or "")
    for reads in ((plain, style), (plain, style, joined)):
        text = reads[-1].text
        if imported := _IMPORT.search(text):
            at = _stood(reads, imported.start())
            raise _refusal(say.NOT_IN_MAIL, part, source, at, imported[0])
        for found in _IN_STYLE.finditer(text):
            where = say.where_at(source, _stood(reads, found.start()))
            _ask(found, where, part, fetched)


def _refuse_open_names(source: str, part: str) -> None:
    """Nobody can tell what a tag is while a part of its name is still to come."""
    trimmed = _TRIMMED.sub(lambda found: _MARK * len(found[0]), source)
    hidden = replace_marks(trimmed, lambda found: _kind(found[0]).ljust(len(found[0]), _MARK))
    opened = [found.start() for text in (hidden, source) if (found := _OPEN_TAG.search(text))]
    names = (
        found for found in _NAME.finditer(hidden) if not set(_ANY).isdisjoint(found[0].strip(_ANY))
    )
    opened += [found.start() for found in names]
    opened += [found.start() for found in _TAG.finditer(hidden) if _is_open(found[0])]
    if opened:
        at = min(opened)
        raise _refusal(say.OPEN_TAG, part, source, at, source[at : at + 20].partition("\n")[0])
    for found in _QUOTED.finditer(hidden):
        if found.lastindex:
            raise _refusal(say.OPEN_QUOTE, part, source, found.start(), source[found.start() :])


def _kind(mark: str) -> str:
    """What a mark of Liquid does where it stands."""
    if is_own(mark) or is_encoded(mark):
        return _INERT
    found = _WORD.match(mark)
    if found and found[2] in _BLOCKS:
        return _CLOSES if found[1] else _OPENS
    if found and found[2] in _BETWEEN:
        return _ELSE
    return _MARK if found and found[2] in {"assign", "#"} else _PRINTS


def _is_open(tag: str) -> bool:
    """Whether Liquid may add to the names in a tag, or end a value early."""
    is_loose = False

    def outside(found: re.Match[str]) -> str:
        nonlocal is_loose
        quoted = found["double"] or found["single"] or ""
        bare = found["bare"] or ""
        is_loose = is_loose or not _is_whole(quoted) or not _LOOSE.isdisjoint(bare)
        return '="."' if quoted or bare else '=""'

    rest = _VALUE.sub(outside, tag)
    return is_loose or _GOES_ON.search(rest) is not None


def _is_whole(value: str) -> bool:
    """Whether a quoted value begins and ends where it seems to, whatever Liquid leaves out."""
    if set(_ANY).isdisjoint(value):
        return True
    depth = 0
    for sign in value:
        depth += (sign == _OPENS) - (sign == _CLOSES)
        if depth < 0 or (sign == _ELSE and not depth):
            return False
    return not depth and "<" not in value


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


def _stood(reads: Sequence[_Read], index: int) -> int:
    """The place in the source of one in the last reading."""
    for read in reversed(reads):
        index = read.at(index)
    return index


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
