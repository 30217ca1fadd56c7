"""Text patterns: RE2 syntax, rewritten for PostgreSQL where the two engines can agree.

Rules are matched by RE2 in Python and by PostgreSQL's own engine in SQL. Both run in time linear
in the text as long as no backreference is used, but their dialects differ: classes such as \\d
follow the locale in PostgreSQL, the dot matches a newline there. So a pattern is read here and
written anew from the constructs that mean the same in both; anything else is refused with the
reason. Sources: RE2's syntax page; PostgreSQL manual, "POSIX Regular Expressions".
"""

from dataclasses import dataclass

import re2

from compliance.sentences import Detail, Said, Sentence
from segments.rules import pattern_sentences as why

MAX_LENGTH = 200
# PostgreSQL gives up on patterns that unfold to very many states; this stays far below.
MAX_STATES = 1000
MAX_REPEAT = 255  # PostgreSQL's DUPMAX

_CONTROL_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_CLASS_ESCAPES = {"d": "0-9", "w": "0-9A-Za-z_", "s": "\\t\\n\\f\\r "}
_QUANTIFIERS = "*+?{"


class PatternError(Exception):
    """A pattern that is wrong, or that the two engines would read differently; `said` tells why."""

    def __init__(self, said: Said) -> None:
        self.said = said
        super().__init__(str(said))


def to_postgres(pattern: str) -> str:
    """The same pattern in PostgreSQL's dialect. Raises PatternError with the reason."""
    if len(pattern) > MAX_LENGTH:
        raise _wrong(why.TOO_LONG, limit=MAX_LENGTH)
    _require_re2(pattern)
    reader = _Reader(pattern)
    written = _alternation(reader)
    if reader.more():
        raise _wrong(why.UNEXPECTED)
    return written.text


def is_found(pattern: str, text: str) -> bool:
    """Whether RE2 finds the pattern anywhere in the text."""
    return re2.search(pattern, text, options=_options()) is not None


def _options() -> object:
    options = re2.Options()
    options.log_errors = False  # RE2 would write them to stderr
    return options


def _require_re2(pattern: str) -> None:
    try:
        re2.compile(pattern, _options())
    except re2.error as error:
        reason = error.args[0]
        told = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise PatternError(why.of_re2(told)) from error


def _wrong(sentence: Sentence, **details: Detail) -> PatternError:
    return PatternError(Said(sentence=sentence, details=details))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """Rewritten text and the number of states it unfolds to."""

    text: str
    states: int
    is_anchor: bool = False


class _Reader:
    """A position in the pattern."""

    def __init__(self, pattern: str) -> None:
        self.rest = pattern

    def more(self) -> bool:
        return bool(self.rest)

    def sees(self, prefix: str) -> bool:
        return self.rest.startswith(prefix)

    def takes(self, prefix: str) -> bool:
        """Step over `prefix` if it comes next."""
        if not self.sees(prefix):
            return False
        self.rest = self.rest[len(prefix) :]
        return True

    def take(self) -> str:
        if not self.rest:
            raise _wrong(why.TOO_EARLY)
        taken, self.rest = self.rest[0], self.rest[1:]
        return taken

    def take_until(self, end: str) -> str:
        taken, found, self.rest = self.rest.partition(end)
        if not found:
            raise _wrong(why.MISSING, sign=end)
        return taken


def _alternation(reader: _Reader) -> _Piece:
    branches = [_branch(reader)]
    while reader.takes("|"):
        branches.append(_branch(reader))
    return _Piece(
        text="|".join(branch.text for branch in branches),
        states=_bounded(sum(branch.states for branch in branches)),
    )


def _branch(reader: _Reader) -> _Piece:
    pieces: list[_Piece] = []
    while reader.more() and not reader.sees("|") and not reader.sees(")"):
        pieces.append(_repeated(reader, _atom(reader)))
    if not pieces:
        raise _wrong(why.EMPTY)
    return _Piece(
        text="".join(piece.text for piece in pieces),
        states=_bounded(sum(piece.states for piece in pieces)),
    )


