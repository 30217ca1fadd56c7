"""After a pause, a stop or an emergency stop has returned, sending ends within ten seconds (G13).

The senders have no broker at all: what ends them stands in PostgreSQL. All acts are done to one
running world, each to a journey of its own, the last one to everything.
"""

import time
from collections import defaultdict
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import orjson
import pytest
from django.db import connections

from campaigns.actions import launch
from campaigns.actions.advance import advance
from campaigns.actions.enrol import enrol
from campaigns.actions.stop import Scope, stop_sending
from campaigns.channels.base import Channel
from campaigns.models import Journey, Touch
from tests.campaigns.sandbox_process import SandboxProcess
from tests.chaos.sizes import TIMES
from tests.chaos.workers import Workers
from tests.chaos.worlds import CHANNELS, open_accounts
from tests.factories import (
    NOW,
    graph_of,
    lift_contact_rules,
    make_journey,
    make_people,
    make_segment,
    make_staff,
    make_template,
    send_node,
)

ACTS = 20 * TIMES
PEOPLE = 100
SENDERS = 3
NO_BROKER = "redis://127.0.0.1:1/0"
WITHIN = 10.0


def pause(journey: Journey) -> None:
    launch.pause(journey=journey, actor=make_staff().marketer, now=NOW)


def stop(journey: Journey) -> None:
    launch.stop(journey=journey, actor=make_staff().marketer, now=NOW)


def emergency(journey: Journey) -> None:
    stop_sending(scope=Scope(journey=journey), actor="operator", why="proof", now=NOW)


def everything(_: Journey) -> None:
    stop_sending(scope=Scope(), actor="operator", why="proof", now=NOW)


@pytest.mark.slow
def test_nothing_is_handed_over_later_than_ten_seconds_after(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    # Two seconds for each answer: of every journey something is left to be sent.
    sandbox = SandboxProcess(tmp_path, "--faults", "slow=1")
    try:
        open_accounts(sandbox, connections="4")
        lift_contact_rules()
        for channel in CHANNELS:
            make_template(channel)
        make_people(PEOPLE, channels=list(CHANNELS))
        make_segment()
        journeys = [
            make_journey(graph_of(send_node(Channel.EMAIL)), key=f"act-{number}")
            for number in range(ACTS)
        ]
        # All queued before the first sender looks: it ends when it finds nothing.
        for journey in journeys:
            enrol(journey=journey, now=NOW)
        while advance(owner="w", now=NOW).claimed:
            pass
        connections.close_all()
        with Workers({**process_environment, "REDIS_URL": NO_BROKER}) as workers:
            workers.start(NOW + timedelta(minutes=1), size=SENDERS)
            returned_at = {}
            *most, last = journeys
            for act, journey in [*zip(cycle([pause, stop, emergency]), most), (everything, last)]:
                wait_until_it_is_being_sent(sandbox, journey)
                act(journey)
                returned_at[journey.pk] = time.time()
            ended = workers.wait()

        assert set(ended.codes) == {0}
        accepts = accepted_at(sandbox)
        assert {pk for pk, at in accepts.items() if len(at) < PEOPLE} == set(returned_at)
        late = {pk for pk, at in accepts.items() if max(at) > returned_at[pk] + WITHIN}
        assert late == set()
        assert Touch.objects.filter(state="handing_over").count() == 0
    finally:
        sandbox.stop()


def wait_until_it_is_being_sent(sandbox: SandboxProcess, journey: Journey) -> None:
    until = time.monotonic() + 60
    while journey.pk not in accepted_at(sandbox):
        assert time.monotonic() < until, f"nothing of {journey.key} was sent"
        time.sleep(0.1)


def accepted_at(sandbox: SandboxProcess) -> dict[int, list[float]]:
    """When the provider took each message, by journey."""
    journey_of = {key.hex: pk for key, pk in Touch.objects.values_list("key", "journey_id")}
    found = defaultdict(list)
    for line in sandbox.ledger_path.read_bytes().splitlines():
        entry = orjson.loads(line)
        if entry["type"] == "accept":
            found[journey_of[entry["key"]]].append(entry["at"])
    return found
