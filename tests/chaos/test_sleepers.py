"""A worker that was stopped past its lease and goes on writes nothing (G16)."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from campaigns.actions.lease import LEASE
from campaigns.models import Enrolment
from customers.queries.database import rows
from tests.campaigns.sandbox_process import SandboxProcess
from tests.chaos.sizes import TIMES
from tests.chaos.workers import FENCED, NO_DATABASE, Workers
from tests.chaos.worlds import launch, open_accounts, open_touches, violations
from tests.factories import NOW

# Where a worker holds a claim and no transaction. All of them sleep at the same time.
POINTS = ("advance.claimed", "dispatch.claimed", "dispatch.judged", "dispatch.sent")
AT_EACH = 5 * TIMES
SLEEPERS = len(POINTS) * AT_EACH
PEOPLE = 20 * AT_EACH
LATER = timedelta(minutes=2)
RECOVERY = 90.0
# The provider's name for a message is true whoever held the batch: one who slept may still tell it.
_WRITTEN = """
SELECT 'touch', md5(string_agg((to_jsonb(t) - 'provider_id')::text, '|' ORDER BY t.id))
FROM campaigns_touch t
UNION ALL
SELECT 'enrolment', md5(string_agg(e::text, '|' ORDER BY e.id)) FROM campaigns_enrolment e
UNION ALL
SELECT 'batch', md5(string_agg(b::text, '|' ORDER BY b.id)) FROM campaigns_dispatchbatch b
UNION ALL
SELECT 'hop', count(*)::text FROM campaigns_hop
"""


def hits_at(point: str) -> str:
    """A worker's two threads may reach two points at once: the last one stops a few more."""
    spare = AT_EACH if point == POINTS[-1] else 0
    return ",".join(map(str, range(1, AT_EACH + spare + 1)))


def is_open() -> bool:
    return bool(open_touches()) or Enrolment.objects.filter(finished_at=None).exists()


def written() -> list[Any]:
    return rows(_WRITTEN, {})


@pytest.mark.slow
def test_workers_that_slept_past_their_lease_write_nothing_when_they_go_on(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    hits = tmp_path / "hits"
    hits.mkdir()
    drowsy = {
        **process_environment,
        "TOUCHSTONE_FAILPOINTS": ";".join(f"{point}={hits_at(point)}" for point in POINTS),
        "TOUCHSTONE_FAILPOINTS_DIR": str(hits),
        "TOUCHSTONE_FAILPOINTS_SIGNAL": "SIGSTOP",
    }
    sandbox = SandboxProcess(tmp_path)
    try:
        open_accounts(sandbox)
        launch(PEOPLE)
        with Workers(drowsy) as sleepers, Workers(process_environment) as others:
            asleep = 0
            for _ in range(3):
                sleepers.start(NOW, size=SLEEPERS - asleep)
                asleep = sleepers.wait().stopped
            fell_asleep_at = time.monotonic()
            assert asleep == SLEEPERS

            # The others' clock was put forward past all leases. What a sleeper holds locked is
            # free when the database gives it up; and a lease also runs by a clock that nobody sets.
            while is_open() or time.monotonic() < fell_asleep_at + LEASE.total_seconds():
                since = time.monotonic() - fell_asleep_at
                assert since < RECOVERY
                assert others.run(NOW + LATER + timedelta(seconds=since)) == 0
                time.sleep(1)
            before = written()
            codes = []
            while sleepers.resume():
                codes += sleepers.wait().codes

        assert len(codes) == SLEEPERS
        assert set(codes) <= {0, FENCED, NO_DATABASE}
        assert written() == before
        assert violations(sandbox) == []
    finally:
        sandbox.stop()
