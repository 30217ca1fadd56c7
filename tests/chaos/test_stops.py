"""After a pause, a stop or an emergency stop has returned, sending ends within ten seconds (G13).

The sender has no broker at all: what ends it stands in PostgreSQL.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from campaigns.actions import launch
from campaigns.actions.stop import Scope, stop_sending
from campaigns.channels.base import Channel
from campaigns.models import Journey, Touch
from tests.campaigns.sandbox_process import ROOT, SandboxProcess
from tests.chaos.worlds import CHANNELS, open_accounts
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_people,
    make_segment,
    make_staff,
    make_template,
    send_node,
)

PEOPLE = 400
NO_BROKER = "redis://127.0.0.1:1/0"
WITHIN = 10.0


def pause(journey: Journey) -> None:
    launch.pause(journey=journey, actor=make_staff().marketer, now=NOW)


def stop(journey: Journey) -> None:
    launch.stop(journey=journey, actor=make_staff().marketer, now=NOW)


def emergency(_: Journey) -> None:
    stop_sending(scope=Scope(), actor="operator", why="proof", now=NOW)


@pytest.mark.slow
@pytest.mark.parametrize("act", [pause, stop, emergency])
def test_nothing_is_handed_over_later_than_ten_seconds_after(
    act: Callable[[Journey], None], process_environment: dict[str, str], tmp_path: Path
) -> None:
    sandbox = SandboxProcess(tmp_path, "--faults", "slow=1")
    try:
        open_accounts(sandbox, connections="2")
        for channel in CHANNELS:
            make_template(channel)
        make_people(PEOPLE, channels=list(CHANNELS))
        make_segment()
        journey = make_journey(graph_of(send_node(Channel.EMAIL)))
        sender = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.driver", (NOW + timedelta(minutes=1)).isoformat()],
            cwd=ROOT,
            env={
                **process_environment,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "REDIS_URL": NO_BROKER,
            },
        )
        wait_for_accepts(sandbox)

        act(journey)
        returned_at = time.time()
        assert sender.wait(60) == 0

        accepts = accepted_at(sandbox)
        assert 0 < len(accepts) < PEOPLE
        assert max(accepts) <= returned_at + WITHIN
        time.sleep(3)
        assert accepted_at(sandbox) == accepts
        assert Touch.objects.filter(state="handing_over").count() == 0
    finally:
        sandbox.stop()


def wait_for_accepts(sandbox: SandboxProcess) -> None:
    until = time.monotonic() + 60
    while not accepted_at(sandbox):
        assert time.monotonic() < until, "nothing was sent"
        time.sleep(0.1)


def accepted_at(sandbox: SandboxProcess) -> list[float]:
    lines = [orjson.loads(line) for line in sandbox.ledger_path.read_bytes().splitlines()]
    return [line["at"] for line in lines if line["type"] == "accept"]
