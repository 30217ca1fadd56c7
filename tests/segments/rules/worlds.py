"""Random rules and random little worlds, and putting a world into the real tables.

The values are few and lie on edges on purpose: windows end on an event, events share an instant,
imported JSON has the wrong type.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from segments.rules.catalog import Catalog, Field, FieldType
from segments.rules.check import References
from segments.rules.evaluate import EventFact, Facts, TouchFact

EXTRA = tuple(
    Field(name=name, type=kind, label_en=name, label_zh="")
    for name, kind in (
        ("note", FieldType.TEXT),
        ("score", FieldType.NUMBER),
        ("opted", FieldType.BOOLEAN),
        ("joined_on", FieldType.DATE),
        ("seen_at", FieldType.DATETIME),
    )
)
CATALOG = Catalog.build(EXTRA)
EVENTS = ("a", "b", "c")
KNOWN = References(
    segments={"s1": frozenset(), "s2": frozenset()},
    tags=frozenset({"t1", "t2"}),
    journeys=frozenset({"j1", "j2"}),
    events=frozenset(EVENTS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Some customers with all that is known of them, at a moment, in a zone."""

    now: datetime
    zone: str
    facts: tuple[Facts, ...]


_MOMENTS = st.sampled_from(
    [
        datetime(2026, 3, 1, 4, 0, 0, 17, tzinfo=UTC),
        datetime(2026, 2, 28, 23, 30, tzinfo=UTC),
        datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
        datetime(2025, 12, 31, 16, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),  # Berlin skips an hour
        datetime(2026, 10, 25, 1, 0, tzinfo=UTC),  # Berlin repeats one
    ]
)
_ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York"])
_TEXTS = st.text(alphabet="ab%_\\. 银é\n'", max_size=4)
_NUMBERS = st.one_of(
    st.integers(-3, 5),
    st.sampled_from([0.1, 0.3, -0.0, 1e308, 1e22, 10**30, 2.5]),
    st.floats(-10, 10, allow_nan=False),
)
_DAYS = st.sampled_from([0, 1, 7, 30, 31, 365])
_LENGTHS = st.sampled_from([1, 2, 7, 30, 90])


def worlds() -> st.SearchStrategy[World]:
    """Worlds of one to four customers."""
    return st.tuples(_MOMENTS, _ZONES).flatmap(
        lambda at: st.lists(_facts(at[0], at[1]), min_size=1, max_size=4).map(
            lambda people: World(now=at[0], zone=at[1], facts=_numbered(people))
        )
    )


def _numbered(people: list[Facts]) -> tuple[Facts, ...]:
    numbered = []
    event_id = 0
    for index, facts in enumerate(people, start=1):
        events = []
        for event in facts.events:
            event_id += 1
            events.append(replace(event, id=event_id))
        numbered.append(replace(facts, customer_id=index * 7, events=tuple(events)))
    return tuple(numbered)


