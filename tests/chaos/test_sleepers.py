"""A worker that was stopped past its lease and goes on writes nothing (G16)."""

import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from campaigns.actions.lease import LEASE
from campaigns.models import Enrolment
from campaigns.queries.dispatch import due_batches
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
MOST_BATCHES = 10 * PEOPLE
EVERY = ",".join(map(str, range(1, MOST_BATCHES)))
LATER = NOW + timedelta(minutes=2)
MUCH_LATER = NOW + timedelta(minutes=4)
RECOVERY = 90.0
_WRITTEN = """
SELECT 'touch', md5(string_agg(t::text, '|' ORDER BY t.id)) FROM campaigns_touch t
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
    # Nobody reports deliveries here: those are true whoever brings them, and raise a touch.
    drowsy = armed(
        process_environment, tmp_path / "sleep", "SIGSTOP", {p: hits_at(p) for p in POINTS}
    )
    heirs_die = armed(process_environment, tmp_path / "die", "SIGKILL", {"dispatch.judged": EVERY})
    sandbox = SandboxProcess(tmp_path)
    try:
        open_accounts(sandbox)
        launch(PEOPLE)
        with (
            Workers(drowsy) as sleepers,
            Workers(heirs_die) as heirs,
            Workers(process_environment) as others,
        ):
            asleep = 0
            for _ in range(3):
                sleepers.start(NOW, size=SLEEPERS - asleep, told=0)
                asleep = sleepers.wait().stopped
            assert asleep == SLEEPERS
            # A lease also runs by a clock that nobody sets, and what a sleeper holds locked is free
            # when the database gives it up.
            time.sleep(LEASE.total_seconds())
            take_over(heirs)
            before = written()
            codes = []
            while sleepers.resume():
                codes += sleepers.wait().codes

            assert len(codes) == SLEEPERS
            assert set(codes) <= {0, FENCED, NO_DATABASE}
            assert open_touches() >= AT_EACH
            assert written() == before

            began = time.monotonic()
            while is_open():
                since = time.monotonic() - began
                assert since < RECOVERY
                assert others.run(MUCH_LATER + timedelta(seconds=since), told=0) == 0
                time.sleep(1)
        assert violations(sandbox) == []
    finally:
        sandbox.stop()


def take_over(heirs: Workers) -> None:
    """Claim all that the sleepers held, and die of each batch: its touches stay under way."""
    for _ in range(MOST_BATCHES):
        if not due_batches(LATER):
            return
        heirs.start(LATER, size=4, told=0)
        heirs.wait()
    raise AssertionError("the heirs found no end")


def armed(
    environment: dict[str, str], hits: Path, signal: str, points: Mapping[str, str]
) -> dict[str, str]:
    """The environment of workers that meet this signal at these hits of these points."""
    hits.mkdir()
    return {
        **environment,
        "TOUCHSTONE_FAILPOINTS": ";".join(f"{point}={hit}" for point, hit in points.items()),
        "TOUCHSTONE_FAILPOINTS_DIR": str(hits),
        "TOUCHSTONE_FAILPOINTS_SIGNAL": signal,
    }
