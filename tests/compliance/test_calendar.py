"""Zones that are none, hours that a clock change skips, windows, days on which markets close."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.calendar import (
    Calendar,
    first_instant,
    is_within,
    next_opening,
    period_start,
    read_calendar,
    zone,
)
from compliance.rulebook.shipped import shipped_rules

CASES = {
    case["id"]: case
    for line in Path(__file__)
    .with_name("cases")
    .joinpath("time_edges.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
    for case in [json.loads(line)]
}
HOME = "Asia/Shanghai"
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
# Waits and schedules (TM-041 to TM-051) are judged in campaigns/journeys/test_time_edges.py, a
# provider that is down (TM-037) and a customer who travels (TM-039) in campaigns/actions, clocks
# that are wrong (TM-055, TM-057) in campaigns/test_clocks.py, a death at a tick (TM-059) in
# chaos/test_beats.py. A wait is of seconds, so a day across a change of clocks (TM-043) has 24 h.
ELSEWHERE = {
    *("TM-037", "TM-039", "TM-041", "TM-043", "TM-045", "TM-047", "TM-049", "TM-051"),
    *("TM-055", "TM-057", "TM-059"),
}
ZONES = st.sampled_from(
    ["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Europe/Berlin"]
)


def judge(case: dict[str, Any]) -> None:
    told, expected = case["input"], case["expect"]
    match told:
        case {"calendar": _, "date": day}:
            assert shipped().is_open(date.fromisoformat(day)) is None
        case {"date_only": day}:
            born = date.fromisoformat(day)
            noon = first_instant(born, time(12), ZoneInfo(told["tz"]))
            assert noon.astimezone(ZoneInfo(told["tz"])).date() == born
        case {"quiet": [start, end], "now_local": local}:
            judge_window(start, end, datetime.fromisoformat(local), ZoneInfo(told["tz"]), case)
        case {"tz": name, "local": local} if expected["class"] == "once":
            wall = datetime.fromisoformat(local)
            instant = first_instant(wall.date(), wall.time(), ZoneInfo(name))
            assert instant == datetime.fromisoformat(expected["utc"])
        case {"tz": name}:
            assert zone(name, HOME) in (ZoneInfo(HOME), ZoneInfo("Asia/Shanghai"))
        case _:
            raise AssertionError(f"nobody judges {case['id']}")


def judge_window(
    start: str, end: str, local: datetime, where: ZoneInfo, case: dict[str, Any]
) -> None:
    """The case names the quiet hours; the rules name the others."""
    now = local.replace(tzinfo=where).astimezone(UTC)
    hours = ((minutes(end), minutes(start)),) if start != end else ()
    opening = next_opening(now=now, where=where, hours=hours)
    if "next 08:00" in case["why"]:
        assert opening is not None
        assert opening.astimezone(where).time() == time(8)
    elif case["why"] == "send":
        assert opening == now
    else:
        assert opening is None  # no hours at all: never open


def minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def shipped() -> Calendar:
    return read_calendar(shipped_rules("calendar"))


@pytest.mark.parametrize("case_id", sorted(CASES.keys() - ELSEWHERE))
def test_an_edge_of_time(case_id: str) -> None:
    judge(CASES[case_id])


@pytest.mark.parametrize(
    "name",
    [
        *("Asia/Beijing", "UTC+8", "+08:00", "", None, "../../etc/passwd", "Mars/Phobos", "\0"),
        *("localtime", "right/Asia/Tokyo", "posix/Asia/Tokyo", "Asia", "asia/tokyo", "x" * 5000),
    ],
)
def test_what_is_no_zone_is_the_institutions(name: str | None) -> None:
    assert zone(name, HOME) == ZoneInfo(HOME)


def test_two_windows_a_day() -> None:
    hours = ((540, 720), (840, 1230))
    where = ZoneInfo(HOME)

    def opening(text: str) -> str:
        local = datetime.fromisoformat(f"2026-03-02T{text}").replace(tzinfo=where)
        found = next_opening(now=local, where=where, hours=hours)
        assert found is not None
        return found.astimezone(where).strftime("%d %H:%M")

    assert opening("08:59:59") == "02 09:00"
    assert opening("09:00") == "02 09:00"
    assert opening("11:59:59") == "02 11:59"
    assert opening("12:00") == "02 14:00"
    assert opening("20:30") == "03 09:00"


def test_a_window_that_a_clock_change_swallows_is_none_that_day() -> None:
    """02:00 to 03:00 does not exist in New York on 8 March 2026."""
    where = ZoneInfo("America/New_York")
    midnight = datetime(2026, 3, 8, tzinfo=where).astimezone(UTC)

    found = next_opening(now=midnight, where=where, hours=((120, 180),))

    assert found == datetime(2026, 3, 9, 6, tzinfo=UTC)


def test_trading_days_skip_weekends_and_holidays_and_end_with_the_calendar() -> None:
    where, hours = ZoneInfo(HOME), ((540, 1230),)
    golden_week = datetime(2026, 9, 30, 14, tzinfo=UTC)  # 22:00 on the eve

    found = next_opening(now=golden_week, where=where, hours=hours, calendar=shipped())
    assert found == datetime(2026, 10, 8, 1, tzinfo=UTC)

    last_evening = datetime(2026, 12, 31, 14, tzinfo=UTC)
    assert next_opening(now=last_evening, where=where, hours=hours, calendar=shipped()) is None


def test_the_shipped_years_have_as_many_trading_days_as_the_exchange() -> None:
    for year, expected in ((2025, 243), (2026, 242)):
        days = (date(year, 1, 1) + timedelta(days=n) for n in range(365))
        assert sum(bool(shipped().is_open(day)) for day in days) == expected


def test_periods_begin_on_the_day_on_monday_on_the_first() -> None:
    day = date(2026, 3, 1)  # a Sunday

    assert [period_start(p, day) for p in ("day", "week", "month")] == [
        date(2026, 3, 1),
        date(2026, 2, 23),
        date(2026, 3, 1),
    ]


@given(
    now=st.integers(0, 363 * 86_400).map(lambda s: NEW_YEAR + timedelta(seconds=s)),
    name=ZONES,
    start=st.integers(0, 1380),
    length=st.integers(60, 600),
)
def test_an_opening_is_open_and_nothing_before_it_is(
    now: datetime, name: str, start: int, length: int
) -> None:
    where, hours = ZoneInfo(name), ((start, min(start + length, 1440)),)

    found = next_opening(now=now, where=where, hours=hours)

    assert found is not None
    assert found >= now
    # What a change skips opens at the end of the gap, which may lie outside by the wall clock.
    step = timedelta(minutes=15)
    probe = now
    while probe < found:
        assert not is_within(probe.astimezone(where), hours) or found - probe < timedelta(hours=2)
        probe += step
    assert found - now <= timedelta(days=2)


@pytest.mark.parametrize(
    ("name", "hours", "now", "opening"),
    [
        # Samoa had no 30 December 2011: of its Thursday evening the next morning is Saturday's.
        ("Pacific/Apia", ("09:00", "20:30"), "2011-12-30T07:00Z", "2011-12-30T19:00Z"),
        ("Pacific/Kiritimati", ("09:00", "20:30"), "2026-03-01T06:31Z", "2026-03-01T19:00Z"),
        ("Asia/Kathmandu", ("09:00", "20:30"), "2026-03-01T03:14:59Z", "2026-03-01T03:15Z"),
        # Hours that do not exist that night: the next day's.
        ("America/New_York", ("02:00", "03:00"), "2026-03-08T06:59:59Z", "2026-03-09T06:00Z"),
        ("Africa/Cairo", ("00:00", "01:00"), "2026-04-23T21:59:59Z", "2026-04-24T21:00Z"),
        ("Antarctica/Troll", ("01:00", "03:00"), "2026-03-29T00:30Z", "2026-03-29T23:00Z"),
        # An hour that comes twice is within the hours both times.
        ("America/New_York", ("01:00", "02:00"), "2026-11-01T05:30Z", "2026-11-01T05:30Z"),
        ("America/New_York", ("01:00", "02:00"), "2026-11-01T06:59:59Z", "2026-11-01T06:59:59Z"),
        ("Asia/Shanghai", ("09:00", "20:30"), "2026-03-01T12:30Z", "2026-03-02T01:00Z"),
    ],
)
def test_the_next_opening_at_the_edges_of_zones(
    name: str, hours: tuple[str, str], now: str, opening: str
) -> None:
    start, end = ((int(told[:2]) * 60 + int(told[3:])) for told in hours)

    found = next_opening(
        now=datetime.fromisoformat(now), where=ZoneInfo(name), hours=[(start, end)]
    )

    assert found == datetime.fromisoformat(opening)