def _times(now: datetime) -> st.SearchStrategy[datetime]:
    """Instants on the edges of windows, months and the present, mostly."""
    tick = timedelta(microseconds=1)
    edges = [now, now + tick, now - tick, now + timedelta(days=3)]
    for days in (1, 2, 7, 30, 90):
        edge = now - timedelta(days=days)
        edges += [edge, edge - tick, edge + tick]
    months = [
        datetime(now.year - back // 12, 12 - back % 12, 1, tzinfo=UTC) - timedelta(hours=hours)
        for back in range(15)
        for hours in (0, 8, 9)
    ]
    return st.one_of(
        st.sampled_from(edges[:3]),
        st.sampled_from(edges),
        st.sampled_from(months),
        st.integers(0, 40 * 24).map(lambda hours: now - timedelta(hours=hours)),
    )


def _dates(now: datetime) -> st.SearchStrategy[date]:
    return st.one_of(
        st.sampled_from([date(2000, 2, 29), date(1990, 3, 1), date(1985, 2, 28)]),
        st.integers(-400, 40 * 366).map(lambda days: now.date() - timedelta(days=days)),
        _DAYS.map(lambda days: now.date() - timedelta(days=days)),
    )


def _spelled(now: datetime, zone: str) -> st.SearchStrategy[str]:
    """Dates and times as files and clients write them, some of them wrong."""
    local = _times(now).map(lambda at: at.astimezone(ZoneInfo(zone)))
    return st.one_of(
        _dates(now).map(date.isoformat),
        local.map(datetime.isoformat),
        local.map(lambda at: at.replace(tzinfo=None).isoformat(" ")),
        _times(now).map(lambda at: f"{at:%Y-%m-%dT%H:%MZ}"),
        st.sampled_from(["2026-02-30", "2026-13-01", "0000-01-01", "9999-12-31", "1900-02-29"]),
        st.sampled_from(["2026-03-29T02:30:00", "2026-10-25T02:30:00", "2026-03-01T24:00:00"]),
    )


def _json(now: datetime, zone: str) -> st.SearchStrategy[Any]:
    spelled_numbers = st.sampled_from(["12", "-0.5", "1e5", "+3", " 3", "2.50", "5\n", ""])
    return st.one_of(
        st.none(),
        st.booleans(),
        _NUMBERS,
        _TEXTS,
        spelled_numbers,
        _spelled(now, zone),
        st.just([]),
    )


def _facts(now: datetime, zone: str) -> st.SearchStrategy[Facts]:
    return st.builds(
        Facts,
        customer_id=st.just(0),
        fields=_fields(now, zone),
        events=st.lists(_event(now, zone), max_size=8).map(tuple),
        tags=st.dictionaries(st.sampled_from(["t1", "t2"]), st.none() | _times(now)),
        segments=st.frozensets(st.sampled_from(["s1", "s2"])),
        touches=st.lists(_touch(now), max_size=2).map(tuple),
    )


def _fields(now: datetime, zone: str) -> st.SearchStrategy[dict[str, Any]]:
    known: dict[str, st.SearchStrategy[Any]] = {
        "name": st.binary(min_size=1, max_size=2),
        "gender": st.sampled_from(["f", "m"]),
        "birth_on": _dates(now),
        "city": _TEXTS,
        "risk_level": st.sampled_from(["C1", "C2", "C3", "C4", "C5"]),
        "risk_valid_until": _dates(now),
        "lowest_class": st.booleans(),
        "lifecycle": st.sampled_from(["潜在", "成熟", "衰退", "流失"]),
        "total_asset": st.decimals(-5, 5, places=4) | st.decimals(10**14, 10**15, places=4),
        "age": _json(now, zone),
        "note": _json(now, zone),
        "score": _json(now, zone),
        "opted": _json(now, zone),
        "joined_on": _json(now, zone),
        "seen_at": _json(now, zone),
    }
    return st.tuples(
        st.fixed_dictionaries({"created_at": _times(now)}, optional=known), st.none()
    ).map(lambda pair: pair[0])


def _event(now: datetime, zone: str) -> st.SearchStrategy[EventFact]:
    properties = st.dictionaries(
        st.sampled_from(["amount", "code"]), _NUMBERS | _json(now, zone), max_size=2
    )
    return st.builds(
        EventFact,
        id=st.just(0),
        name=st.sampled_from(EVENTS),
        occurred_at=_times(now),
        properties=properties,
    )


def _touch(now: datetime) -> st.SearchStrategy[TouchFact]:
    at = st.none() | _times(now)
    return st.builds(
        TouchFact,
        journey=st.sampled_from(["j1", "j2"]),
        accepted_at=at,
        delivered_at=at,
        opened_at=at,
        clicked_at=at,
    )


def rules() -> st.SearchStrategy[dict[str, Any]]:
    """Rules of every kind; a few are refused by `parse` or `check`, mostly reversed ranges."""
    return st.recursive(
        st.one_of(*leaves().values()),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda children: {"all": children}),
            st.lists(inner, min_size=1, max_size=3).map(lambda children: {"any": children}),
            inner.map(lambda child: {"not": child}),
        ),
        max_leaves=5,
    )


