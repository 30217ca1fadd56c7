"""When and how often customers may be approached: the rules of `contact.json` as values."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from compliance.calendar import MINUTES_A_DAY
from compliance.errors import RulebookError
from compliance.rulebook.rule import Rule

# What these rules bound; protective, service and statutory messages pass.
LIMITED_PURPOSES: Final = frozenset({"marketing", "education"})
SCOPES: Final = ("total", "channel", "journey", "product")
PERIODS: Final = ("day", "week", "month")
EACH: Final = "*"
_CLOCK: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The hours in which these channels may be used; ``trading_only``: on trading days."""

    rule_id: str
    channels: frozenset[str]
    hours: tuple[tuple[int, int], ...]
    trading_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most ``most`` in each calendar period; ``of`` names one, or `EACH` counts apart."""

    rule_id: str
    scope: str
    of: str
    period: str
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRules:
    """All of them that are in force on a day."""

    windows: tuple[Window, ...] = ()
    caps: tuple[Cap, ...] = ()

    def window(self, channel: str) -> Window | None:
        """The channel's hours, None if it has none; of several the last one counts."""
        return next((w for w in reversed(self.windows) if channel in w.channels), None)

    def caps_on(self, *, channel: str, journey: str, product: str) -> tuple[Cap, ...]:
        """Those that bound such a touch."""
        of = {"total": EACH, "channel": channel, "journey": journey, "product": product}
        return tuple(cap for cap in self.caps if of[cap.scope] and cap.of in (EACH, of[cap.scope]))


def read_contact_rules(rules: Iterable[Rule]) -> ContactRules:
    """Windows and caps out of rules. Raises `RulebookError`, naming the rule."""
    windows, caps = [], []
    for rule in rules:
        try:
            match rule.params["kind"]:
                case "window":
                    windows.append(_window(rule))
                case "cap":
                    caps.append(_cap(rule))
                case kind:
                    raise ValueError(f"no such kind: {kind}")
        except (KeyError, TypeError, ValueError) as error:
            raise RulebookError(f"{rule.rule_id}: {error}") from error
    return ContactRules(windows=tuple(windows), caps=tuple(caps))


def _window(rule: Rule) -> Window:
    params = rule.params
    if params["days"] not in ("any", "trading"):
        raise ValueError("days is any or trading")
    hours = tuple((_minutes(start), _minutes(end)) for start, end in params["hours"])
    if any(start >= end for start, end in hours) or list(hours) != sorted(hours):
        raise ValueError("hours begin before they end, one after the other")
    return Window(
        rule_id=rule.rule_id,
        channels=frozenset(params["channels"]),
        hours=hours,
        trading_only=params["days"] == "trading",
    )


def _minutes(clock: str) -> int:
    found = _CLOCK.fullmatch(clock)
    minutes = int(found[1]) * 60 + int(found[2]) if found else -1
    if not 0 <= minutes <= MINUTES_A_DAY:
        raise ValueError(f"{clock!r} is no time like 09:00")
    return minutes


def _cap(rule: Rule) -> Cap:
    params = rule.params
    if params["scope"] not in SCOPES or params["period"] not in PERIODS:
        raise ValueError(f"scope is one of {SCOPES}, period one of {PERIODS}")
    if not isinstance(params["most"], int) or params["most"] < 0 or not params["of"]:
        raise ValueError("most is a whole number, of names what is counted")
    return Cap(
        rule_id=rule.rule_id,
        scope=params["scope"],
        of=params["of"],
        period=params["period"],
        most=params["most"],
    )
