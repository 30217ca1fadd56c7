"""The servers themselves fail: touches are sent once all the same (G14, G15, G16, G17)."""

import json
import subprocess
import sys

import pytest

from tests.campaigns.sandbox_process import ROOT
from tests.chaos.sizes import HUNG_AFTER, TIMES
from tests.chaos.worlds import own_servers

STORMS = 20  # five each: PostgreSQL, Valkey killed, Valkey flushed, a worker asleep


@pytest.mark.slow
def test_database_broker_and_sleeping_workers_cost_time_and_nothing_else() -> None:
    touches = 600 * TIMES
    with own_servers() as environment:
        argv = ["chaos", "--json", "--touches", str(touches), "--kills", "20"]
        done = subprocess.run(
            [sys.executable, "manage.py", *argv, "--storms", str(STORMS * TIMES)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=HUNG_AFTER,
        )

    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    found = json.loads(done.stdout)
    assert found["accepted"] == found["distinct_keys"] == touches
    wrong = ("doubles", "lost", "ambiguous", "changed", "unallowed", "unexplained", "open")
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0)
    assert found["storms"]["postgres"] == found["storms"]["valkey"] == STORMS * TIMES // 4
    assert found["storms"]["freeze"] > 0