def leaves() -> dict[str, st.SearchStrategy[dict[str, Any]]]:
    """Single conditions, by kind."""
    return {
        "attribute": _attribute(),
        "count": _event_count(),
        "aggregate": _event_aggregate(),
        "sequence": _sequence(),
        "months": _months(),
        "touch": _touch_rule(),
        "conjunction": _conjunction(),
        "plain": st.sampled_from(
            [
                {"tag": "t1"},
                {"tag": "t2"},
                {"segment": "s1"},
                {"everyone": True},
                {"lifecycle": ["衰退", "成熟"]},
                {"sample": 50},
                {"sample": 0.5, "salt": "x"},
            ]
        ),
    }


_SPELLED_MOMENTS = st.sampled_from(
    ["2026-03-01", "2026-02-28T23:30:00Z", "2026-02-01T00:00:00", "2026-10-25T02:30:00"]
)
_SPELLED_DAYS = st.sampled_from(["2026-03-01", "1990-03-01", "2000-02-29", "2026-02-01"])
_PATTERNS = st.sampled_from(
    [
        *("^a", "b+$", "a|b", "[^a]", ".", "\\w%", "(?:a|银){1,2}", "\\s$", "_"),
        *("(?i)É|B", "\\ba", "b\\B", "\\p{Han}", "(?s)a.", "[[:punct:]]\\z"),
    ]
)
_ORDER = ("gt", "gte", "lt", "lte")
_TIMELIKE = ("before", "after")


def _operation(kind: FieldType) -> st.SearchStrategy[dict[str, Any]]:
    presence = st.sampled_from([{"op": "exists"}, {"op": "not_exists"}])
    match kind:
        case FieldType.TEXT:
            return st.one_of(
                _op(("eq", "neq"), _TEXTS),
                _op(("in", "not_in"), st.lists(_TEXTS, min_size=1, max_size=3)),
                _op(("contains", "starts_with"), _TEXTS),
                _op(("regex",), _PATTERNS),
                presence,
            )
        case FieldType.NUMBER:
            return st.one_of(
                _op(("eq", "neq", *_ORDER), _NUMBERS),
                _op(("in", "not_in"), st.lists(_NUMBERS, min_size=1, max_size=3)),
                _op(("between",), st.lists(_NUMBERS, min_size=2, max_size=2).map(sorted)),
                presence,
            )
        case FieldType.BOOLEAN:
            return _op(("eq", "neq"), st.booleans()) | presence
        case FieldType.LEVEL:
            level = st.sampled_from(["C1", "C3", "C5"])
            return st.one_of(
                _op(("eq", "neq", *_ORDER), level),
                _op(("in", "not_in"), st.lists(level, min_size=1, max_size=2)),
                _op(("between",), st.lists(level, min_size=2, max_size=2).map(sorted)),
                presence,
            )
        case FieldType.DATE:
            return _timed(_SPELLED_DAYS) | presence
        case FieldType.DATETIME:
            return _timed(_SPELLED_MOMENTS) | presence
        case _:
            return presence


def _op(names: Iterable[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"op": st.sampled_from(list(names)), "value": values})


def _timed(spelled: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        _op(("eq", "neq", *_ORDER, *_TIMELIKE), spelled),
        _op(("between",), st.lists(spelled, min_size=2, max_size=2).map(sorted)),
        _op(("within_days",), _LENGTHS),
        _op(("older_than_days",), _DAYS),
        _op(("anniversary",), _DAYS),
    )


def _attribute() -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(
        [
            "name",
            "age",
            "city",
            "risk",
            "lowest_class",
            "aum",
            "birth_on",
            "risk_valid_until",
            "assess_days_left",
            "created_at",
            "note",
            "score",
            "opted",
            "joined_on",
            "seen_at",
        ]
    )
    return names.flatmap(
        lambda name: _operation(CATALOG.find(name).type).map(lambda op: {"field": name, **op})
    )


