"""When and how often customers may be approached: the rules of `contact.json` as values."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from compliance.calendar import MINUTES_A_DAY
from compliance.errors import RulesRefused
from compliance.rulebook.rule import Rule
from compliance.sentences import Sentence

# What these rules bound; protective, service and statutory messages pass.
LIMITED_PURPOSES: Final = frozenset({"marketing", "education"})
SCOPES: Final = ("total", "channel", "journey", "product")
PERIODS: Final = ("day", "week", "month")
EACH: Final = "*"
_CLOCK: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")

KIND: Final = Sentence(
    code="contact_kind",
    en="{rule}: “kind” is window or cap, with the params of that kind.",
    zh="{rule}：“kind”须为 window 或 cap，并带有该类规则的参数。",
)
DAYS: Final = Sentence(
    code="contact_days",
    en="{rule}: “days” is any or trading.",
    zh="{rule}：“days”须为 any 或 trading。",
)
HOURS: Final = Sentence(
    code="contact_hours",
    en="{rule}: “hours” are pairs such as 09:00 and 20:30, one after the other, up to 24:00. At"
    " least one is needed, and none may overlap.",
    zh="{rule}：“hours”须为先后排列、不超过 24:00 的时段，例如 09:00 至 20:30；"
    "至少一个，且不得重叠。",
)
CAP: Final = Sentence(
    code="contact_cap",
    en="{rule}: “scope” is total, channel, journey or product; “period” day, week or month; “of”"
    " names one or is *; “most” is a whole number.",
    zh="{rule}：“scope”须为 total、channel、journey 或 product；“period”须为 day、week 或 month；"
    "“of”为其中一个的名称或 *；“most”须为整数。",
)


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
    """Windows and caps out of rules. Raises `RulesRefused`, naming the rule."""
    windows, caps = [], []
    for rule in rules:
        try:
            kind = rule.params["kind"]
            if kind == "window":
                windows.append(_window(rule))
            elif kind == "cap":
                caps.append(read_cap(rule.params, rule.rule_id))
            else:
                raise RulesRefused(KIND, rule=rule.rule_id)
        except (KeyError, TypeError, ValueError) as error:
            raise RulesRefused(KIND, rule=rule.rule_id) from error
    return ContactRules(windows=tuple(windows), caps=tuple(caps))


def require_openings(rules: ContactRules) -> None:
    """Refuse hours that are never open, or that overlap: nobody writes them so on purpose.

    Only where a new version is proposed; what is in force is judged by as it stands. Raises
    `RulesRefused`.
    """
    for window in rules.windows:
        ends = [end for _start, end in window.hours]
        begins = [start for start, _end in window.hours[1:]]
        if not ends or any(end > start for end, start in zip(ends, begins, strict=False)):
            raise RulesRefused(HOURS, rule=window.rule_id)


def _window(rule: Rule) -> Window:
    params = rule.params
    if params["days"] not in ("any", "trading"):
        raise RulesRefused(DAYS, rule=rule.rule_id)
    return Window(
        rule_id=rule.rule_id,
        channels=frozenset(params["channels"]),
        hours=read_hours(params["hours"], rule.rule_id),
        trading_only=params["days"] == "trading",
    )


def read_hours(pairs: Iterable[Iterable[str]], rule_id: str) -> tuple[tuple[int, int], ...]:
    """Pairs of clock times as minutes since midnight. Raises `RulesRefused`."""
    hours = tuple((_minutes(start), _minutes(end)) for start, end in pairs)
    if any(not 0 <= start < end for start, end in hours) or list(hours) != sorted(hours):
        raise RulesRefused(HOURS, rule=rule_id)
    return hours


def _minutes(clock: str) -> int:
    """Since midnight; -1 for what is no time of a day."""
    found = _CLOCK.fullmatch(clock)
    minutes = int(found[1]) * 60 + int(found[2]) if found else -1
    return minutes if minutes <= MINUTES_A_DAY else -1


def read_cap(params: Mapping[str, Any], rule_id: str) -> Cap:
    """A cap as a rule tells it. Raises `RulesRefused`; `KeyError` where something is missing."""
    if params["scope"] not in SCOPES or params["period"] not in PERIODS:
        raise RulesRefused(CAP, rule=rule_id)
    if not isinstance(params["most"], int) or params["most"] < 0 or not params["of"]:
        raise RulesRefused(CAP, rule=rule_id)
    return Cap(
        rule_id=rule_id,
        scope=params["scope"],
        of=params["of"],
        period=params["period"],
        most=params["most"],
    )
