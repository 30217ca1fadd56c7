"""Rules written by hand, each with one customer and the verdict that the grammar's words demand.

The reference evaluator and the SQL must both come to it; elsewhere they are only compared.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from segments.rules.check import check
from segments.rules.evaluate import EventFact, Facts, TouchFact, evaluate
from segments.rules.parse import parse
from tests.segments.rules.test_compile import assert_agreement_on_all
from tests.segments.rules.worlds import CATALOG, KNOWN, World

pytestmark = pytest.mark.django_db
ZONE = "Asia/Shanghai"
NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)  # noon in Shanghai
TICK = timedelta(microseconds=1)


def event(name: str, at: datetime | float, **properties: Any) -> EventFact:
    """At a time, or so many days ago."""
    when = at if isinstance(at, datetime) else NOW - timedelta(days=at)
    return EventFact(id=0, name=name, occurred_at=when, properties=properties)


def a(at: datetime | float = 1, **properties: Any) -> EventFact:
    return event("a", at, **properties)


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


def has(**fields: Any) -> dict[str, Any]:
    return {"fields": fields}


def did(*events: EventFact) -> dict[str, Any]:
    return {"events": events}


def field(name: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": name, "op": op, **({"value": value[0]} if value else {})}


def where(op: str, *value: Any, **rest: Any) -> dict[str, Any]:
    condition = {"property": "p", "op": op, **({"value": value[0]} if value else {})}
    return {"event": "a", "where": [condition], **rest}


def counted(op: str, value: Any, **rest: Any) -> dict[str, Any]:
    return {"event": "a", "count": {"op": op, "value": value}, **rest}


def aggregated(fn: str, op: str, value: Any, **rest: Any) -> dict[str, Any]:
    return {"event": "a", "aggregate": {"of": "n", "fn": fn, "op": op, "value": value}, **rest}


def months(count: int) -> dict[str, Any]:
    return {"months_in_a_row": {"event": "a", "months": count}}


AB = [{"event": "a"}, {"event": "b", "within_days": 7}]
NOBODY: dict[str, Any] = {}
MIDNIGHT = local("2026-02-28T00:00:00")

WRITTEN: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    # A missing value makes every comparison false, also the negative ones; `not` is a complement.
    (field("city", "neq", "上海"), NOBODY, False),
    (field("city", "not_in", ["上海"]), NOBODY, False),
    ({"not": field("city", "eq", "上海")}, NOBODY, True),
    ({"not": field("city", "neq", "上海")}, NOBODY, True),
    (field("city", "not_exists"), NOBODY, True),
    (field("score", "lte", 5), has(score="many"), False),
    (field("score", "not_exists"), has(score="many"), True),
    (field("opted", "eq", False), NOBODY, False),
    (field("opted", "neq", True), has(opted=False), True),
    # Texts: as they stand, letters and signs by themselves.
    (field("city", "eq", "shanghai"), has(city="Shanghai"), False),
    (field("city", "contains", "%"), has(city="100 %"), True),
    (field("city", "contains", "_"), has(city="Shanghai"), False),
    (field("city", "starts_with", "\\"), has(city="\\n"), True),
    (field("city", "eq", "' OR 1=1 --"), has(city="' OR 1=1 --"), True),
    (field("city", "regex", "^上.$"), has(city="上海"), True),
    (field("city", "regex", "hang"), has(city="Shanghai"), True),
    (field("city", "in", ["a", "a"]), has(city="a"), True),
    # Numbers are exact; ends of ranges belong to them.
    (field("score", "eq", 0.3), has(score=0.3), True),
    (field("score", "between", [1, 2]), has(score=2), True),
    (field("score", "between", [2, 2]), has(score="2.0"), True),
    (field("score", "gt", 10**30), has(score=10**30 + 1), True),
    (field("total_asset", "gte", 1e308), has(total_asset=1), False),
    (field("score", "in", [1, 2.5]), has(score=2.5), True),
    # Levels have an order, from C1 up.
    (field("risk_level", "gte", "C3"), has(risk_level="C5"), True),
    (field("risk_level", "between", ["C2", "C4"]), has(risk_level="C5"), False),
    (field("risk", "in", ["C5"]), has(risk_level="C5"), True),
    # Days are the institution's; a day as operand is the whole of it.
    (field("joined_on", "eq", "2026-02-28"), has(joined_on="2026-02-28"), True),
    (field("joined_on", "within_days", 1), has(joined_on="2026-02-28"), True),
    (field("joined_on", "older_than_days", 0), has(joined_on="2026-02-28"), True),
    (field("seen_at", "eq", "2026-02-28"), has(seen_at="2026-02-28T23:59:59+08:00"), True),
    (field("seen_at", "eq", "2026-02-28"), has(seen_at="2026-02-28T16:00:00Z"), False),
    (field("seen_at", "after", "2026-02-28"), has(seen_at="2026-02-28T16:00:00Z"), True),
    (field("seen_at", "before", "2026-02-28"), has(seen_at="2026-02-27T15:59:59.999999Z"), True),
    (field("seen_at", "between", ["2026-02-28"] * 2), has(seen_at="2026-02-28T20:00:00"), True),
    (field("birth_on", "anniversary", 0), has(birth_on=date(2000, 3, 1)), True),
    (field("birth_on", "anniversary", 365), has(birth_on=date(2000, 2, 29)), True),
    (field("age", "eq", 26), has(birth_on=date(2000, 3, 1)), True),
    (field("age", "eq", 25), has(birth_on=date(2000, 3, 2)), True),
    (field("assess_days_left", "eq", 0), has(risk_valid_until=date(2026, 3, 1)), True),
    # Events: n days are n × 24 hours; what lies ahead has not happened.
    ({"event": "a"}, did(a(-1)), False),
    ({"event": "a", "within_days": 1}, did(a(NOW - timedelta(days=1))), True),
    ({"event": "a", "within_days": 1}, did(a(NOW - timedelta(days=1) - TICK)), False),
    (counted("eq", 0, within_days=7), NOBODY, True),
    (counted("between", [0, 2]), NOBODY, True),
    (counted("neq", 1), did(a(1), a(1)), True),
    (counted("lt", 1), did(event("b", 1)), True),
    ({"not": counted("gte", 2)}, did(a()), True),
    ({"event": "a", "within": {"from": "2026-02-28", "to": "2026-02-28"}}, did(a(MIDNIGHT)), True),
    (
        {"event": "a", "within": {"from": "2026-02-28", "to": "2026-02-28"}},
        did(a(MIDNIGHT + timedelta(days=1))),
        False,
    ),
    ({"event": "a", "within": {"to": "2026-02-27"}}, did(a(MIDNIGHT - TICK)), True),
    (
        {"event": "a", "within": {"from": "2026-02-28T00:00:00Z"}},
        did(a(MIDNIGHT + timedelta(hours=7))),
        False,
    ),
    # Properties have no type of their own: the operand says how they are read.
    (where("eq", 12), did(a(p="12")), True),
    (where("eq", "12"), did(a(p=12)), False),
    (where("neq", "x"), did(a()), False),
    (where("neq", "x"), did(a(p="y")), True),
    (where("not_exists"), did(a(p=None)), True),
    (where("gt", "2026-02-01"), did(a(p="2026-02-02")), True),
    (where("eq", True), did(a(p=True)), True),
    (where("contains", "养老"), did(a(p="养老基金")), True),
    (where("exists", count={"op": "eq", "value": 0}), did(a()), True),
    # Figures over events: none without one that carries the number.
    (aggregated("sum", "lte", 0), did(a()), False),
    (aggregated("sum", "eq", 0.3), did(a(n=0.1), a(n=0.2)), True),
    (aggregated("avg", "between", [1, 2]), did(a(n=1), a(n=2), a(n="x")), True),
    (aggregated("last", "eq", 1), did(a(1, n=1), a(2, n=9)), True),
    (aggregated("min", "eq", -1, within_days=1), did(a(1, n=-1), a(2, n=-5)), True),
    # In order; between the steps the time is that step's.
    ({"sequence": AB}, did(a(8), event("b", 1)), True),
    ({"sequence": AB}, did(a(8.1), event("b", 1)), False),
    ({"sequence": AB}, did(event("b", 2), a(1)), False),
    ({"sequence": AB, "within_days": 2}, did(a(3), event("b", 1)), False),
    (
        {"sequence": AB, "not_between": {"event": "c"}},
        did(a(3), event("c", 2), event("b", 1)),
        False,
    ),
    (
        {"sequence": AB, "not_between": {"event": "c"}},
        did(a(5), event("c", 4), a(3), event("b", 1)),
        True,
    ),
    ({"sequence": [{"event": "a"}, {"event": "a"}]}, did(a(2)), False),
    ({"sequence": [{"event": "a"}, {"event": "a"}]}, did(a(2), a(1)), True),
    # Months are the institution's.
    (months(2), did(a(local("2026-01-31T23:59:59")), a(local("2026-02-01T00:00:00"))), True),
    (months(2), did(a(local("2026-02-01T00:00:00")), a(local("2026-02-28T23:59:59"))), False),
    (months(3), did(*(a(local(f"2025-{m}-15T12:00:00")) for m in ("10", "11", "12"))), True),
    # What others say of him.
    ({"tag": "t1"}, {"tags": {"t1": NOW + TICK}}, True),
    ({"tag": "t1"}, {"tags": {"t1": NOW}}, False),
    ({"segment": "s1"}, {"segments": frozenset({"s1"})}, True),
    ({"not": {"segment": "s2"}}, {"segments": frozenset({"s1"})}, True),
    ({"lifecycle": ["流失", "衰退"]}, has(lifecycle="衰退"), True),
    ({"lifecycle": ["流失"]}, NOBODY, False),
    (
        {"touch": {"journey": "j1", "state": "clicked"}, "within_days": 14},
        {"touches": (TouchFact(journey="j1", accepted_at=NOW, clicked_at=NOW),)},
        True,
    ),
    (
        {"touch": {"journey": "j1", "state": "opened"}, "within_days": 14},
        {"touches": (TouchFact(journey="j2", accepted_at=NOW, opened_at=NOW),)},
        False,
    ),
    ({"sample": 100}, NOBODY, True),
    ({"any": [{"not": {"everyone": True}}, {"all": [{"everyone": True}]}]}, NOBODY, True),
]


@pytest.mark.parametrize(("rule", "known", "is_match"), WRITTEN, ids=range(len(WRITTEN)))
def test_a_rule_means_what_its_words_say(
    events_table: None, rule: dict[str, Any], known: dict[str, Any], is_match: bool
) -> None:
    events = tuple(
        EventFact(id=number, name=one.name, occurred_at=one.occurred_at, properties=one.properties)
        for number, one in enumerate(known.get("events", ()), start=1)
    )
    fields = {"created_at": NOW, **known.get("fields", {})}
    facts = Facts(customer_id=7, **{**known, "events": events, "fields": fields})
    checked = check(parse(rule), catalog=CATALOG, references=KNOWN)

    assert evaluate(checked, facts=facts, now=NOW, zone=ZONE) is is_match
    assert_agreement_on_all([rule], World(now=NOW, zone=ZONE, facts=(facts,)))