def _repeated(reader: _Reader, atom: _Piece) -> _Piece:
    if not reader.more() or reader.rest[0] not in _QUANTIFIERS:
        return atom
    if atom.is_anchor:
        raise _wrong(why.ANCHOR_REPEATED)
    sign = reader.take()
    times, text = (1, sign) if sign != "{" else _bounds(reader.take_until("}"))
    reader.takes("?")  # a lazy quantifier finds the same texts
    return _Piece(text=atom.text + text, states=_bounded(atom.states * times))


def _bounds(inside: str) -> tuple[int, str]:
    low, comma, high = inside.partition(",")
    if not _is_count(low) or (high and not _is_count(high)):
        raise _wrong(why.BARE_BRACE)
    most = int(high) if high else int(low) + (1 if comma else 0)
    if most > MAX_REPEAT:
        raise _wrong(why.TOO_OFTEN, limit=MAX_REPEAT)
    return max(most, 1), "{" + inside + "}"


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4


def _bounded(states: int) -> int:
    if states > MAX_STATES:
        raise _wrong(why.TOO_MANY_STEPS, limit=MAX_STATES)
    return states


def _atom(reader: _Reader) -> _Piece:
    sign = reader.take()
    if sign in "^$":
        return _Piece(text=sign, states=1, is_anchor=True)
    if sign == "(":
        return _group(reader)
    if sign == "[":
        return _Piece(text=_bracket(reader), states=1)
    if sign == ".":
        return _Piece(text="[^\\n]", states=1)
    if sign == "\\":
        return _escape(reader)
    if sign == "{":
        raise _wrong(why.BARE_BRACE)
    return _Piece(text=_literal(sign), states=1)


def _group(reader: _Reader) -> _Piece:
    if reader.takes("?P<") or reader.takes("?<"):
        reader.take_until(">")
    elif reader.sees("?") and not reader.takes("?:"):
        raise _wrong(why.FLAGS)
    inner = _alternation(reader)
    if not reader.takes(")"):
        raise _wrong(why.MISSING, sign=")")
    return _Piece(text=f"(?:{inner.text})", states=inner.states)


def _escape(reader: _Reader) -> _Piece:
    sign = reader.take()
    if sign.lower() in _CLASS_ESCAPES:
        negation = "^" if sign.isupper() else ""
        return _Piece(text=f"[{negation}{_CLASS_ESCAPES[sign.lower()]}]", states=1)
    return _Piece(text=_literal(_escaped(sign)), states=1)


def _escaped(sign: str) -> str:
    """The one character that a backslash before `sign` stands for."""
    if sign in _CONTROL_ESCAPES:
        return _CONTROL_ESCAPES[sign]
    if sign.isalnum() or not sign.isascii():
        raise _wrong(why.ESCAPE, sign=sign)
    return sign


def _bracket(reader: _Reader) -> str:
    written = "[^" if reader.takes("^") else "["
    first = True
    while first or not reader.sees("]"):
        written += _bracket_item(reader)
        first = False
    reader.take()
    return written + "]"


def _bracket_item(reader: _Reader) -> str:
    if reader.sees("[:"):
        raise _wrong(why.NAMED_CLASS)
    sign = reader.take()
    if sign == "\\":
        sign = reader.take()
        if sign in _CLASS_ESCAPES:
            return _CLASS_ESCAPES[sign]
        sign = _escaped(sign)
    if not reader.sees("-") or reader.sees("-]"):
        return _literal(sign)
    reader.take()
    end = reader.take()
    last = _escaped(reader.take()) if end == "\\" else end
    return f"{_literal(sign)}-{_literal(last)}"


def _literal(sign: str) -> str:
    """A character as itself; ASCII punctuation by number, so that nothing is special."""
    if sign.isascii() and not sign.isalnum():
        return f"\\u{ord(sign):04x}"
    return sign
