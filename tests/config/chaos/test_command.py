"""`manage.py chaos`: bad input is one sentence; a violation is named and exits with 1."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.chaos.plan import Plan
from config.chaos.reconcile import Ledger, Row, reconcile
from config.chaos.run import Result
from config.management.commands.chaos import Command

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--touches", "0"],
        ["--touches", "many"],
        ["--touches", "99999999999"],
        ["--workers", "1000"],
        ["--kills", "-1"],
        ["--faults", "nonsense=1"],
        ["--provider", "magic"],
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(wrong: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "chaos", "--json", *wrong],
        cwd=ROOT,
        env={**os.environ, "TOUCHSTONE_SPACE": "nowhere"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "bad_input"


def test_a_violation_is_told_with_its_seed_and_key(capsys: pytest.CaptureFixture[str]) -> None:
    place = ("C1", "email")
    findings = reconcile(
        expected=[place],
        forbidden=[],
        rows=[Row(key="abc", place=place, state="accepted")],
        ledger=Ledger(accepts={"abc": 2}, contents={}),
    )
    result = Result(
        findings=findings,
        kills=1,
        faults=0,
        attempts=2,
        seconds=1.0,
        recovery=0.5,
        open_touches=0,
        storms={},
    )

    Command()._tell(Plan(touches=1, kills=1, seed=77), result, as_json=True)

    told = capsys.readouterr()
    assert json.loads(told.out)["doubles"] == 1
    assert "seed 77" in told.err
    assert "abc accepted 2 times" in told.err


def test_touches_left_open_are_a_violation() -> None:
    findings = reconcile(expected=[], forbidden=[], rows=[], ledger=Ledger(accepts={}, contents={}))
    result = Result(
        findings=findings,
        kills=0,
        faults=0,
        attempts=0,
        seconds=1.0,
        recovery=75.0,
        open_touches=3,
        storms={},
    )

    assert result.violations == ["3 touches open 75 s after the last fault"]
