"""Text patterns: RE2 syntax, rewritten for PostgreSQL where the two engines can agree.

Rules are matched by RE2 in Python and by PostgreSQL's own engine in SQL. Both run in time linear
in the text as long as no backreference is used, but their dialects differ: classes such as \\d
follow the locale in PostgreSQL, the dot matches a newline there. So a pattern is read here and
written anew from the constructs that mean the same in both. What a locale decides (letters of
either case, scripts) is named character by character; anything else is refused with the reason.
Sources: RE2's syntax page; PostgreSQL manual, "POSIX Regular Expressions".
"""

from dataclasses import dataclass

import re2

from segments.rules import pattern_sentences as why
from segments.rules.character_sets import named_by_ranges, options
from segments.rules.pattern_reader import PatternError, Reader, literal, wrong

MAX_LENGTH = 200
# PostgreSQL gives up on patterns that unfold to very many states; this stays far below.
MAX_STATES = 1000
MAX_REPEAT = 255  # PostgreSQL's DUPMAX
MAX_SETS = 60
"""Each costs some 20 ms, thrice that in old or many-parted scripts, when it is first used."""

_CONTROL_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_CLASS_ESCAPES = {"d": "0-9", "w": "0-9A-Za-z_", "s": "\\t\\n\\f\\r "}
_QUANTIFIERS = "*+?{"
_ANY = "(?:[^\\n]|\\n)"
_WORD = "[0-9A-Za-z_]"
WORD_EDGE = f"(?:(?<!{_WORD})(?={_WORD})|(?<={_WORD})(?!{_WORD}))"
NO_WORD_EDGE = f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))"
# Words of ASCII letters, as RE2 has them: in PostgreSQL's own, Chinese signs are letters, too.
_BOUNDARIES = {"b": WORD_EDGE, "B": NO_WORD_EDGE, "A": "^", "z": "$"}


def to_postgres(pattern: str, sets: set[str] | None = None) -> str:
    """The same pattern in PostgreSQL's dialect. Raises PatternError with the reason.

    ``sets`` are those named so far where several patterns share `MAX_SETS`; it gains this one's.
    """
    if len(pattern) > MAX_LENGTH:
        raise wrong(why.TOO_LONG, limit=MAX_LENGTH)
    _require_re2(pattern)
    reader = Reader(pattern, set() if sets is None else sets)
    written = _alternation(reader)
    if reader.more():
        raise wrong(why.UNEXPECTED)
    return written.text


def is_found(pattern: str, text: str) -> bool:
    """Whether RE2 finds the pattern anywhere in the text."""
    return re2.search(pattern, text, options=options()) is not None


