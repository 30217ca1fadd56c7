"""Steps of a flow beside their own past."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from customers.tracking.coverage import HOUR, StepCoverage, judge_flow

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 20, 8, tzinfo=UTC)  # a Friday, four in the afternoon there


def hours(
    count: Callable[[datetime], int], *, days: int = 29, silent: int = 0
) -> dict[datetime, int]:
    """Arrivals of the past days; none in the last `silent` hours."""
    return {
        hour: count(hour)
        for back in range(silent + 1, days * 24 + 1)
        if count(hour := NOW - HOUR * back)
    }


def steady(per_hour: int) -> Callable[[datetime], int]:
    return lambda _hour: per_hour


def at_open(hour: datetime) -> int:
    """Thirty an hour while the market is open, on weekdays."""
    there = hour.astimezone(ZONE)
    return 30 if there.weekday() < 5 and 9 <= there.hour < 15 else 0


def judge(*steps: dict[datetime, int], now: datetime = NOW) -> list[StepCoverage]:
    names = [f"step {number}" for number in range(len(steps))]
    return judge_flow(
        names,
        dict(zip(names, steps, strict=True)),
        now=now,
        zone=ZONE,
        day_kind=lambda moment: moment.weekday() < 5,
    )


def test_step_that_arrives_as_ever_is_not_silent() -> None:
    [step] = judge(hours(steady(5)))

    assert (step.arrived, step.expected, step.silence) == (120, 120.0, None)


def test_busy_step_is_missed_after_an_hour() -> None:
    [step] = judge(hours(steady(20), silent=1))

    assert step.silence is not None
    assert (step.silence.hours, step.silence.since) == (1, NOW - HOUR)


def test_slow_step_is_missed_within_a_day() -> None:
    """Three a day: one every eight hours."""
    sparse = hours(lambda hour: int(hour.hour % 8 == 0), silent=24)

    [step] = judge(sparse)

    assert step.silence is not None
    assert step.silence.hours == 24


def test_trickle_is_as_good_as_silence() -> None:
    dying = hours(steady(20), silent=4) | {NOW - HOUR: 1}

    [step] = judge(dying)

    assert step.silence is not None
    assert step.silence.arrived <= 0.1 * step.silence.expected


def test_night_and_weekend_are_no_silence() -> None:
    monday = datetime(2026, 3, 23, 0, tzinfo=UTC)  # eight in the morning there
    past = {hour: at_open(hour) for n in range(1, 29 * 24) if at_open(hour := monday - HOUR * n)}

    [step] = judge(past, now=monday)

    assert step.silence is None


def test_market_open_without_events_is_silence() -> None:
    [step] = judge(hours(at_open, silent=24))

    assert step.silence is not None


def test_only_the_first_step_is_told_when_nobody_enters_the_flow() -> None:
    first, second = judge(hours(steady(20), silent=3), hours(steady(10), silent=3))

    assert first.silence is not None
    assert second.silence is None


def test_later_step_is_told_when_the_one_before_it_goes_on() -> None:
    first, second = judge(hours(steady(20)), hours(steady(10), silent=3))

    assert first.silence is None
    assert second.silence is not None


def test_rhythm_is_learnt_before_anything_is_judged() -> None:
    [step] = judge(hours(steady(20), days=3, silent=2))

    assert (step.expected, step.silence) == (None, None)


def test_step_that_never_came_is_not_judged() -> None:
    [step] = judge({})

    assert (step.arrived, step.expected, step.silence) == (0, None, None)


def test_outage_in_the_past_does_not_hide_the_next() -> None:
    day = NOW - timedelta(days=7)
    holed = {
        hour: count
        for hour, count in hours(steady(20), silent=2).items()
        if not day - 6 * HOUR <= hour <= day
    }

    [step] = judge(holed)

    assert step.silence is not None
