"""The servers themselves fail: touches are sent once all the same (G14, G15, G16, G17)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.campaigns.sandbox_process import ROOT
from tests.chaos.sizes import TIMES

STORMS = 8
ALONE = ("DATABASE_URL", "REDIS_URL", "TOUCHSTONE_SPACE")


@pytest.mark.slow
def test_database_broker_and_sleeping_workers_cost_time_and_nothing_else() -> None:
    touches = 600 * TIMES
    with TemporaryDirectory(prefix="ts-", dir="/tmp") as home:
        argv = ["chaos", "--json", "--touches", str(touches), "--kills", "20"]
        done = subprocess.run(
            [sys.executable, "manage.py", *argv, "--storms", str(STORMS * TIMES)],
            cwd=ROOT,
            # Servers of its own: nobody else's may be stopped.
            env={
                **{name: value for name, value in os.environ.items() if name not in ALONE},
                "TOUCHSTONE_STATE": str(Path(home) / "state"),
                "TOUCHSTONE_GRACE": "1",
            },
            capture_output=True,
            text=True,
            timeout=400 * TIMES,
        )

    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    found = json.loads(done.stdout)
    assert found["accepted"] == found["distinct_keys"] == touches
    wrong = ("doubles", "lost", "ambiguous", "changed", "unallowed", "unexplained", "open")
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0)
    assert found["storms"]["postgres"] == found["storms"]["valkey"] == STORMS * TIMES // 4
    assert found["storms"]["freeze"] > 0
