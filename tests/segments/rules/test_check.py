"""Whether a rule fits the fields and names of an installation."""

from datetime import date, datetime
from typing import Any

import pytest

from compliance.sentences import Sentence
from segments.errors import Code, RuleError
from segments.rules.catalog import Catalog, Field, FieldType
from segments.rules.check import Checked, References, check
from segments.rules.doubts import doubts
from segments.rules.moments import Clock
from segments.rules.parse import parse
from segments.rules.tree import Attribute

NOTE = Field(name="note", type=FieldType.TEXT, label_en="note", label_zh="备注")
CATALOG = Catalog.build([NOTE])
KNOWN = References(
    segments={"gold": frozenset(), "vip": frozenset({"gold"})},
    tags=frozenset({"pension_need"}),
    journeys=frozenset({"spring"}),
    events=frozenset({"fund_viewed"}),
)


def _check(rule: Any, *, known: References = KNOWN) -> Checked:
    return check(parse(rule), catalog=CATALOG, references=known)


def _where(condition: dict[str, Any]) -> dict[str, Any]:
    return {"event": "fund_viewed", "where": [{"property": "p", **condition}]}


WRONG: list[tuple[Any, Sentence, str]] = [
    ({"field": "risk_lvl", "op": "eq", "value": "C1"}, Code.UNKNOWN_FIELD, "/field"),
    ({"field": "", "op": "eq", "value": 1}, Code.UNKNOWN_FIELD, "/field"),
    ({"field": "status", "op": "eq", "value": "active"}, Code.UNKNOWN_FIELD, "/field"),
    ({"field": "city", "op": "gt", "value": "a"}, Code.OPERATOR_NOT_ALLOWED, "/op"),
    ({"field": "name", "op": "regex", "value": "^(a+)+$"}, Code.OPERATOR_NOT_ALLOWED, "/op"),
    ({"field": "age", "op": "contains", "value": "3"}, Code.OPERATOR_NOT_ALLOWED, "/op"),
    ({"field": "lowest_class", "op": "gt", "value": True}, Code.OPERATOR_NOT_ALLOWED, "/op"),
    ({"field": "city", "op": "eq", "value": True}, Code.WRONG_TYPE, "/value"),
    ({"field": "city", "op": "eq", "value": 1e308}, Code.WRONG_TYPE, "/value"),
    ({"field": "age", "op": "eq", "value": "30"}, Code.WRONG_TYPE, "/value"),
    ({"field": "age", "op": "in", "value": ["30"]}, Code.WRONG_TYPE, "/value/0"),
    ({"field": "age", "op": "between", "value": [40, 30]}, Code.REVERSED, "/value"),
    ({"field": "lowest_class", "op": "eq", "value": 1}, Code.WRONG_TYPE, "/value"),
    ({"field": "birth_on", "op": "before", "value": 3}, Code.WRONG_TYPE, "/value"),
    ({"field": "birth_on", "op": "before", "value": "soon"}, Code.BAD_DATE, "/value"),
    ({"field": "birth_on", "op": "eq", "value": "2026-01-01T00:00"}, Code.BAD_DATE, "/value"),
    (
        {"field": "created_at", "op": "between", "value": ["2026-02-02", "2026-02-01"]},
        Code.REVERSED,
        "/value",
    ),
    ({"field": "risk", "op": "eq", "value": "C9"}, Code.UNKNOWN_CHOICE, "/value"),
    ({"field": "risk", "op": "in", "value": ["C1", "c2"]}, Code.UNKNOWN_CHOICE, "/value/1"),
    ({"field": "risk", "op": "between", "value": ["C4", "C2"]}, Code.REVERSED, "/value"),
    ({"field": "city", "op": "contains", "value": ""}, Code.EMPTY_TEXT, "/value"),
    ({"field": "city", "op": "regex", "value": "(a"}, Code.BAD_REGEX, "/value"),
    ({"field": "city", "op": "regex", "value": "(a)\\1"}, Code.BAD_REGEX, "/value"),
    (_where({"op": "gt", "value": "yesterday"}), Code.BAD_DATE, "/where/0/value"),
    (_where({"op": "gt", "value": True}), Code.OPERATOR_NOT_ALLOWED, "/where/0/op"),
    (_where({"op": "contains", "value": 3}), Code.WRONG_TYPE, "/where/0/value"),
    ({"lifecycle": ["成熟", "老"]}, Code.UNKNOWN_CHOICE, "/lifecycle/1"),
    ({"tag": "pension_needs"}, Code.UNKNOWN_TAG, "/tag"),
    ({"all": [{"segment": "silver"}]}, Code.UNKNOWN_SEGMENT, "/all/0/segment"),
    (
        {"touch": {"journey": "autumn", "state": "clicked"}},
        Code.UNKNOWN_JOURNEY,
        "/touch/journey",
    ),
    (
        {
            "sequence": [
                {"event": "a"},
                {"event": "b", "where": [{"property": "p", "op": "regex", "value": "["}]},
            ]
        },
        Code.BAD_REGEX,
        "/sequence/1/where/0/value",
    ),
]


