"""A process that dies at any named point, three times, costs no touch and doubles none."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from campaigns.failpoints import POINTS
from tests.campaigns.sandbox_process import ROOT, SandboxProcess
from tests.chaos.worlds import launch, open_accounts, violations
from tests.factories import NOW

PEOPLE = 8
DEADLY_HITS = (1, 2, 3)
# Longer than any lease, and than the provider takes to be sure that it has nothing.
LATER = timedelta(minutes=2)


def drive(environment: Mapping[str, str], now: datetime) -> tuple[int, str]:
    """One worker's life; how it ended and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.driver", now.isoformat()],
        cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode in {0, -9}, done.stderr[-3000:]
    return done.returncode, done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("point", [point for point in POINTS if not point.startswith("receipts")])
def test_dying_at_this_point_three_times_neither_doubles_nor_loses(
    point: str, process_environment: dict[str, str], tmp_path: Path
) -> None:
    hits = tmp_path / "hits"
    hits.mkdir()
    armed = {
        **process_environment,
        "TOUCHSTONE_FAILPOINTS": f"{point}={','.join(map(str, DEADLY_HITS))}",
        "TOUCHSTONE_FAILPOINTS_DIR": str(hits),
    }
    sandbox = SandboxProcess(tmp_path)
    try:
        open_accounts(sandbox)
        launch(PEOPLE)
        lives = []
        for life in range(12):
            lives.append(drive(armed, NOW + life * LATER))
            if lives[-1] == (0, "0"):
                break

        assert [code for code, _ in lives].count(-9) == len(DEADLY_HITS)
        assert lives[-1] == (0, "0")
        assert violations(sandbox) == []
    finally:
        sandbox.stop()
