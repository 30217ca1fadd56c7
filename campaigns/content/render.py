"""Liquid templates: checked when saved, rendered for hundreds of customers at a time.

Plain text with values in it is joined here; everything else goes to a process that may be killed
(`confined`, `engine`). A variable that the customer lacks withholds his message rather than
sending half a sentence.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from campaigns.channels.base import Channel
from campaigns.content import sentences as say
from campaigns.content.confined import engine
from campaigns.content.plain import Missing, Output, Plain, fill, names, one_newline, plain
from campaigns.content.unsure import is_unsure
from campaigns.errors import TemplateError

# The parts a template of each channel has; those marked True must be there.
PARTS: Final[Mapping[Channel, Mapping[str, bool]]] = {
    Channel.EMAIL: {"subject": True, "html": True, "text": True, "from": True, "reply_to": False},
    Channel.SMS: {"text": True, "signature": False},
    Channel.PUSH: {"title": True, "body": True, "url": False},
    Channel.TASK: {"script": True, "queue": True},
    Channel.WECOM: {"text": True},
    Channel.IN_APP: {"title": True, "body": True, "url": False},
}
# What an author may write: an e-mail's HTML may come from MJML, its text from the HTML.
AUTHORED: Final[Mapping[Channel, Mapping[str, bool]]] = {
    **PARTS,
    Channel.EMAIL: {
        "subject": True,
        "mjml": False,
        "html": False,
        "text": False,
        "from": True,
        "reply_to": False,
    },
}
MAX_PART = 100_000
LONGEST_OUTPUT: Final = 200_000  # bytes of UTF-8, as in `language`
# A value with a line break in it must not begin a header, or a line, of its own.
ONE_LINE: Final = frozenset({"subject", "from", "reply_to", "signature", "title", "url", "queue"})
_BREAKS: Final = re.compile("[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
# Braces as Chinese keyboards write them, alone or beside ours: the name in them would be sent.
_WIDE: Final = re.compile(r"[｛﹛][{｛﹛%％﹪]|\{[｛﹛％﹪]")
# What no table stores and no channel sends: control characters, and halves of a surrogate pair.
# And what turns a text around, so that no reviewer sees what the customer reads.
_UNSENDABLE: Final = re.compile("[\x00-\x08\x0e-\x1b\x7f\u202d\u202e\ud800-\udfff]")
# The same by markup and style sheet (CSS Writing Modes 4, unicode-bidi).
_TURNED: Final = re.compile(r"<bdo\b|\b(?:bidi|isolate)-override\b", re.IGNORECASE)
_REFUSED: Final = (
    (_WIDE, say.WIDE_BRACES),
    (_UNSENDABLE, say.UNSENDABLE),
    (_TURNED, say.TURNED),
)
# The product's own addresses.
_OWN: Final = re.compile(r"unsubscribe_url|link_\d+")
_OPENING: Final = re.compile(r"\{\{|\{%")
_RAW: Final = re.compile(r"\{%-?\s*raw\s*-?%\}")
_END_RAW: Final = re.compile(r"\{%-?\s*endraw\s*-?%\}")


class MissingVariable(TemplateError):
    """The customer lacks what the template needs; his touch is withheld."""


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A template ready to render: its parts in order, plain ones cut up, others as source.

    ``takes``: what the latter need of the context, by name: some keys, or everything (None).
    """

    parts: Mapping[str, Plain | str]
    takes: Mapping[str, Sequence[str] | None]

    @cached_property
    def unsure(self) -> frozenset[str]:
        """The parts that may come out with markup or addresses that their sources do not show."""
        return frozenset(name for name, part in self.parts.items() if is_unsure(name, part))

    @cached_property
    def said(self) -> tuple[tuple[str, ...], ...]:
        """The values that its parts say, each by its way into the context, or that of all."""
        outputs = (piece for part in self.parts.values() for piece in part if part)
        paths = [each.path for each in outputs if isinstance(each, Output)]
        for name, keys in self.takes.items():
            paths += [(name, key) for key in keys] if keys else [(name,)]
        return tuple(dict.fromkeys(path for path in paths if not _OWN.fullmatch(path[0])))

    @property
    def is_personal(self) -> bool:
        """It says something about the customer."""
        return "customer" in self.named

    @property
    def named(self) -> set[str]:
        """What it takes of its context, by name."""
        cut = (part for part in self.parts.values() if not isinstance(part, str))
        return {name for part in cut for name in names(part)} | self.takes.keys()


def build_parts(channel: Channel, parts: Mapping[str, str]) -> dict[str, str]:
    """The parts as they are sent, made of what their author wrote. Raises as `compile_parts`."""
    if channel is not Channel.EMAIL or parts.keys() - AUTHORED[channel]:
        return dict(parts)
    for name, source in parts.items():
        _scan(name, source)
    reply = engine.build(dict(parts))
    if "failed" in reply:
        raise _error({**reply, "part": "mjml" if parts.get("mjml") else "html"})
    return {str(name): str(source) for name, source in reply["done"].items()}


def compile_parts(channel: Channel, parts: Mapping[str, str]) -> Compiled:
    """Parse every part.

    Raises
    ------
    TemplateError : a part is missing, unknown, too long, or not valid Liquid; ``path`` names it.
    EngineUnavailable : no process for templates could be started.
    """
    wanted = PARTS[channel]
    for name in parts:
        if name not in wanted:
            raise TemplateError(say.UNKNOWN_PART, name, name=name, known=", ".join(wanted))
    for name, is_needed in wanted.items():
        if is_needed and not parts.get(name, "").strip():
            raise TemplateError(say.MISSING_PART, name, part=say.part_named(name))
    return compile_sources({name: source for name, source in parts.items() if source})