@pytest.mark.parametrize(("rule", "code", "path"), WRONG, ids=range(len(WRONG)))
def test_a_rule_that_does_not_fit_is_refused_at_its_place(
    rule: Any, code: Sentence, path: str
) -> None:
    with pytest.raises(RuleError) as caught:
        _check(rule)

    assert (caught.value.code, caught.value.path) == (code.code, path)


def test_a_misspelt_name_gets_a_suggestion_in_both_languages() -> None:
    with pytest.raises(RuleError) as caught:
        _check({"field": "risk_lvl", "op": "eq", "value": "C1"})

    assert caught.value.message == 'Unknown field "risk_lvl"; did you mean risk_level?'
    assert caught.value.in_language("zh") == ('未知的字段 "risk_lvl"；是否想用 risk_level？')


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ({"field": "AGE", "op": "gt", "value": 1}, "did you mean age?"),
        ({"field": "风险级别", "op": "exists"}, "did you mean risk_level?"),
        ({"field": "Total Assets", "op": "exists"}, "did you mean total_asset?"),
        (
            {"event": "a", "since": 3},
            "allowed: event, count, aggregate, where, within_days, within",
        ),
        ({"field": "age", "op": "exists", "value": 1}, "exists takes no value: leave it out"),
        ({"field": "age", "op": "between", "value": [1]}, "a list of two values, got a list of 1"),
        ({"event": "a", "within_days": 7.5}, "Expected a whole number, got 7.5"),
        ({"event": "a", "within": {}}, 'The key "from" / "to" is missing'),
        (
            {"field": "birth_on", "op": "eq", "value": "29/02/2024"},
            '"29/02/2024" is not a date such as 2026-03-31',
        ),
        ({"field": "city", "op": "eq", "value": "a\0"}, "must not contain NUL (U+0000)"),
    ],
)
def test_a_refusal_says_what_to_do_instead(rule: Any, hint: str) -> None:
    with pytest.raises(RuleError) as caught:
        _check(rule)

    assert hint in caught.value.message


def test_an_alias_becomes_the_field_itself() -> None:
    checked = _check({"field": "risk", "op": "eq", "value": "C3"})

    assert isinstance(checked.rule, Attribute)
    assert checked.rule.field == "risk_level"
    assert set(checked.fields) == {"risk_level"}


def test_a_date_is_read_as_a_date() -> None:
    checked = _check({"field": "birth_on", "op": "before", "value": "1990-02-28"})

    assert isinstance(checked.rule, Attribute)
    assert checked.rule.value == date(1990, 2, 28)


def test_a_built_in_field_wins_over_an_attribute_of_its_name() -> None:
    imported = Field(name="city", type=FieldType.NUMBER, label_en="city", label_zh="")
    alias = Field(name="risk", type=FieldType.NUMBER, label_en="risk", label_zh="")

    catalog = Catalog.build([imported, alias])

    assert catalog.find("city") == CATALOG.find("city")
    assert catalog.find("risk") == CATALOG.find("risk_level")


def test_an_event_never_seen_is_a_warning_with_a_suggestion() -> None:
    checked = _check({"not": {"event": "fund_view"}})

    (warning,) = checked.warnings
    assert (warning.code, warning.path) == (Code.UNKNOWN_EVENT.code, "/not/event")
    assert "fund_viewed" in warning.message


def test_a_count_of_at_least_zero_is_a_warning() -> None:
    checked = _check({"event": "fund_viewed", "count": {"op": "gte", "value": 0}})

    assert [warning.code for warning in checked.warnings] == [Code.ALWAYS_TRUE.code]


