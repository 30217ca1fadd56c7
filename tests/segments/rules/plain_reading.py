"""A second reading of rules, from their JSON alone and by brute force; it shares no code with ours.

It says what docs/segments.md and the grammar promise, in the plainest way and at any cost: every
choice of events for a sequence, every run of months. Facts are those of `worlds`.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

import re2

from segments.rules.evaluate import EventFact, Facts

LEVELS = ["C1", "C2", "C3", "C4", "C5"]
STATES = ["accepted", "delivered", "opened", "clicked"]
NUMBERS, FLAGS, DAYS, TIMES = (
    {"age", "aum", "total_asset", "score", "assess_days_left"},
    {"lowest_class", "opted"},
    {"birth_on", "risk_valid_until", "joined_on"},
    {"created_at", "seen_at"},
)
TICK = timedelta(microseconds=1)


def matches(rule: dict[str, Any], facts: Facts, now: datetime, zone: str) -> bool:
    """Whether the customer meets the rule, which is known to be a good one."""
    return _Plain(facts, now, ZoneInfo(zone)).node(rule)


class _Plain:
    def __init__(self, facts: Facts, now: datetime, zone: ZoneInfo) -> None:
        self.facts, self.now, self.zone = facts, now, zone
        self.today = now.astimezone(zone).date()

    def node(self, rule: dict[str, Any]) -> bool:
        match rule:
            case {"all": parts}:
                return all(self.node(part) for part in parts)
            case {"any": parts}:
                return any(self.node(part) for part in parts)
            case {"not": part}:
                return not self.node(part)
            case {"field": name}:
                return self.compare(self.field(name), rule, self.kind(name))
            case {"aggregate": figure}:
                return self.aggregate(rule, figure)
            case {"event": _}:
                found = len([e for e in self.window(rule) if self.means(e, rule)])
                asked = rule.get("count", {"op": "gte", "value": 1})
                return _ordered(found, asked["op"], asked["value"])
            case {"sequence": steps}:
                return self.sequence(rule, steps)
            case {"months_in_a_row": wanted}:
                return self.months(rule, wanted)
            case {"tag": key}:
                until = self.facts.tags.get(key, self.now)
                return until is None or until > self.now
            case {"segment": key}:
                return key in self.facts.segments
            case {"lifecycle": stages}:
                return self.facts.fields.get("lifecycle") in stages
            case {"touch": asked}:
                return self.touch(rule, asked)
            case {"everyone": True}:
                return True
            case {"sample": percent}:
                return self.sample(percent, rule.get("salt", "touchstone.sample"))
        raise AssertionError(rule)

    def kind(self, name: str) -> str:
        if name in ("risk", "risk_level"):
            return "level"
        groups = (("number", NUMBERS), ("flag", FLAGS), ("day", DAYS), ("time", TIMES))
        return next((kind for kind, names in groups if name in names), "text")

    def field(self, name: str) -> Any:
        known = self.facts.fields
        born, until = known.get("birth_on"), known.get("risk_valid_until")
        if name == "age" and born is not None:
            had = (self.today.month, self.today.day) >= (born.month, born.day)
            return self.today.year - born.year - (0 if had else 1)
        if name == "assess_days_left":
            return None if until is None else (until - self.today).days
        return known.get({"risk": "risk_level", "aum": "total_asset"}.get(name, name))

    def compare(self, raw: Any, asked: dict[str, Any], kind: str) -> bool:
        op, operand = asked["op"], asked.get("value")
        value = raw if isinstance(raw, bytes) else self.read(raw, kind)
        if op in ("exists", "not_exists"):
            return (value is not None) == (op == "exists")
        if value is None:
            return False
        if kind == "text":
            return _text(value, op, operand)
        if kind in ("day", "time"):
            return self.timed(value, op, operand)
        if kind == "level":
            value = LEVELS.index(value)
            many = isinstance(operand, list)
            operand = [LEVELS.index(o) for o in operand] if many else LEVELS.index(operand)
        return _ordered(value, op, operand)

    def read(self, raw: Any, kind: str) -> Any:
        if kind == "number":
            return _number(raw)
        if kind == "flag":
            return raw if isinstance(raw, bool) else None
        if kind in ("text", "level"):
            return raw if isinstance(raw, str) else None
        if kind == "day":
            if isinstance(raw, date):
                return raw
            moment = _spelled(raw)
            return moment if moment and not isinstance(moment, datetime) else None
        moment = raw if isinstance(raw, date) else _spelled(raw)
        return moment and self.instant(moment)

    def instant(self, moment: date) -> datetime:
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, time())
        if moment.year == 9999:
            return datetime.max.replace(tzinfo=UTC)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        # All instants whose local clock shows it; in a gap, by the offset before.
        guesses = {(moment - timedelta(minutes=15 * n)).replace(tzinfo=UTC) for n in range(-60, 61)}
        exact = {g for g in guesses if g.astimezone(self.zone).replace(tzinfo=None) == moment}
        if exact:
            return max(exact)
        before = (moment - timedelta(days=1)).replace(tzinfo=self.zone).utcoffset()
        return (moment - (before or timedelta())).replace(tzinfo=UTC)

    def timed(self, value: date, op: str, operand: Any) -> bool:
        is_time = isinstance(value, datetime)
        if op == "within_days":
            if is_time:
                return self.now - timedelta(days=operand) <= value <= self.now
            return self.today - timedelta(days=operand) <= value <= self.today
        if op == "older_than_days":
            here: date = self.now if is_time else self.today
            return value < here - timedelta(days=operand)
        if op == "anniversary":
            return self.comes_round(value, operand or 0)
        ends = operand if isinstance(operand, list) else [operand]
        spans = [self.span(_spelled(end), is_time) for end in ends]
        low, high = spans[0][0], spans[-1][1]  # both ends belong to it
        return {
            "eq": low <= value <= high,
            "between": low <= value <= high,
            "neq": not low <= value <= high,
            "gt": value > high,
            "after": value > high,
            "gte": value >= low,
            "lt": value < low,
            "before": value < low,
            "lte": value <= high,
        }[op]

    def span(self, end: Any, is_time: bool) -> tuple[date, date]:
        if not is_time:
            return end, end
        if isinstance(end, datetime):
            return self.instant(end), self.instant(end)
        return self.instant(end), self.instant(end + timedelta(days=1)) - TICK

    def comes_round(self, value: date, days: int) -> bool:
        if isinstance(value, datetime):
            if value.year == 9999:
                return False
            value = value.astimezone(self.zone).date()
        for year in range(self.today.year, self.today.year + 3):
            try:
                kept = value.replace(year=year)
            except ValueError:  # 29 February in a common year
                kept = date(year, 2, 28)
            if value.year < year and 0 <= (kept - self.today).days <= days:
                return True
        return False

    def window(self, rule: dict[str, Any]) -> list[EventFact]:
        inside = [e for e in self.facts.events if self.within(e.occurred_at, rule)]
        return sorted(inside, key=lambda e: (e.occurred_at, e.id))

    def within(self, at: datetime, rule: dict[str, Any]) -> bool:
        if at > self.now:
            return False
        if "within_days" in rule:
            return at >= self.now - timedelta(days=rule["within_days"])
        ends = rule.get("within", {})
        first, last = ends.get("from"), ends.get("to")
        return (first is None or at >= self.span(_spelled(first), True)[0]) and (
            last is None or at <= self.span(_spelled(last), True)[1]
        )

    def means(self, event: EventFact, asked: dict[str, Any]) -> bool:
        return event.name == asked["event"] and all(
            self.compare(event.properties.get(w["property"]), w, _kind_of(w))
            if w["op"] not in ("exists", "not_exists")
            else (event.properties.get(w["property"]) is not None) == (w["op"] == "exists")
            for w in asked.get("where", [])
        )

    def aggregate(self, rule: dict[str, Any], figure: dict[str, Any]) -> bool:
        meant = [e for e in self.window(rule) if self.means(e, rule)]
        read = [_number(e.properties.get(figure["of"])) for e in meant]
        numbers = [Fraction(n) for n in read if n is not None]
        if not numbers:
            return False
        made = {
            "sum": sum(numbers, Fraction()),
            "avg": sum(numbers, Fraction()) / len(numbers),
            "min": min(numbers),
            "max": max(numbers),
            "last": numbers[-1],
        }[figure["fn"]]
        return _ordered(made, figure["op"], figure["value"])

    def sequence(self, rule: dict[str, Any], steps: list[dict[str, Any]]) -> bool:
        events = self.window(rule)
        between = rule.get("not_between")
        blocked = [bool(between) and self.means(e, between) for e in events]
        for chosen in combinations(range(len(events)), len(steps)):
            if not all(self.means(events[c], s) for c, s in zip(chosen, steps, strict=True)):
                continue
            pairs = list(zip(chosen, chosen[1:], steps[1:], strict=False))
            in_time = all(
                "within_days" not in step
                or events[b].occurred_at - events[a].occurred_at
                <= timedelta(days=step["within_days"])
                for a, b, step in pairs
            )
            if in_time and not any(any(blocked[a + 1 : b]) for a, b, _step in pairs):
                return True
        return False

    def months(self, rule: dict[str, Any], wanted: dict[str, Any]) -> bool:
        local = [
            e.occurred_at.astimezone(self.zone) for e in self.window(rule) if self.means(e, wanted)
        ]
        seen = {(at.year, at.month) for at in local}
        for year, month in seen:
            run = [divmod(year * 12 + month - 1 + n, 12) for n in range(wanted["months"])]
            if all((y, m + 1) in seen for y, m in run):
                return True
        return False

    def touch(self, rule: dict[str, Any], asked: dict[str, Any]) -> bool:
        counted = STATES[STATES.index(asked["state"]) :]
        for touch in self.facts.touches:
            times = [getattr(touch, f"{state}_at") for state in counted]
            reached = [at for at in times if at is not None]
            if touch.journey == asked["journey"] and reached and self.within(min(reached), rule):
                return True
        return False

    def sample(self, percent: float, salt: str) -> bool:
        digest = hashlib.md5(f"{salt}:{self.facts.customer_id}".encode()).digest()
        share = Fraction(str(percent)) * 100
        return int.from_bytes(digest[:4], "big") % 10_000 < share


def _kind_of(where: dict[str, Any]) -> str:
    if where["op"] in ("contains", "starts_with", "regex"):
        return "text"
    if where["op"] in ("before", "after", "within_days", "older_than_days", "anniversary"):
        return "time"
    value = where["value"]
    first = value[0] if isinstance(value, list) else value
    if isinstance(first, bool):
        return "flag"
    if isinstance(first, str):
        return "text" if where["op"] in ("eq", "neq", "in", "not_in") else "time"
    return "number"


def _number(raw: Any) -> Fraction | None:
    if isinstance(raw, bool) or raw is None:
        return None
    if isinstance(raw, int | float | Decimal):
        return Fraction(repr(raw) if isinstance(raw, float) else raw)
    is_plain = isinstance(raw, str) and re.fullmatch(
        r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", raw, re.ASCII
    )
    return Fraction(raw) if is_plain else None


def _spelled(raw: Any) -> Any:
    """A day, a local time or an instant from 1600 on, or None."""
    shape = r"(\d{4})-(\d\d)-(\d\d)([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?"
    if not isinstance(raw, str) or not re.fullmatch(shape, raw, re.ASCII) or raw < "1600":
        return None
    offset = re.search(r"[+-](\d\d):\d\d$", raw[10:])
    if offset and int(offset[1]) > 14:
        return None
    try:
        return date.fromisoformat(raw) if len(raw) == 10 else datetime.fromisoformat(raw)
    except ValueError:
        return None


def _text(value: str, op: str, operand: Any) -> bool:
    match op:
        case "contains":
            return value.find(operand) >= 0
        case "starts_with":
            return value[: len(operand)] == operand
        case "regex":
            return re2.search(operand, value) is not None
    listed: Iterable[str] = operand if isinstance(operand, list) else [operand]
    return (value in listed) == (op in ("eq", "in"))


def _ordered(value: Any, op: str, operand: Any) -> bool:
    listed = [
        one if isinstance(one, bool) else Fraction(repr(one) if isinstance(one, float) else one)
        for one in (operand if isinstance(operand, list) else [operand])
    ]
    first = listed[0]
    return {
        "eq": lambda: value == first,
        "neq": lambda: value != first,
        "in": lambda: value in listed,
        "not_in": lambda: value not in listed,
        "gt": lambda: value > first,
        "gte": lambda: value >= first,
        "lt": lambda: value < first,
        "lte": lambda: value <= first,
        "between": lambda: listed[0] <= value <= listed[1],
    }[op]()