def _where() -> st.SearchStrategy[dict[str, Any]]:
    kinds = (FieldType.TEXT, FieldType.NUMBER, FieldType.BOOLEAN, FieldType.DATETIME)
    conditions = st.sampled_from(kinds).flatmap(
        lambda kind: st.builds(
            lambda name, op: {"property": name, **op},
            st.sampled_from(["amount", "code"]),
            _operation(kind),
        )
    )
    return st.one_of(
        st.just({}), st.lists(conditions, max_size=2).map(lambda listed: {"where": listed})
    )


def _event_filter() -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda name, where: {"event": name, **where}, st.sampled_from(EVENTS), _where()
    )


def _window() -> st.SearchStrategy[dict[str, Any]]:
    fixed = st.sampled_from(
        [
            {"from": "2026-02-01", "to": "2026-03-01"},
            {"from": "2026-02-28T23:30:00Z"},
            {"to": "2026-02-28"},
            {"from": "2026-01-30T04:00:00", "to": "2026-02-28T23:30:00Z"},
        ]
    )
    return st.one_of(
        st.just({}),
        _LENGTHS.map(lambda days: {"within_days": days}),
        fixed.map(lambda ends: {"within": ends}),
    )


def _merged(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda chosen: {k: v for part in chosen for k, v in part.items()})


def _event_count() -> st.SearchStrategy[dict[str, Any]]:
    count = st.one_of(
        st.just({}),
        _op(("eq", "neq", *_ORDER), st.integers(0, 3)).map(lambda op: {"count": op}),
        st.sampled_from([[0, 2], [1, 2]]).map(lambda v: {"count": {"op": "between", "value": v}}),
    )
    return _merged(_event_filter(), count, _window())


def _conjunction() -> st.SearchStrategy[dict[str, Any]]:
    """Counts side by side: the compiler treats what every customer must meet in its own way."""
    part = st.one_of(_event_count(), _merged(_event_filter(), _window()))
    signed = st.one_of(part, part.map(lambda inner: {"not": inner}))
    return st.lists(signed, min_size=1, max_size=3).map(lambda parts: {"all": parts})


def _event_aggregate() -> st.SearchStrategy[dict[str, Any]]:
    compared = st.one_of(
        _op(("eq", "neq", *_ORDER), _NUMBERS),
        _op(("between",), st.lists(_NUMBERS, min_size=2, max_size=2).map(sorted)),
    )
    aggregate = st.builds(
        lambda fn, op: {"aggregate": {"of": "amount", "fn": fn, **op}},
        st.sampled_from(["sum", "avg", "min", "max", "last"]),
        compared,
    )
    return _merged(_event_filter(), aggregate, _window())


def _sequence() -> st.SearchStrategy[dict[str, Any]]:
    gap = st.one_of(st.just({}), _LENGTHS.map(lambda days: {"within_days": days}))
    later = st.lists(_merged(_event_filter(), gap), min_size=1, max_size=3)
    steps = st.builds(lambda first, rest: {"sequence": [first, *rest]}, _event_filter(), later)
    between = st.one_of(st.just({}), _event_filter().map(lambda event: {"not_between": event}))
    return _merged(steps, between, _window())


def _months() -> st.SearchStrategy[dict[str, Any]]:
    inner = st.builds(
        lambda event, months: {"months_in_a_row": {**event, "months": months}},
        _event_filter(),
        st.integers(1, 3),
    )
    return _merged(inner, _window())


def _touch_rule() -> st.SearchStrategy[dict[str, Any]]:
    touch = st.builds(
        lambda journey, state: {"touch": {"journey": journey, "state": state}},
        st.sampled_from(["j1", "j2"]),
        st.sampled_from(["accepted", "delivered", "opened", "clicked"]),
    )
    return _merged(touch, _window())


