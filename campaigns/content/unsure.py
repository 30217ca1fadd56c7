"""Which templates may come out with markup or addresses that their sources do not show.

Values are escaped, so markup comes of what the author wrote: of literals, and of what stands in
`raw` or is captured. An address may also come of pieces that stand side by side. Where neither is
possible the check of the source suffices; in doubt the message is read once more (`final`).
"""

import re
from collections.abc import Iterator
from typing import Final

from campaigns.content.addresses import is_encoded, is_own
from campaigns.content.marks import replace_marks
from campaigns.content.plain import Output, Plain

_OUT, _TAG = "\ue001\ue002"  # stand for what prints something, and for what prints nothing
# Make no markup and no address: words, and what dates are written with.
_WORDS: Final = re.compile(r"[\w ,!%\u3001-\u303f\uff01\uff0c-]*")
_LITERAL: Final = re.compile(r""""([^"]*)"|'([^']*)'""")
_KIND: Final = re.compile(r"\{%-?\s*(?:end)?([a-z]+|#)")
_ASKING: Final = frozenset({"if", "unless", "elsif", "else", "case", "when", "comment", "#"})
_TAME: Final = _ASKING | {"for", "assign", "break", "continue"}
# They make other words of words.
_DECODES: Final = re.compile(r"\|\s*(?:url_decode|base64_\w*decode)\b")
_ELEMENT: Final = re.compile(r"<[^<>]*>")
# A value in a style sheet: it may be a name, of which Liquid has no part elsewhere.
_STYLED: Final = re.compile(
    rf"""\bstyle\s*=\s*(?:"[^"{_OUT}]*+{_OUT}|'[^'{_OUT}]*+{_OUT})|<style(?:(?!</style)[^{_OUT}])*+{_OUT}""",
    re.I,
)
# With the dots of full width, and the Chinese stop, that browsers take for one.
_DOTS: Final = ".\u2024\u3002\uff0e\uff61"
_WORD: Final = re.compile(rf"[\w{_OUT}{_TAG}{_DOTS}:/@-]+", re.ASCII)
_JOINT: Final = re.compile(rf"[\w{_OUT}{_TAG}-][{_DOTS}:/]+[\w{_OUT}{_TAG}/-]", re.ASCII)


def is_unsure(name: str, part: Plain | str) -> bool:
    """Whether a compiled part (`render.Compiled`) has to be read as it comes out."""
    if not isinstance(part, str):
        if not all(map(_WORDS.fullmatch, _defaults(part))):
            return True
        said = "".join(piece if isinstance(piece, str) else _output(piece) for piece in part)
        return _may_join(said, is_page=name == "html")
    if name != "html":
        return True  # short, and the engine costs more
    wild: list[str] = []

    def shape(found: re.Match[str]) -> str:
        mark = found[0]
        if is_own(mark) or is_encoded(mark):
            return " "
        kind = _KIND.match(mark)
        if not _is_tame(mark, kind[1] if kind else ""):
            wild.append(mark)
        return _TAG if kind else _OUT

    shaped = replace_marks(part, shape)
    return bool(wild) or _may_join(shaped, is_page=True)


def _defaults(part: Plain) -> Iterator[str]:
    for piece in part:
        if isinstance(piece, Output):
            yield piece.default or ""


def _output(piece: Output) -> str:
    return " " if is_own(f"{{{{{'.'.join(piece.path)}}}}}") else _OUT


def _is_tame(mark: str, kind: str) -> bool:
    if kind in _ASKING:
        return True
    if (kind and kind not in _TAME) or _DECODES.search(mark):
        return False
    return all(_WORDS.fullmatch(double or single) for double, single in _LITERAL.findall(mark))


def _may_join(shaped: str, *, is_page: bool) -> bool:
    """Whether an address, or a name in a style sheet, may come of what stands side by side."""
    if is_page and _STYLED.search(shaped):
        return True
    text = _ELEMENT.sub("", shaped) if is_page else shaped
    return any(
        (_OUT in word[0] or _TAG in word[0]) and _JOINT.search(word[0])
        for word in _WORD.finditer(text)
    )