@pytest.mark.parametrize(
    ("op", "value", "codes"),
    [
        ("gt", "C5", ["never_true"]),
        ("lt", "C1", ["never_true"]),
        ("not_in", ["C1", "C2", "C3", "C4", "C5"], ["never_true"]),
        ("gte", "C5", []),
        ("exists", None, []),
    ],
)
def test_a_level_above_all_levels_is_a_warning(op: str, value: Any, codes: list[str]) -> None:
    rule = {"field": "risk_level", "op": op} | ({} if value is None else {"value": value})

    checked = _check({"not": rule})

    assert [warning.code for warning in checked.warnings] == codes
    assert [warning.path for warning in checked.warnings] == ["/not/value"] * len(codes)


def test_a_segment_may_not_name_itself() -> None:
    with pytest.raises(RuleError) as caught:
        _check({"segment": "gold"}, known=References(segments={}, own_key="gold"))

    assert (caught.value.code, caught.value.path) == (Code.CYCLE.code, "/segment")


def test_a_segment_may_not_come_back_to_itself_through_others() -> None:
    known = References(
        segments={"a": frozenset({"b"}), "b": frozenset({"c", "d"}), "d": frozenset({"own"})},
        own_key="own",
    )

    with pytest.raises(RuleError) as caught:
        _check({"any": [{"everyone": True}, {"segment": "a"}]}, known=known)

    assert (caught.value.code, caught.value.path) == (Code.CYCLE.code, "/any/1/segment")
    assert "own → a → b → d → own" in caught.value.message


def test_segments_may_share_a_dependency_and_a_foreign_cycle_ends() -> None:
    known = References(
        segments={"a": frozenset({"b"}), "b": frozenset({"a"}), "c": frozenset({"a", "b"})},
        own_key="own",
    )

    checked = _check({"all": [{"segment": "a"}, {"segment": "c"}]}, known=known)

    assert checked.segments == {"a", "c"}


def test_dependencies_of_a_rule_are_listed() -> None:
    checked = _check(
        {
            "all": [
                {"tag": "pension_need"},
                {"segment": "vip"},
                {"touch": {"journey": "spring", "state": "clicked"}},
                {"sequence": [{"event": "a"}, {"event": "b"}], "not_between": {"event": "c"}},
            ]
        }
    )

    assert checked.events == {"a", "b", "c"}
    assert (checked.tags, checked.segments) == ({"pension_need"}, {"vip"})
    assert checked.journeys == {"spring"}


@pytest.mark.parametrize(
    ("rule", "needs_clock"),
    [
        ({"event": "fund_viewed"}, False),
        ({"event": "fund_viewed", "within_days": 3}, True),
        ({"field": "city", "op": "eq", "value": "x"}, False),
        ({"field": "age", "op": "gt", "value": 3}, True),
        ({"not": {"field": "birth_on", "op": "anniversary"}}, True),
        (_where({"op": "within_days", "value": 3}), True),
        ({"tag": "pension_need"}, True),
    ],
)
def test_a_rule_says_whether_time_alone_changes_it(rule: Any, needs_clock: bool) -> None:
    assert _check(rule).needs_clock is needs_clock


MARCH = Clock.at(now=datetime.fromisoformat("2026-03-31T12:00:00+08:00"), zone="Asia/Shanghai")
MONTHS = {"event": "fund_viewed", "months": 3}


@pytest.mark.parametrize(
    ("window", "found"),
    [
        ({"within": {"from": "2026-04-01"}}, [("period_ahead", "/not/within/from")]),
        ({"within": {"from": "2026-04-01T00:00:00"}}, [("period_ahead", "/not/within/from")]),
        ({"within": {"from": "2026-03-31"}}, []),
        ({"within": {"to": "2027-01-01"}}, []),
        ({}, []),
    ],
)
def test_a_period_that_only_begins_is_doubted(window: Any, found: list[Any]) -> None:
    rule = {"not": {"event": "fund_viewed", **window}}

    assert [(one.code, one.path) for one in doubts(_check(rule).rule, MARCH)] == found


@pytest.mark.parametrize(
    ("window", "path"),
    [
        ({"within_days": 58}, "/within_days"),
        ({"within_days": 59}, None),
        ({"within": {"from": "2026-02-01"}}, "/within"),
        ({"within": {"from": "2026-01-31"}}, None),
        ({"within": {"from": "2026-01-01", "to": "2026-02-28"}}, "/within"),
        ({"within": {"to": "2026-01-01"}}, None),
        ({}, None),
    ],
)
def test_more_months_than_the_period_touches_are_doubted(window: Any, path: str | None) -> None:
    said = list(doubts(_check({"months_in_a_row": MONTHS, **window}).rule, MARCH))

    assert [(one.code, one.path) for one in said] == ([("fewer_months", path)] if path else [])
