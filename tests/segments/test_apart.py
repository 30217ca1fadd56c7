"""A command in a process of its own: how it ended is told, and nothing waits for what runs on."""

import pytest

from segments.actions import apart
from segments.actions.apart import run_apart


def test_a_command_that_ends_well_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    run_apart("score_value", "--help")

    assert not caplog.records


def test_a_command_that_fails_is_told_with_its_code(caplog: pytest.LogCaptureFixture) -> None:
    run_apart("no_such_command")

    assert "no_such_command ended with 2" in caplog.text


def test_what_takes_longer_goes_on_by_itself(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(apart, "WAIT_SECONDS", 0.01)

    run_apart("score_value", "--help")

    assert "score_value goes on by itself" in caplog.text