def _require_re2(pattern: str) -> None:
    try:
        re2.compile(pattern, options())
    except re2.error as error:
        reason = error.args[0]
        told = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise PatternError(why.of_re2(told)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """Rewritten text and the number of states it unfolds to."""

    text: str
    states: int
    is_anchor: bool = False


def _alternation(reader: Reader) -> _Piece:
    branches = [_branch(reader)]
    while reader.takes("|"):
        branches.append(_branch(reader))
    return _Piece(
        text="|".join(branch.text for branch in branches),
        states=_bounded(sum(branch.states for branch in branches)),
    )


def _branch(reader: Reader) -> _Piece:
    pieces: list[_Piece] = []
    while reader.more() and not reader.sees("|") and not reader.sees(")"):
        pieces.append(_repeated(reader, _atom(reader)))
    if not any(piece.states for piece in pieces):
        raise wrong(why.EMPTY)
    return _Piece(
        text="".join(piece.text for piece in pieces),
        states=_bounded(sum(piece.states for piece in pieces)),
    )


def _repeated(reader: Reader, atom: _Piece) -> _Piece:
    if not reader.more() or reader.rest[0] not in _QUANTIFIERS:
        return atom
    if atom.is_anchor:
        raise wrong(why.ANCHOR_REPEATED)
    if not atom.states:
        # RE2 would repeat what stands before the flags.
        raise wrong(why.NOTHING_TO_REPEAT, at=reader.rest[0])
    sign = reader.take()
    times, text = (1, sign) if sign != "{" else _bounds(reader.take_until("}"))
    reader.takes("?")  # a lazy quantifier finds the same texts
    return _Piece(text=atom.text + text, states=_bounded(atom.states * times))


def _bounds(inside: str) -> tuple[int, str]:
    low, comma, high = inside.partition(",")
    if not _is_count(low) or (high and not _is_count(high)):
        raise wrong(why.BARE_BRACE)
    most = int(high) if high else int(low) + (1 if comma else 0)
    if most > MAX_REPEAT:
        raise wrong(why.TOO_OFTEN, limit=MAX_REPEAT)
    return max(most, 1), "{" + inside + "}"


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4


def _bounded(states: int) -> int:
    if states > MAX_STATES:
        raise wrong(why.TOO_MANY_STEPS, limit=MAX_STATES)
    return states


def _atom(reader: Reader) -> _Piece:
    before, sign = reader.rest, reader.take()
    if sign in "^$":
        return _Piece(text=sign, states=1, is_anchor=True)
    if sign == "(":
        return _group(reader)
    if sign == "[":
        return _bracket(reader, before)
    if sign == ".":
        return _Piece(text=_ANY if reader.dot_takes_all else "[^\\n]", states=1)
    if sign == "\\":
        return _escape(reader, before)
    if sign == "{":
        raise wrong(why.BARE_BRACE)
    return _sign(sign, reader)


def _sign(sign: str, reader: Reader) -> _Piece:
    if reader.folds_case and (sign.lower() != sign or sign.upper() != sign):
        return _named(f"(?i){sign}", reader)
    return _Piece(text=literal(sign), states=1)


def _named(atom: str, reader: Reader) -> _Piece:
    reader.sets.add(atom)
    if len(reader.sets) > MAX_SETS:
        raise wrong(why.TOO_MANY_SETS, limit=MAX_SETS)
    text, states = named_by_ranges(atom)
    return _Piece(text=text, states=states)


def _group(reader: Reader) -> _Piece:
    flags = reader.folds_case, reader.dot_takes_all
    if reader.takes("?P<") or reader.takes("?<"):
        reader.take_until(">")
    elif reader.takes("?") and not _flags(reader):
        return _Piece(text="", states=0)
    inner = _alternation(reader)
    if not reader.takes(")"):
        raise wrong(why.MISSING, sign=")")
    reader.folds_case, reader.dot_takes_all = flags
    return _Piece(text=f"(?:{inner.text})", states=inner.states)


def _flags(reader: Reader) -> bool:
    """Set them, and step over what ends them; False where they stand for the rest of the group."""
    is_on = True
    while (sign := reader.take()) not in ":)":
        match sign:
            case "-":
                is_on = False
            case "i":
                reader.folds_case = is_on
            case "s":
                reader.dot_takes_all = is_on
            case _:
                raise wrong(why.FLAGS)
    return sign == ":"


def _escape(reader: Reader, before: str) -> _Piece:
    sign = reader.take()
    if sign in _BOUNDARIES:
        return _Piece(text=_BOUNDARIES[sign], states=1, is_anchor=True)
    if sign in "pP":
        _property(reader)
        return _named(_flagged(reader.since(before), reader), reader)
    if sign.lower() in _CLASS_ESCAPES:
        if reader.folds_case:
            return _named(f"(?i)\\{sign}", reader)
        negation = "^" if sign.isupper() else ""
        return _Piece(text=f"[{negation}{_CLASS_ESCAPES[sign.lower()]}]", states=1)
    return _sign(_escaped(sign, reader), reader)


def _property(reader: Reader) -> None:
    """Step over the name of a script or category; RE2 knows it, or had refused the pattern."""
    if reader.take() == "{":
        reader.take_until("}")


def _flagged(atom: str, reader: Reader) -> str:
    return f"(?i){atom}" if reader.folds_case else atom


def _escaped(sign: str, reader: Reader) -> str:
    """The one character that a backslash before `sign` stands for."""
    if sign in _CONTROL_ESCAPES:
        return _CONTROL_ESCAPES[sign]
    if sign == "x":
        return _by_number(reader)
    if sign.isalnum() or not sign.isascii():
        raise wrong(why.ESCAPE, sign=sign)
    return sign


def _by_number(reader: Reader) -> str:
    digits = reader.take_until("}") if reader.takes("{") else reader.take() + reader.take()
    sign = chr(int(digits, 16))
    if sign == "\0" or "\ud800" <= sign <= "\udfff":
        raise wrong(why.ESCAPE, sign=f"x{digits}")
    return sign


def _bracket(reader: Reader, before: str) -> _Piece:
    written = "[^" if reader.takes("^") else "["
    needs_names, first = reader.folds_case, True
    while first or not reader.sees("]"):
        item = _bracket_item(reader)
        needs_names = needs_names or item is None
        written += item or ""
        first = False
    reader.take()
    if needs_names:
        return _named(_flagged(reader.since(before), reader), reader)
    return _Piece(text=written + "]", states=1)


def _bracket_item(reader: Reader) -> str | None:
    """One sign, range or class as PostgreSQL reads it; None for one that only RE2 knows."""
    if reader.takes("[:"):
        reader.take_until(":]")
        return None
    sign = reader.take()
    if sign == "\\":
        sign = reader.take()
        if sign in _CLASS_ESCAPES:
            return _CLASS_ESCAPES[sign]
        if sign in "pP":
            _property(reader)
            return None
        if sign.lower() in _CLASS_ESCAPES:
            return None
        sign = _escaped(sign, reader)
    if not reader.sees("-") or reader.sees("-]"):
        return literal(sign)
    reader.take()
    end = reader.take()
    last = _escaped(reader.take(), reader) if end == "\\" else end
    return f"{literal(sign)}-{literal(last)}"
