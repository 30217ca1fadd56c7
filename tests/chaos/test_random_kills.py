"""Every touch once, whichever processes die and however the provider fails (G1, G2, G3, G26).

The three runs wait for leases most of the time, so they run side by side.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.sizes import HUNG_AFTER, TIMES
from tests.conftest import own_space

CHECKOUT = Path(__file__).resolve().parents[2]
# What the provider can tell of a message whose answer was lost: touches, kills, faults.
RUNS = {
    "asked": (3_000, 400, "default"),
    "deduping": (300, 40, "default"),
    # A message that arrived is known by its receipt: only one that did not stays in doubt.
    "blind": (300, 40, "error=0.03,late=0.02,reset_before=0.1"),
}

ENVIRONMENT = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}

Outcome = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def outcome() -> Iterator[Outcome]:
    """Ask for a run's document by the provider's kind; a violation fails with seed and ids."""
    with own_space() as space:
        spaces = {kind: space + letter for kind, letter in zip(RUNS, "abc", strict=True)}
        started = {kind: start_chaos(spaces[kind], kind, *size) for kind, size in RUNS.items()}

        @cache
        def document(kind: str) -> dict[str, Any]:
            out, err = started[kind].communicate(timeout=HUNG_AFTER)
            assert started[kind].returncode == 0, out + err[-4000:]
            found: dict[str, Any] = json.loads(out)
            return {**found, "space": spaces[kind]}

        yield document
        for process in started.values():
            process.terminate()
            process.wait(30)


def start_chaos(
    space: str, kind: str, touches: int, kills: int, faults: str
) -> subprocess.Popen[str]:
    """The command as one starts it."""
    argv = [sys.executable, "manage.py", "chaos", "--json", "--provider", kind]
    argv += ["--touches", str(touches * TIMES), "--kills", str(kills * TIMES)]
    return subprocess.Popen(
        [*argv, "--faults", faults],
        cwd=CHECKOUT,
        env={**ENVIRONMENT, "TOUCHSTONE_SPACE": space},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def require_none(found: dict[str, Any], *wrong: str) -> None:
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["asked", "deduping"])
def test_each_message_is_sent_once_by_a_provider_that(kind: str, outcome: Outcome) -> None:
    found = outcome(kind)

    touches, kills, _faults = RUNS[kind]
    assert found["kills"] == kills * TIMES
    assert found["touches"] == found["accepted"] == found["distinct_keys"] == touches * TIMES
    require_none(found, "doubles", "lost", "ambiguous", "changed", "unallowed", "unexplained")
    assert found["withheld"] > 0
    assert found["attempts"] > touches * TIMES


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["asked", "blind"])
def test_why_agrees_with_an_evaluation_of_its_own_from_the_raw_rows(
    kind: str, outcome: Outcome
) -> None:
    found = outcome(kind)

    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.recompute", str(1_000 * TIMES), str(found["seed"])],
        cwd=CHECKOUT,
        env={**ENVIRONMENT, "TOUCHSTONE_SPACE": found["space"]},
        capture_output=True,
        text=True,
        timeout=HUNG_AFTER,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    compared = json.loads(done.stdout)
    assert compared["customers"] >= 100
    assert compared["differences"] == [], f"seed {found['seed']}"


@pytest.mark.slow
def test_what_nobody_can_ask_about_waits_for_a_person_and_is_not_sent_twice(
    outcome: Outcome,
) -> None:
    found = outcome("blind")

    require_none(found, "doubles", "lost", "changed", "unallowed", "unexplained")
    assert found["ambiguous"] > 0
    assert found["touches"] - found["ambiguous"] <= found["accepted"] <= found["touches"]
