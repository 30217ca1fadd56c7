import pytest

from attribution.credit.path import Options, Path
from attribution.credit.registry import attribute


def credit(method, channels, *, ages=(), **options):
    made = attribute(
        method=method,
        paths=[Path(channels=tuple(channels), conversions=1, value=100, ages=tuple(ages))],
        options=Options(**options),
    )
    return {name: one.conversions for name, one in made.credits.items() if one.conversions}


@pytest.mark.parametrize(
    ("method", "channels", "expected"),
    [
        ("first", "abc", {"a": 1}),
        ("last", "abc", {"c": 1}),
        ("linear", "aab", {"a": 2 / 3, "b": 1 / 3}),
        ("linear_unique", "aab", {"a": 0.5, "b": 0.5}),
        ("position", "a", {"a": 1}),
        ("position", "ab", {"a": 0.5, "b": 0.5}),
        ("position", "abcd", {"a": 0.4, "b": 0.1, "c": 0.1, "d": 0.4}),
        ("participation", "aab", {"a": 1, "b": 1}),
    ],
)
def test_weights_by_the_book(method, channels, expected):
    assert credit(method, channels) == pytest.approx(expected)


def test_j_shape_favours_the_last_touch():
    weights = credit("position", "abc", first_share=0.2, last_share=0.6)

    assert weights == pytest.approx({"a": 0.2, "b": 0.2, "c": 0.6})
    assert credit("position", "ab", first_share=0.2, last_share=0.6) == pytest.approx(
        {"a": 0.25, "b": 0.75}
    )


def test_last_non_direct_skips_direct_unless_all_are():
    assert credit("last_non_direct", ["sms", "push", "Direct"]) == {"push": 1}
    assert credit("last_non_direct", ["direct", "direct"]) == {"direct": 1}


def test_a_touch_one_half_life_older_weighs_half():
    weights = credit("time_decay", "ab", ages=(10, 3), half_life_days=7)

    assert weights == pytest.approx({"a": 1 / 3, "b": 2 / 3})


def test_time_decay_of_a_very_old_path_does_not_underflow():
    assert credit("time_decay", "ab", ages=(1e6, 1e6), half_life_days=1) == {"a": 0.5, "b": 0.5}
