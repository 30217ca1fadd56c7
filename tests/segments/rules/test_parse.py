"""What a rule may look like, and where exactly a wrong one is wrong."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.sentences import Sentence
from segments.errors import Code, RuleError
from segments.rules.parse import parse
from segments.rules.tree import (
    All,
    Attribute,
    EventCount,
    EventFilter,
    Everyone,
    Fixed,
    Not,
    Operator,
    Rolling,
    Sample,
)

LEAF = {"field": "age", "op": "gt", "value": 1}
AGGREGATE = {"of": "amount", "fn": "sum", "op": "gt", "value": 5}


def test_a_nested_rule_becomes_a_tree() -> None:
    rule = parse({"all": [{"everyone": True}, {"not": {"sample": 12.5}}]})

    sample = Sample(basis_points=1250, salt="touchstone.sample")
    assert rule == All(children=(Everyone(), Not(child=sample)))


def test_an_event_is_counted_at_least_once_by_default() -> None:
    rule = parse({"event": "buy", "within_days": 30})

    assert rule == EventCount(
        event=EventFilter(name="buy"),
        op=Operator.GTE,
        value=Decimal(1),
        window=Rolling(days=30),
    )


def test_a_window_may_be_fixed_and_open_at_one_end() -> None:
    rule = parse({"event": "buy", "within": {"from": "2026-01-31"}})

    assert isinstance(rule, EventCount)
    assert rule.window == Fixed(start=date(2026, 1, 31), end=None)


def test_a_number_that_the_database_spelled_out_is_still_the_same() -> None:
    written = {"field": "aum", "op": "gt", "value": 1e308}

    assert parse({**written, "value": 10**308}) == parse(written)


def test_a_float_keeps_its_shortest_spelling() -> None:
    rule = parse({"field": "aum", "op": "gt", "value": 0.1})

    assert isinstance(rule, Attribute)
    assert rule.value == Decimal("0.1")


WRONG: list[tuple[Any, Sentence, str]] = [
    (None, Code.NOT_AN_OBJECT, ""),
    ([LEAF], Code.NOT_AN_OBJECT, ""),
    ({}, Code.UNKNOWN_KIND, ""),
    ({"whoever": True}, Code.UNKNOWN_KIND, ""),
    ({"all": [LEAF], "any": [LEAF]}, Code.SEVERAL_KINDS, ""),
    ({"all": []}, Code.EMPTY_LIST, "/all"),
    ({"any": LEAF}, Code.WRONG_TYPE, "/any"),
    ({"all": [LEAF, {"any": [LEAF, 3]}]}, Code.NOT_AN_OBJECT, "/all/1/any/1"),
    ({"not": [LEAF]}, Code.NOT_AN_OBJECT, "/not"),
    ({**LEAF, "sql": "1=1"}, Code.UNKNOWN_KEY, "/sql"),
    ({"all": [{**LEAF, "a/b~c": 1}]}, Code.UNKNOWN_KEY, "/all/0/a~1b~0c"),
    ({**LEAF, "\ud800": 1}, Code.UNKNOWN_KEY, "/\\ud800"),
    ({"field": "age", "op": "gt"}, Code.MISSING_KEY, ""),
    ({"field": "age", "value": 1}, Code.MISSING_KEY, ""),
    ({"field": 3, "op": "gt", "value": 1}, Code.WRONG_TYPE, "/field"),
    ({**LEAF, "op": "resembles"}, Code.UNKNOWN_OPERATOR, "/op"),
    ({**LEAF, "op": None}, Code.WRONG_TYPE, "/op"),
    ({**LEAF, "value": None}, Code.WRONG_TYPE, "/value"),
    ({**LEAF, "value": {}}, Code.WRONG_TYPE, "/value"),
    ({**LEAF, "value": float("nan")}, Code.BAD_NUMBER, "/value"),
    ({**LEAF, "value": float("inf")}, Code.BAD_NUMBER, "/value"),
    ({**LEAF, "value": 10**5000}, Code.BAD_NUMBER, "/value"),
    ({**LEAF, "value": Decimal("1e-5000")}, Code.BAD_NUMBER, "/value"),
    ({**LEAF, "value": "a\0"}, Code.BAD_TEXT, "/value"),
    ({**LEAF, "value": "\ud800"}, Code.BAD_TEXT, "/value"),
    ({**LEAF, "value": "x" * 1001}, Code.TOO_LONG, "/value"),
    ({**LEAF, "op": "in", "value": []}, Code.EMPTY_LIST, "/value"),
    ({**LEAF, "op": "in", "value": [1, "a"]}, Code.MIXED_TYPES, "/value/1"),
    ({**LEAF, "op": "in", "value": [1, True]}, Code.MIXED_TYPES, "/value/1"),
    ({**LEAF, "op": "in", "value": [1, [2]]}, Code.WRONG_TYPE, "/value/1"),
    ({**LEAF, "op": "in", "value": [1] * 1001}, Code.TOO_MANY, "/value"),
    ({"any": [{**LEAF, "op": "in", "value": [1] * 1000}] * 11}, Code.TOO_MANY_VALUES, ""),
    (
        {"sequence": [{"event": "a", "where": [{"property": "c", "op": "exists"}] * 300}] * 7},
        Code.TOO_MANY_PROPERTIES,
        "",
    ),
    ({**LEAF, "op": "between", "value": [1]}, Code.WRONG_TYPE, "/value"),
    ({**LEAF, "op": "between", "value": 3}, Code.WRONG_TYPE, "/value"),
    ({**LEAF, "op": "exists", "value": 3}, Code.UNKNOWN_KEY, "/value"),
    ({**LEAF, "op": "within_days", "value": 0}, Code.OUT_OF_RANGE, "/value"),
    ({**LEAF, "op": "within_days", "value": 1.5}, Code.WRONG_TYPE, "/value"),
    ({**LEAF, "op": "anniversary", "value": 367}, Code.OUT_OF_RANGE, "/value"),
    ({"event": ""}, Code.EMPTY_TEXT, "/event"),
    ({"event": "a", "within_days": 0}, Code.OUT_OF_RANGE, "/within_days"),
    ({"event": "a", "within_days": 10**9}, Code.OUT_OF_RANGE, "/within_days"),
    ({"event": "a", "within_days": "7"}, Code.WRONG_TYPE, "/within_days"),
    ({"event": "a", "within_days": True}, Code.WRONG_TYPE, "/within_days"),
    ({"event": "a", "within_days": 1, "within": {}}, Code.SEVERAL_KINDS, ""),
    ({"event": "a", "within": {}}, Code.MISSING_KEY, "/within"),
    ({"event": "a", "within": {"from": "2026-02-30"}}, Code.BAD_DATE, "/within/from"),
    ({"event": "a", "within": {"to": "1066-10-14"}}, Code.BAD_DATE, "/within/to"),
    ({"event": "a", "within": {"to": "9999-12-31"}}, Code.OUT_OF_RANGE, "/within/to"),
    (
        {"event": "a", "within": {"from": "2026-02-02", "to": "2026-02-01"}},
        Code.REVERSED,
        "/within",
    ),
    ({"event": "a", "count": 3}, Code.WRONG_TYPE, "/count"),
    ({"event": "a", "count": {"op": "gte"}}, Code.MISSING_KEY, "/count"),
    ({"event": "a", "count": {"op": "in", "value": 1}}, Code.OPERATOR_NOT_ALLOWED, "/count/op"),
    ({"event": "a", "count": {"op": "gte", "value": -1}}, Code.OUT_OF_RANGE, "/count/value"),
    ({"event": "a", "count": {"op": "gte", "value": 0.5}}, Code.WRONG_TYPE, "/count/value"),
    ({"event": "a", "count": {"op": "lt", "value": 0}}, Code.OUT_OF_RANGE, "/count/value"),
    ({"event": "a", "count": {"op": "between", "value": [3, 1]}}, Code.REVERSED, "/count/value"),
    ({"event": "a", "aggregate": AGGREGATE, "count": {}}, Code.SEVERAL_KINDS, ""),
    (
        {"event": "a", "aggregate": {**AGGREGATE, "fn": "median"}},
        Code.UNKNOWN_CHOICE,
        "/aggregate/fn",
    ),
    (
        {"event": "a", "aggregate": {**AGGREGATE, "value": "5"}},
        Code.WRONG_TYPE,
        "/aggregate/value",
    ),
    ({"event": "a", "where": [{"property": "c"}]}, Code.MISSING_KEY, "/where/0"),
    (
        {"event": "a", "where": [{"property": "c", "op": "eq", "value": []}]},
        Code.WRONG_TYPE,
        "/where/0/value",
    ),
    ({"event": "a", "where": [{"field": "c"}]}, Code.UNKNOWN_KEY, "/where/0/field"),
    ({"sequence": [{"event": "a"}]}, Code.TOO_FEW, "/sequence"),
    (
        {"sequence": [{"event": "a", "within_days": 3}, {"event": "b"}]},
        Code.UNKNOWN_KEY,
        "/sequence/0/within_days",
    ),
    ({"sequence": [{"event": "a"}, {}]}, Code.MISSING_KEY, "/sequence/1"),
    (
        {"sequence": [{"event": "a"}, {"event": "b"}], "not_between": "c"},
        Code.WRONG_TYPE,
        "/not_between",
    ),
    ({"months_in_a_row": {"event": "a"}}, Code.MISSING_KEY, "/months_in_a_row"),
    (
        {"months_in_a_row": {"event": "a", "months": 0}},
        Code.OUT_OF_RANGE,
        "/months_in_a_row/months",
    ),
    ({"lifecycle": "衰退"}, Code.WRONG_TYPE, "/lifecycle"),
    ({"touch": {"journey": "j"}}, Code.MISSING_KEY, "/touch"),
    ({"touch": {"journey": "j", "state": "seen"}}, Code.UNKNOWN_CHOICE, "/touch/state"),
    ({"everyone": False}, Code.WRONG_TYPE, "/everyone"),
    ({"everyone": 1}, Code.WRONG_TYPE, "/everyone"),
    ({"sample": 0}, Code.OUT_OF_RANGE, "/sample"),
    ({"sample": 101}, Code.OUT_OF_RANGE, "/sample"),
    ({"sample": 0.125}, Code.BAD_NUMBER, "/sample"),
    ({"sample": "10"}, Code.WRONG_TYPE, "/sample"),
    ({"tag": "\ud800"}, Code.BAD_TEXT, "/tag"),
    ({"segment": None}, Code.WRONG_TYPE, "/segment"),
]


@pytest.mark.parametrize(("rule", "code", "path"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_rule_is_refused_at_its_place(rule: Any, code: Sentence, path: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(rule)

    assert (caught.value.code, caught.value.path) == (code.code, path)
    for language in ("en", "zh"):
        said = caught.value.in_language(language)
        assert said.encode()  # can be sent
        assert len(said) < 400


def test_ten_levels_are_allowed_and_eleven_are_not() -> None:
    ten = _nested(9)

    parse(ten)
    with pytest.raises(RuleError) as caught:
        parse({"not": ten})
    assert (caught.value.code, caught.value.path) == (Code.TOO_DEEP.code, "/not" * 10)


def test_two_hundred_nodes_are_allowed_and_one_more_is_not() -> None:
    parse({"any": [LEAF] * 199})

    with pytest.raises(RuleError) as caught:
        parse({"any": [LEAF] * 200})
    assert (caught.value.code, caught.value.path) == (Code.TOO_LARGE.code, "")


@pytest.mark.parametrize(
    "wrap", [lambda inner: {"not": inner}, lambda inner: {"all": [inner]}, lambda inner: [inner]]
)
def test_nesting_of_ten_thousand_levels_does_no_harm(wrap: Any) -> None:
    for place in (lambda inner: inner, lambda inner: {**LEAF, "op": "in", "value": inner}):
        deep: Any = LEAF
        for _ in range(10_000):
            deep = wrap(deep)

        with pytest.raises(RuleError):
            parse(place(deep))


KEYS = ["all", "any", "not", "field", "op", "value", "event", "count", "within_days", "within"]
KEYS += ["where", "property", "aggregate", "sequence", "touch", "sample", "lifecycle", "x"]


def test_a_misspelt_kind_is_told_with_the_one_perhaps_meant() -> None:
    with pytest.raises(RuleError) as caught:
        parse({"all": [{"evnt": "a", "within_days": 7}]})

    assert caught.value.path == "/all/0"
    assert caught.value.message.endswith("did you mean event?")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
)


@given(JSON)
def test_any_json_is_a_rule_or_an_error_with_a_pointer_into_it(value: Any) -> None:
    try:
        parse(value)
    except RuleError as error:
        _follow(value, error.path)
        json.dumps({"message": error.message, "path": error.path}).encode()


def _follow(value: Any, path: str) -> Any:
    for token in path.split("/")[1:]:
        value = value[int(token) if isinstance(value, list) else token]
    return value


def _nested(levels: int) -> Any:
    rule: Any = LEAF
    for _ in range(levels):
        rule = {"not": rule}
    return rule
