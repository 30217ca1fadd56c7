"""A provider's rate holds over all processes, and over those that die and start again (G11).

Counted over the whole run, so that a busy machine, which only makes sending slower, breaks nothing.
"""

import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from campaigns.actions.flow import AHEAD
from campaigns.channels.base import Channel
from campaigns.models import DispatchBatch, ProviderAccount
from tests.campaigns.sandbox_process import SandboxProcess
from tests.chaos.sizes import TIMES
from tests.chaos.workers import Workers
from tests.chaos.worlds import launch, open_accounts
from tests.factories import NOW, lift_contact_rules

PER_SECOND = 20
LIVES = 4
SECONDS = 15 * TIMES  # each life: a minute together
PEOPLE = PER_SECOND * LIVES * SECONDS * 5 // 4
PROCESSES = 3
FEW = 20  # enrolments in one claim: many batches, so that all processes reserve at once


@pytest.mark.slow
def test_processes_that_come_and_die_never_exceed_the_rate(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    sandbox = SandboxProcess(tmp_path)
    try:
        open_accounts(sandbox)
        lift_contact_rules()
        ProviderAccount.objects.filter(channel=Channel.SMS).update(per_second=PER_SECOND)
        ProviderAccount.objects.filter(channel=Channel.EMAIL).update(per_day=0)
        launch(PEOPLE)
        began = time.monotonic()
        with Workers(process_environment) as workers:
            for killed in range(LIVES):
                # One dies halfway, two in the last life; the others end, and all begin anew.
                now = NOW + timedelta(seconds=time.monotonic() - began)
                started = workers.start(
                    now, size=PROCESSES, limit=FEW, seconds=SECONDS, leaves_rest=True
                )
                time.sleep(SECONDS / 2)
                for victim in started[: 1 + killed // (LIVES - 1)]:
                    os.kill(victim, signal.SIGKILL)
                workers.wait()
        sandbox.post("/flush", {})
        came = accepted_at(sandbox)
    finally:
        sandbox.stop()

    assert DispatchBatch.objects.filter(due_at__isnull=False).exists(), "nothing was held back"
    assert max(came) - min(came) >= LIVES * SECONDS / 2
    # What a reservation holds may come late, and with what the next one holds.
    span = max(came) - min(came) + AHEAD.total_seconds()
    assert len(came) <= PER_SECOND * span


def accepted_at(sandbox: SandboxProcess) -> list[float]:
    """When the provider took each text message, by its own clock."""
    entries = map(orjson.loads, sandbox.ledger_path.read_bytes().splitlines())
    return [one["at"] for one in entries if one["type"] == "accept" and one["channel"] == "sms"]
