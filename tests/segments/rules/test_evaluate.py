"""The meaning of each condition, said by example. `test_compile` holds the SQL to the same."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from segments.rules.check import check
from segments.rules.evaluate import EventFact, Facts, TouchFact, evaluate, sample_number
from segments.rules.parse import parse
from tests.segments.rules.worlds import CATALOG, KNOWN

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def _matches(rule: Any, **facts: Any) -> bool:
    checked = check(parse(rule), catalog=CATALOG, references=KNOWN)
    return evaluate(checked, facts=Facts(customer_id=1, **facts), now=NOW, zone="Asia/Shanghai")


def _events(*told: tuple[str, float, Any]) -> tuple[EventFact, ...]:
    """Events by name, days ago and properties (a bare value is the amount)."""
    return tuple(
        EventFact(
            id=number,
            name=name,
            occurred_at=NOW - timedelta(days=days),
            properties=value if isinstance(value, dict) else {"amount": value},
        )
        for number, (name, days, value) in enumerate(told)
    )


@pytest.mark.parametrize("op", ["eq", "neq", "gt", "lte"])
def test_a_missing_value_satisfies_no_comparison(op: str) -> None:
    rule = {"field": "score", "op": op, "value": 1}

    assert not _matches(rule)
    assert _matches({"not": rule})


def test_not_in_leaves_out_the_missing_and_not_exists_takes_them() -> None:
    assert not _matches({"field": "city", "op": "not_in", "value": ["x"]})
    assert _matches({"field": "city", "op": "not_exists"})


def test_a_count_of_zero_includes_those_who_never_did_it() -> None:
    rule = {"event": "a", "count": {"op": "eq", "value": 0}, "within_days": 30}

    assert _matches(rule)
    assert _matches(rule, events=_events(("a", 31, 1)))
    assert not _matches(rule, events=_events(("a", 29, 1)))


def test_a_window_holds_both_its_edges_and_not_the_future() -> None:
    rule = {"event": "a", "within_days": 30}

    assert _matches(rule, events=_events(("a", 30, 1)))
    assert not _matches(rule, events=_events(("a", 30 + 1e-9, 1)))
    assert _matches(rule, events=_events(("a", 0, 1)))
    assert not _matches(rule, events=_events(("a", -1e-9, 1)))


def test_a_percent_sign_is_just_a_percent_sign() -> None:
    rule = {"field": "city", "op": "contains", "value": "%"}

    assert _matches(rule, fields={"city": "5 % off"})
    assert not _matches(rule, fields={"city": "anything"})


def test_levels_have_an_order() -> None:
    rule = {"field": "risk", "op": "gte", "value": "C3"}

    assert _matches(rule, fields={"risk_level": "C4"})
    assert not _matches(rule, fields={"risk_level": "C2"})


def test_age_comes_from_the_date_of_birth_or_else_from_the_import() -> None:
    rule = {"field": "age", "op": "gte", "value": 36}

    assert _matches(rule, fields={"birth_on": date(1990, 11, 22)})
    assert not _matches(rule, fields={"birth_on": date(1990, 11, 23), "age": 50})
    assert _matches(rule, fields={"age": 36})


def test_days_left_are_counted_by_local_days_and_missing_without_a_date() -> None:
    rule = {"field": "assess_days_left", "op": "between", "value": [0, 30]}

    assert _matches(rule, fields={"risk_valid_until": date(2026, 11, 22)})
    assert _matches(rule, fields={"risk_valid_until": date(2026, 12, 22)})
    assert not _matches(rule, fields={"risk_valid_until": date(2026, 12, 23)})
    assert not _matches(rule, fields={"risk_valid_until": date(2026, 11, 21)})
    assert not _matches(rule)


def test_sums_are_exact() -> None:
    rule = {
        "event": "a",
        "aggregate": {"of": "amount", "fn": "sum", "op": "eq", "value": 0.3},
    }

    assert _matches(rule, events=_events(("a", 1, 0.1), ("a", 2, 0.1), ("a", 3, "0.1")))
    assert _matches(rule, events=_events(("a", 1, 1e308), ("a", 2, 0.3), ("a", 3, -1e308)))


def test_averages_are_not_rounded() -> None:
    rule = {
        "event": "a",
        "aggregate": {"of": "amount", "fn": "avg", "op": "gt", "value": Decimal(1) / 3},
    }

    assert _matches(rule, events=_events(("a", 1, 1), ("a", 2, 0), ("a", 3, 0)))


def test_the_last_value_is_of_the_latest_event_that_carries_it() -> None:
    rule = {"event": "a", "aggregate": {"of": "amount", "fn": "last", "op": "eq", "value": 7}}

    assert _matches(rule, events=_events(("a", 3, 5), ("a", 2, 7), ("a", 1, "none")))


def test_a_sequence_asks_for_order_and_distance() -> None:
    rule = {"sequence": [{"event": "a"}, {"event": "b", "within_days": 7}]}

    assert _matches(rule, events=_events(("a", 8, 0), ("b", 1, 0)))
    assert not _matches(rule, events=_events(("a", 9, 0), ("b", 1, 0)))
    assert not _matches(rule, events=_events(("b", 8, 0), ("a", 1, 0)))
    assert _matches(rule, events=_events(("a", 20, 0), ("a", 5, 0), ("b", 1, 0)))


def test_one_event_serves_one_step() -> None:
    rule = {"sequence": [{"event": "a"}, {"event": "a"}]}

    assert not _matches(rule, events=_events(("a", 1, 0)))
    assert _matches(rule, events=_events(("a", 1, 0), ("a", 1, 0)))


def test_a_sequence_can_forbid_an_event_in_between() -> None:
    rule = {"sequence": [{"event": "a"}, {"event": "b"}], "not_between": {"event": "c"}}

    assert not _matches(rule, events=_events(("a", 3, 0), ("c", 2, 0), ("b", 1, 0)))
    assert _matches(rule, events=_events(("c", 4, 0), ("a", 3, 0), ("b", 2, 0), ("c", 1, 0)))
    assert _matches(rule, events=_events(("a", 5, 0), ("c", 4, 0), ("a", 3, 0), ("b", 1, 0)))


def test_months_in_a_row_are_the_institutions_calendar_months() -> None:
    rule = {"months_in_a_row": {"event": "a", "months": 2}}
    # 1 November 00:30 in Shanghai is still October in UTC.
    november = EventFact(id=1, name="a", occurred_at=datetime(2026, 10, 31, 16, 30, tzinfo=UTC))
    october = EventFact(id=2, name="a", occurred_at=datetime(2026, 10, 31, 15, 30, tzinfo=UTC))
    september = EventFact(id=3, name="a", occurred_at=datetime(2026, 9, 30, 15, 0, tzinfo=UTC))

    assert _matches(rule, events=(november, october))
    assert not _matches(rule, events=(november, september))


def test_a_tag_holds_until_it_runs_out() -> None:
    assert _matches({"tag": "t1"}, tags={"t1": None})
    assert _matches({"tag": "t1"}, tags={"t1": NOW + timedelta(seconds=1)})
    assert not _matches({"tag": "t1"}, tags={"t1": NOW})


def test_a_click_implies_delivery() -> None:
    rule = {"touch": {"journey": "j1", "state": "delivered"}, "within_days": 14}
    clicked = TouchFact(journey="j1", clicked_at=NOW - timedelta(days=2))

    assert _matches(rule, touches=(clicked,))
    assert not _matches(rule, touches=(TouchFact(journey="j1", accepted_at=NOW),))


def test_a_sample_is_sticky_and_near_its_share() -> None:
    chosen = [number for number in range(20_000) if sample_number(number, "s") < 1000]

    assert 1800 < len(chosen) < 2200
    assert sample_number(1, "touchstone.sample") == 7787  # stays so for ever
    assert {n for n in range(500) if sample_number(n, "s") < 100} <= set(chosen)
