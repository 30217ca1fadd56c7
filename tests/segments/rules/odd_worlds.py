"""Rules and worlds of what `worlds` leaves out: odd zones, old times, ties, text of all scripts.

Leap days, repeated and skipped hours (a whole day in Apia), sun time before 1927, numbers as text,
events of one instant that are each step of a sequence and what must not lie between them.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from segments.rules.evaluate import EventFact, Facts, TouchFact
from tests.segments.rules.worlds import World

Drawn = st.SearchStrategy[dict[str, Any]]

ZONES = (
    *("Asia/Shanghai", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe"),
    *("America/St_Johns", "Europe/Dublin", "Africa/Casablanca", "UTC"),
)
NOWS = (
    datetime(2027, 2, 28, 15, 59, 59, 999_999, tzinfo=UTC),
    datetime(2027, 3, 1, 4, 0, tzinfo=UTC),
    datetime(2028, 2, 29, 1, 0, tzinfo=UTC),
    datetime(2028, 2, 28, 16, 0, tzinfo=UTC),
    datetime(2026, 12, 31, 15, 30, tzinfo=UTC),
    datetime(2027, 4, 3, 15, 0, tzinfo=UTC),  # Lord Howe goes back half an hour
    datetime(2028, 3, 26, 1, 0, tzinfo=UTC),  # Dublin skips an hour
)
LETTERS = "aAéÉßſKİiıΣσς银行αЖж٣１½_-. \u3000\u00a0\u0301😀\n\t"
TEXTS = st.text(alphabet=LETTERS, max_size=4)
PATTERNS = st.sampled_from(
    [
        *(r"\pL", r"\p{Lu}", r"\P{Han}", r"[\p{Han}\d]+", r"\p{Greek}", r"[[:alpha:]]", r"\d"),
        *(r"(?i)k", r"(?i)ß", r"(?i)ſ", r"(?i)σ", r"(?i)İ", r"(?i)ı", r"(?i)ж", r"(?i:É)a"),
        *(r"^$", r"^\s*$", r"\s", r"\S", r"\w+", r"\W", r"[^\x00-\x7F]", r"\x{94f6}", r"\Q.\E"),
        *(r"a*?$", r"\A.{1,2}\z", r"(?s)^.\n?$", r"[^\pL\pN]", r"\p{N}", r"\b\pL", r"[a-ſ]"),
        *(r"(?i)[a-k]", r"[^\n]$", r"\p{So}", r"\pM", r"[[:space:]]", r"[[:^digit:]]", r"|a"),
    ]
)
NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 2, 10**40, -(10**30), 10**17 + 1, 1e-30, 0.1, 0.2, 0.3, 1e22]),
    st.sampled_from([2**53, 2**53 + 1, 2**63, -(2**63) - 1, 0.1 + 0.2, 5e-324, 1.5, -0.0]),
)
SPELLED_NUMBERS = st.sampled_from(
    ["1", "01", "-0", "+1.50", ".5", "1.", "1e3", "0x1", "٣", "１", " 1", "1 ", "1_0", "9" * 41]
)
ODD_TIMES = st.sampled_from(
    [
        *("1900-01-01", "1901-01-01T00:00:00", "1927-12-31T23:59:00", "1969-12-31T23:59:59.5Z"),
        *("1970-01-01T00:00:00Z", "1940-06-01T00:30:00", "1986-05-04T02:30", "1991-09-15T01:30"),
        *("2011-12-30", "2011-12-30T12:00:00", "2011-12-31T00:00:00+14:00", "2028-02-29"),
        *("2027-02-28", "2027-03-01T00:00:00+05:45", "2027-02-27T23:30:00-11:00", "2026-12-31"),
        *("2027-04-04T01:45:00", "2028-03-26T01:30:00", "2027-10-31T01:30", "2027-02-28T16:00Z"),
    ]
)
BAD_TIMES = st.sampled_from(
    [
        *("2027-02-29", "2027-2-1", "2027-02-28T24:00", "2027-02-28t10:00", "1599-12-31"),
        *("2027-02-28T10:00:00+0800", "2027-02-28T10", "2027-02-28Z", "9999-12-31T23:59:59Z"),
        "٢٠٢٧-01-01",
    ]
)
DAYS = st.sampled_from([1, 2, 28, 365, 366])
PROPERTIES = ("n", "s")
EVENTS = ("a", "b")


@st.composite
def odd_worlds(draw: st.DrawFn) -> World:
    """One to four customers who share few instants."""
    now, zone = draw(st.sampled_from(NOWS)), draw(st.sampled_from(ZONES))
    back = (0, 1, 2, 28, 365, 366, 21_000, 46_000)
    edges = [now - timedelta(days=days) for days in back]
    ticks = [timedelta(microseconds=tick) for tick in (-1, 0, 1)]
    times = st.builds(lambda at, tick: at + tick, st.sampled_from(edges), st.sampled_from(ticks))
    people, number = [], 0
    for place in range(draw(st.integers(1, 4))):
        events = []
        for _ in range(draw(st.integers(0, 6))):
            number += 1
            events.append(
                EventFact(
                    id=number,
                    name=draw(st.sampled_from(EVENTS)),
                    occurred_at=draw(times),
                    properties=draw(st.dictionaries(st.sampled_from(PROPERTIES), _json())),
                )
            )
        touches = st.builds(
            TouchFact,
            journey=st.sampled_from(["j1", "j2"]),
            **{f"{state}_at": st.none() | times for state in ("accepted", "delivered", "opened")},
            clicked_at=st.none() | times,
        )
        people.append(
            Facts(
                customer_id=(place + 1) * 7,
                fields=draw(_fields(now, times)),
                events=tuple(events),
                tags=draw(st.dictionaries(st.sampled_from(["t1", "t2"]), st.none() | times)),
                segments=draw(st.frozensets(st.sampled_from(["s1", "s2"]))),
                touches=tuple(draw(st.lists(touches, max_size=2))),
            )
        )
    return World(now=now, zone=zone, facts=tuple(people))


def _json() -> st.SearchStrategy[Any]:
    return st.one_of(
        *(st.none(), st.booleans(), NUMBERS, SPELLED_NUMBERS, TEXTS, ODD_TIMES, BAD_TIMES),
        st.sampled_from([[], {}, [1], "true", "null", {"n": 1}]),
    )


def _fields(now: datetime, times: st.SearchStrategy[datetime]) -> Drawn:
    dates = st.one_of(
        st.sampled_from(
            [date(2000, 2, 29), date(2028, 2, 29), date(1999, 2, 28), date(1900, 3, 1)]
        ),
        st.sampled_from([date(1968, 2, 29), date(1969, 12, 31), date(2027, 2, 28)]),
        st.integers(-400, 400).map(lambda days: now.date() - timedelta(days=days)),
    )
    optional: dict[str, st.SearchStrategy[Any]] = {
        "birth_on": dates,
        "risk_valid_until": dates,
        "risk_level": st.sampled_from(["C1", "C2", "C5"]),
        "lifecycle": st.sampled_from(["潜在", "流失"]),
        "city": TEXTS,
        **{name: _json() for name in ("age", "note", "score", "opted", "joined_on", "seen_at")},
    }
    return st.fixed_dictionaries({"created_at": times}, optional=optional)


def odd_leaves() -> dict[str, Drawn]:
    """Single conditions, by kind."""
    return {
        "attribute": _attribute(),
        "count": _count(),
        "aggregate": _aggregate(),
        "sequence": _sequence(),
        "months": st.builds(
            lambda event, months, window: {
                "months_in_a_row": {**event, "months": months},
                **window,
            },
            *(_event(), st.integers(1, 2), _window()),
        ),
        "touch": st.builds(
            lambda journey, state, window: {
                "touch": {"journey": journey, "state": state},
                **window,
            },
            st.sampled_from(["j1", "j2"]),
            st.sampled_from(["accepted", "delivered", "opened", "clicked"]),
            _window(),
        ),
        "plain": st.sampled_from(
            [
                *({"tag": "t1"}, {"segment": "s1"}, {"lifecycle": ["潜在"]}),
                *({"sample": 0.01}, {"sample": 99.99}, {"sample": 33.33, "salt": "银 %(p1)s"}),
                *(
                    {"field": "lifecycle", "op": op, "value": value}
                    for op, value in (("neq", "潜在"), ("not_in", ["潜在"]), ("eq", "流失"))
                ),
                {"field": "lifecycle", "op": "not_exists"},
            ]
        ),
    }


def odd_rules() -> Drawn:
    """The conditions in groups and opposites of opposites."""
    return st.recursive(
        st.one_of(*odd_leaves().values()),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
            inner.map(lambda part: {"not": part}),
            inner.map(lambda part: {"not": {"not": part}}),
        ),
        max_leaves=6,
    )


def _op(names: tuple[str, ...], values: st.SearchStrategy[Any]) -> Drawn:
    return st.fixed_dictionaries({"op": st.sampled_from(names), "value": values})


_ORDER = ("eq", "neq", "gt", "gte", "lt", "lte")
_PRESENCE = st.sampled_from([{"op": "exists"}, {"op": "not_exists"}])


def _numeric() -> Drawn:
    return st.one_of(
        _op(_ORDER, NUMBERS),
        _op(("in", "not_in"), st.lists(NUMBERS, min_size=1, max_size=3)),
        _op(("between",), st.lists(NUMBERS, min_size=2, max_size=2)),
    )


def _textual() -> Drawn:
    return st.one_of(
        _op(("eq", "neq", "contains", "starts_with"), TEXTS | SPELLED_NUMBERS),
        _op(("in", "not_in"), st.lists(TEXTS, min_size=1, max_size=3)),
        _op(("regex",), PATTERNS),
    )


def _timed(order: tuple[str, ...], spelled: st.SearchStrategy[str]) -> Drawn:
    return st.one_of(
        _op((*order, "before", "after"), spelled),
        _op(("between",), st.lists(spelled, min_size=2, max_size=2)),
        _op(("within_days", "older_than_days", "anniversary"), DAYS),
        st.just({"op": "anniversary"}),
    )


def _attribute() -> Drawn:
    days = ODD_TIMES.filter(lambda text: len(text) == 10)
    kinds: dict[str, Drawn] = {
        **{name: _numeric() for name in ("age", "score", "assess_days_left")},
        **{name: _textual() for name in ("city", "note")},
        **{name: _timed(_ORDER, days) for name in ("birth_on", "risk_valid_until", "joined_on")},
        **{name: _timed(_ORDER, ODD_TIMES) for name in ("seen_at", "created_at")},
        "opted": _op(("eq", "neq"), st.booleans()),
        "risk": _op((*_ORDER,), st.sampled_from(["C1", "C2", "C4"])),
    }
    return st.sampled_from(sorted(kinds)).flatmap(
        lambda name: (kinds[name] | _PRESENCE).map(lambda op: {"field": name, **op})
    )


def _event() -> Drawn:
    asked = st.one_of(
        *(_numeric(), _textual(), _timed(("gt", "gte", "lt", "lte"), ODD_TIMES), _PRESENCE),
        _op(("eq", "neq"), st.booleans()),
    )
    where = st.builds(lambda name, op: {"property": name, **op}, st.sampled_from(PROPERTIES), asked)
    return st.builds(
        lambda name, conditions: {"event": name, **({"where": conditions} if conditions else {})},
        st.sampled_from(EVENTS),
        st.lists(where, max_size=1),
    )


def _window() -> Drawn:
    ends = st.dictionaries(st.sampled_from(["from", "to"]), ODD_TIMES, min_size=1)
    return st.one_of(
        st.just({}),
        DAYS.map(lambda days: {"within_days": days}),
        ends.map(lambda chosen: {"within": chosen}),
    )


def _count() -> Drawn:
    counts = st.sampled_from(
        [
            *(("eq", 0), ("lt", 1), ("neq", 0), ("between", [0, 0]), ("gte", 0), ("lte", 0)),
            *(("gt", 0), ("gt", 1), ("between", [0, 1]), ("between", [2, 1]), ("eq", 2.0)),
        ]
    ).map(lambda pair: {"op": pair[0], "value": pair[1]})
    return st.builds(
        lambda event, count, window: {**event, "count": count, **window},
        *(_event(), counts, _window()),
    )


def _aggregate() -> Drawn:
    compared = _op(_ORDER, NUMBERS) | _op(("between",), st.lists(NUMBERS, min_size=2, max_size=2))
    return st.builds(
        lambda event, fn, op, window: {
            **event,
            "aggregate": {"of": "n", "fn": fn, **op},
            **window,
        },
        _event(),
        st.sampled_from(["sum", "avg", "min", "max", "last"]),
        compared,
        _window(),
    )


def _sequence() -> Drawn:
    """Steps of few names, so that one event could serve several, or block itself."""
    step = st.builds(
        lambda event, gap: {**event, **gap},
        _event(),
        st.sampled_from([{}, {}, {"within_days": 1}, {"within_days": 365}]),
    )
    return st.builds(
        lambda first, rest, between, window: {
            "sequence": [first, *rest],
            **({"not_between": between} if between else {}),
            **window,
        },
        _event(),
        st.lists(step, min_size=1, max_size=3),
        st.none() | _event() | st.sampled_from(EVENTS).map(lambda name: {"event": name}),
        _window(),
    )