def compile_sources(parts: Mapping[str, str]) -> Compiled:
    """Parse parts of any name; raises as `compile_parts`."""
    for name, source in parts.items():
        _scan(name, source)
    compiled = {name: _cut(one_newline(source)) for name, source in parts.items()}
    takes: dict[str, Sequence[str] | None] = {}
    if hard := _hard(compiled):
        reply = engine.check(hard)
        if "failed" in reply:
            raise _error(reply)
        takes = reply["done"]
    return Compiled(parts=compiled, takes=takes)


def _cut(source: str) -> Plain | str:
    pieces = plain(source)
    return source if pieces is None else pieces


def render(compiled: Compiled, context: Mapping[str, object]) -> dict[str, str]:
    """Every part with the customer's values filled in.

    Raises
    ------
    MissingVariable : a variable without a value.
    TemplateError : a limit was hit or a filter failed.
    """
    (done,) = render_batch(compiled, [context])
    if isinstance(done, TemplateError):
        raise done
    return done


def render_batch(
    compiled: Compiled, contexts: Sequence[Mapping[str, object]]
) -> list[dict[str, str] | TemplateError]:
    """What `render` returns or raises, for each context in order, at one exchange a few hundred."""
    replies: Iterator[dict[str, Any]] = iter(())
    if hard := _hard(compiled.parts):
        replies = iter(engine.render(hard, [_taken(compiled, context) for context in contexts]))
    return [_joined(compiled, context, next(replies, {"done": {}})) for context in contexts]


def _joined(
    compiled: Compiled, context: Mapping[str, object], reply: Mapping[str, Any]
) -> dict[str, str] | TemplateError:
    if "failed" in reply:
        return _error(reply)
    done: dict[str, str] = {}
    for name, part in compiled.parts.items():
        try:
            text = reply["done"][name] if isinstance(part, str) else _filled(name, part, context)
        except TemplateError as error:
            return error
        done[name] = _BREAKS.sub(" ", text) if name in ONE_LINE else text
    return done


def _filled(name: str, pieces: Plain, context: Mapping[str, object]) -> str:
    try:
        text = fill(pieces, context, html=name == "html")
        size = len(text.encode())
    except Missing as error:
        raise MissingVariable(say.MISSING_VARIABLE, name, why=error.name) from error
    except ValueError as error:
        raise TemplateError(
            say.RENDER_FAILED, name, where=say.where(0, 0), why=str(error)
        ) from error
    if size > LONGEST_OUTPUT:
        raise TemplateError(say.OVER_LIMIT, name, where=say.where(0, 0), why=say.LIMITS["output"])
    return text


def _error(reply: Mapping[str, Any]) -> TemplateError:
    """The engine's reply as an error in words."""
    sentence, why, part = say.ENGINE[reply["failed"]], str(reply["why"]), str(reply["part"])
    if sentence is say.MISSING_VARIABLE:
        return MissingVariable(sentence, part, why=why)
    return TemplateError(
        sentence,
        part,
        where=say.where(reply["line"], reply["column"]),
        why=say.LIMITS.get(why, why) if sentence is say.OVER_LIMIT else why,
    )


def _hard(parts: Mapping[str, Plain | str]) -> dict[str, dict[str, str | bool]]:
    """What the engine has to do, as it wants it."""
    return {
        name: {"source": part, "html": name == "html"}
        for name, part in parts.items()
        if isinstance(part, str)
    }


def _taken(compiled: Compiled, context: Mapping[str, object]) -> dict[str, object]:
    taken: dict[str, object] = {}
    for name, keys in compiled.takes.items():
        value = context.get(name)
        if keys is not None and isinstance(value, Mapping):
            value = {key: value[key] for key in keys if key in value}
        taken[name] = value
    return _without_nulls(taken)


def _scan(name: str, source: str) -> None:
    """Refuse, in linear time, what would cost the engine its whole second.

    The library's lexer is quadratic in openings that nothing closes.
    """
    if len(source) > MAX_PART:
        raise TemplateError(say.TOO_LONG, name, part=say.part_named(name), most=MAX_PART)
    for pattern, sentence in _REFUSED:
        if found := pattern.search(source):
            place = say.where_at(source, found.start())
            raise TemplateError(sentence, name, where=place, sign=found[0])
    at = 0
    while opening := _OPENING.search(source, at):
        if raw := _RAW.match(source, opening.start()):
            closing = _END_RAW.search(source, raw.end())
            if closing is None:
                place = say.where_at(source, raw.start())
                raise TemplateError(say.OPEN_BRACES, name, where=place, sign=raw[0])
            at = closing.end()
            continue
        end = source.find("}}" if opening[0] == "{{" else "%}", opening.end())
        inside = source[opening.end() : end] if end >= 0 else ""
        if end < 0 or _OPENING.search(inside):
            place = say.where_at(source, opening.start())
            raise TemplateError(say.OPEN_BRACES, name, where=place, sign=opening[0])
        at = end + 2


def _without_nulls(values: Mapping[str, object]) -> dict[str, object]:
    """A null is as missing as a key that isn't there."""
    return {
        name: _without_nulls(value) if isinstance(value, Mapping) else value
        for name, value in values.items()
        if value is not None
    }