_COLUMNS = (
    "gender",
    "birth_on",
    "city",
    "risk_level",
    "risk_valid_until",
    "lowest_class",
    "lifecycle",
    "total_asset",
    "created_at",
)
_IMPORTED = ("age", "note", "score", "opted", "joined_on", "seen_at")


def store(world: World, cursor: Any) -> None:
    """Write the world into the product's tables, in the caller's transaction.

    Foreign keys are checked at commit, which the caller never reaches.
    """
    for key, number in (("s1", 1), ("s2", 2)):
        cursor.execute(
            "INSERT INTO segments_segment"
            " (id, key, name, description, rule, created_at, updated_at, is_live, held_why)"
            " VALUES (%s, %s, %s, '', '{}', now(), now(), false, '{}')",
            [number, key, key],
        )
    for key, number in (("j1", 1), ("j2", 2)):
        cursor.execute(
            "INSERT INTO campaigns_journey"
            " (id, key, name, description, state, created_at, updated_at)"
            " VALUES (%s, %s, %s, '', 'draft', now(), now())",
            [number, key, key],
        )
    for facts in world.facts:
        _store_customer(facts, cursor)
        _store_events(facts, cursor)
        _store_belongings(facts, cursor)


def _store_customer(facts: Facts, cursor: Any) -> None:
    columns = [name for name in _COLUMNS if name in facts.fields]
    imported = {name: facts.fields[name] for name in _IMPORTED if name in facts.fields}
    values = [facts.fields[name] for name in columns]
    cursor.execute(
        "INSERT INTO customers_customer (id, customer_no, status, name_cipher, personalise_off,"
        " aml_hold, internal_hold, attributes,"
        f" updated_at{''.join(f', {name}' for name in columns)})"
        f" VALUES (%s, %s, 'active', %s, false, false, false, %s, now(){', %s' * len(columns)})",
        [
            facts.customer_id,
            str(facts.customer_id),
            facts.fields.get("name"),
            json.dumps(imported),
            *values,
        ],
    )


def _store_events(facts: Facts, cursor: Any) -> None:
    for event in facts.events:
        cursor.execute(
            "INSERT INTO customers_event (id, source_id, message_id, kind, name, customer_id,"
            " occurred_at, received_at, properties)"
            " VALUES (%s, 1, %s, 'track', %s, %s, %s, now(), %s)",
            [
                event.id,
                str(event.id),
                event.name,
                facts.customer_id,
                event.occurred_at,
                json.dumps(event.properties),
            ],
        )


def _store_belongings(facts: Facts, cursor: Any) -> None:
    for tag, until in facts.tags.items():
        cursor.execute(
            "INSERT INTO customers_tagging (customer_id, tag, source, since, valid_until)"
            " VALUES (%s, %s, 'test', now(), %s)",
            [facts.customer_id, tag, until],
        )
    for segment in facts.segments:
        cursor.execute(
            "INSERT INTO segments_membership (segment_id, customer_id, entered_at)"
            " VALUES (%s, %s, now())",
            [int(segment[1:]), facts.customer_id],
        )
    for touch in facts.touches:
        cursor.execute(
            "INSERT INTO campaigns_touch (key, enrolment_id, journey_id, node, visit, customer_id,"
            " channel, purpose, account_id, batch_id, template_version_id, state, reason, verdict,"
            " content_hash, fence, attempts, may_be_sent, product, due_at, provider_id, segments,"
            " cost, currency, queued_at, accepted_at, delivered_at, opened_at, clicked_at)"
            " VALUES (gen_random_uuid(), nextval('campaigns_touch_id_seq'), %s, 'n', 1, %s, 'sms',"
            " 'marketing', 1, 1, 1, 'accepted', '', '{}', '', 0, 0, false, '', now(), '', 1, 0,"
            " 'CNY', now(),"
            " %s, %s, %s, %s)",
            [
                int(touch.journey[1:]),
                facts.customer_id,
                touch.accepted_at,
                touch.delivered_at,
                touch.opened_at,
                touch.clicked_at,
            ],
        )
