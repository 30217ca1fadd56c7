"""Liquid templates: checked when saved, rendered per customer.

A template may not include files, loop over number ranges or grow without bound; a variable that
the customer lacks withholds his message rather than sending half a sentence.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from liquid import BoundTemplate, Environment, StrictDefaultUndefined
from liquid.exceptions import LiquidError, UndefinedError

from campaigns.channels.base import Channel
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
MAX_PART = 100_000
# `include` and `render` read other files; `tablerow`, `cycle` and counters have no use here.
_TAGS: Final = frozenset({"if", "unless", "case", "for", "break", "continue", "assign", "comment"})
_OPENING: Final = re.compile(r"\{\{|\{%")
_LIQUID_NOISE: Final = frozenset({"content", "output", "illegal", "eof"})


class _Environment(Environment):
    """Tight limits; the sandbox of last resort behind the checks at save time."""

    loop_iteration_limit = 1_000
    output_stream_limit = 200_000
    local_namespace_limit = 10_000
    context_depth_limit = 20


def _environment(*, autoescape: bool) -> _Environment:
    environment = _Environment(
        undefined=StrictDefaultUndefined, strict_filters=True, autoescape=autoescape
    )
    environment.tags = {
        name: tag
        for name, tag in environment.tags.items()
        if name.removeprefix("end") in _TAGS or name in _LIQUID_NOISE
    }
    return environment


_TEXT = _environment(autoescape=False)
_HTML = _environment(autoescape=True)


class MissingVariable(TemplateError):
    """The customer lacks what the template needs; his touch is withheld."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A template ready to render; a part without Liquid stays the text it is.

    ``is_personal``: it says something about the customer.
    """

    parts: Mapping[str, BoundTemplate | str]
    is_personal: bool


def compile_parts(channel: Channel, parts: Mapping[str, str]) -> Compiled:
    """Parse every part.

    Raises
    ------
    TemplateError : a part is missing, unknown, too long, or not valid Liquid; ``path`` names it.
    """
    wanted = PARTS[channel]
    for name in parts:
        if name not in wanted:
            known = ", ".join(wanted)
            raise TemplateError("unknown_part", f"No part “{name}”; known are {known}.", name)
    for name, is_needed in wanted.items():
        if is_needed and not parts.get(name, "").strip():
            raise TemplateError("missing_part", f"The part “{name}” is empty.", name)
    compiled = {name: _compile(name, source) for name, source in parts.items() if source}
    is_personal = any(
        "customer" in part.analyze().globals
        for part in compiled.values()
        if isinstance(part, BoundTemplate)
    )
    return Compiled(parts=compiled, is_personal=is_personal)


def render(compiled: Compiled, context: Mapping[str, object]) -> dict[str, str]:
    """Every part with the customer's values filled in.

    Raises
    ------
    MissingVariable : a variable without a value.
    TemplateError : a limit was hit or a filter failed.
    """
    known = _without_nulls(context)
    done: dict[str, str] = {}
    for name, part in compiled.parts.items():
        if isinstance(part, str):
            done[name] = part
            continue
        try:
            done[name] = part.render(**known)
        except UndefinedError as error:
            raise MissingVariable("missing_variable", str(error), name) from error
        except (LiquidError, ArithmeticError, TypeError, ValueError) as error:
            raise TemplateError("render_failed", str(error), name) from error
    return done


def _compile(name: str, source: str) -> BoundTemplate | str:
    if len(source) > MAX_PART:
        raise TemplateError("too_long", f"“{name}” is longer than {MAX_PART} characters.", name)
    _scan(name, source)
    if "{{" not in source and "{%" not in source:
        return source
    environment = _HTML if name == "html" else _TEXT
    try:
        return environment.from_string(source)
    except (LiquidError, RecursionError) as error:
        raise TemplateError("parse_error", str(error), name) from error


def _scan(name: str, source: str) -> None:
    """Refuse, in linear time, what the library would take seconds or for ever over.

    Its lexer is quadratic in openings that nothing closes; a range escapes all of its limits.
    """
    for sign in ("｛｛", "｛%", "｛％"):
        if sign in source:
            raise TemplateError("parse_error", f"“{sign}” needs plain braces.", name)
    at = 0
    while opening := _OPENING.search(source, at):
        end = source.find("}}" if opening[0] == "{{" else "%}", opening.end())
        inside = source[opening.end() : end] if end >= 0 else ""
        if end < 0 or _OPENING.search(inside):
            line = source.count("\n", 0, opening.start()) + 1
            raise TemplateError("parse_error", f"“{opening[0]}” in line {line} is open.", name)
        if ".." in inside:
            raise TemplateError("range", "Ranges like (1..9) are not allowed.", name)
        at = end + 2


def _without_nulls(values: Mapping[str, object]) -> dict[str, object]:
    """A null is as missing as a key that isn't there."""
    return {
        name: _without_nulls(value) if isinstance(value, Mapping) else value
        for name, value in values.items()
        if value is not None
    }
