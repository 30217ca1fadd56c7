"""Calendar arithmetic that SQL and Python share, against plain facts."""

from datetime import UTC, date, datetime, timedelta

import pytest

from segments.rules.moments import Clock, read_day, read_moment
from segments.rules.tree import Fixed, Rolling


def _clock(now: str, zone: str = "Asia/Shanghai") -> Clock:
    return Clock.at(now=datetime.fromisoformat(now), zone=zone)


def test_today_is_the_institutions_day() -> None:
    assert _clock("2026-03-01T15:59:59+00:00").today == date(2026, 3, 1)
    assert _clock("2026-03-01T16:00:00+00:00").today == date(2026, 3, 2)


def test_a_clock_needs_an_offset() -> None:
    with pytest.raises(ValueError, match="offset"):
        Clock.at(now=datetime(2026, 3, 1), zone="Asia/Shanghai")  # noqa: DTZ001 - the point


def test_a_rolling_window_counts_24_hours_across_a_change_of_the_clocks() -> None:
    clock = _clock("2026-03-30T00:30:00+02:00", "Europe/Berlin")

    interval = clock.interval(Rolling(days=1))

    assert interval.start == datetime(2026, 3, 28, 22, 30, tzinfo=UTC)


def test_a_fixed_window_holds_its_last_day_whole() -> None:
    clock = _clock("2026-06-01T00:00:00+08:00")

    interval = clock.interval(Fixed(start=date(2026, 5, 1), end=date(2026, 5, 3)))

    assert interval.start == datetime(2026, 4, 30, 16, tzinfo=UTC)
    assert interval.end == datetime(2026, 5, 3, 16, tzinfo=UTC)


def test_nothing_after_now_is_in_any_window() -> None:
    clock = _clock("2026-06-01T00:00:00+08:00")
    after = clock.now + timedelta(microseconds=1)

    assert clock.interval(None).end == after
    assert clock.interval(Fixed(start=None, end=date(2027, 1, 1))).end == after


def test_a_day_may_have_23_hours() -> None:
    start, end = _clock("2026-06-01T00:00:00Z", "Europe/Berlin").span(date(2026, 3, 29))

    assert end - start == timedelta(hours=23)


def test_local_times_that_occur_twice_or_never_have_one_reading() -> None:
    clock = _clock("2026-06-01T00:00:00Z", "Europe/Berlin")

    twice = clock.instant(datetime(2026, 10, 25, 2, 30))  # noqa: DTZ001 - local on purpose
    never = clock.instant(datetime(2026, 3, 29, 2, 30))  # noqa: DTZ001

    assert twice == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert never == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        ("1990-06-15", "2026-06-14T12:00:00+08:00", 35),
        ("1990-06-15", "2026-06-15T00:00:00+08:00", 36),
        ("2004-02-29", "2026-02-28T12:00:00+08:00", 21),
        ("2004-02-29", "2026-03-01T12:00:00+08:00", 22),
        ("2004-02-29", "2028-02-29T12:00:00+08:00", 24),
    ],
)
def test_age_is_whole_years(born: str, on: str, years: int) -> None:
    assert _clock(on).age(date.fromisoformat(born)) == years


def test_anniversaries_run_over_the_new_year() -> None:
    clock = _clock("2026-12-31T12:00:00+08:00")

    assert clock.anniversaries(1) == ((2026, ("12-31",)), (2027, ("01-01",)))


def test_the_29th_of_february_is_kept_on_the_28th_in_common_years_only() -> None:
    assert _clock("2026-02-28T12:00:00+08:00").anniversaries(0) == ((2026, ("02-28", "02-29")),)
    assert _clock("2028-02-28T12:00:00+08:00").anniversaries(0) == ((2028, ("02-28",)),)


def test_every_existing_day_is_read_and_no_other() -> None:
    day = date(1896, 1, 1)
    while day < date(2104, 1, 1):
        assert read_day(day.isoformat()) == day
        day += timedelta(days=1)
    for wrong in ("1900-02-29", "2026-02-29", "2026-04-31", "2026-00-10", "0000-01-01", "2026-1-1"):
        assert read_day(wrong) is None
    assert read_day("2000-02-29\n") is None


@pytest.mark.parametrize(
    "text", ["2026-03-01T24:00", "2026-03-01T10:00:60Z", "2026-03-01T10", "20260301", "10:00", ""]
)
def test_text_that_is_no_moment_is_none(text: str) -> None:
    assert read_moment(text) is None
