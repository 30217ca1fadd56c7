"""An approved change of the lexicon stops the next send of a process that was at work before it.

The sender is a process of its own, without a broker and never restarted: nothing but the table
tells it. It is asked for no longer than its next look at the queue.
"""

import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.db import connections

from campaigns.actions.advance import advance
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.models import Touch
from tests.campaigns.sandbox_process import SandboxProcess
from tests.chaos.workers import Workers
from tests.chaos.worlds import open_accounts
from tests.factories import (
    NOW,
    add_wording,
    graph_of,
    lift_contact_rules,
    make_journey,
    make_people,
    make_segment,
    make_template,
    send_node,
)

NO_BROKER = "redis://127.0.0.1:1/0"
PEOPLE = 5
TERM = "稳稳的幸福"
LIFE = 120.0  # seconds, far more than a busy machine needs


def queue(key: str) -> None:
    enrol(journey=make_journey(graph_of(send_node(Channel.SMS)), key=key), now=NOW)
    while advance(owner="w", now=NOW).claimed:
        pass


def outcomes(key: str) -> set[tuple[str, str]]:
    return set(Touch.objects.filter(journey__key=key).values_list("state", "reason"))


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + LIFE
    while not is_so():
        assert time.monotonic() < until, list(Touch.objects.values_list("state", "reason"))
        time.sleep(0.1)


def test_a_change_stops_the_next_send_of_a_process_that_goes_on(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    sandbox = SandboxProcess(tmp_path)
    try:
        open_accounts(sandbox)
        lift_contact_rules()
        make_template(Channel.SMS, parts={"text": f"{TERM} 拒收请回复R"})
        make_people(PEOPLE, channels=[Channel.SMS])
        make_segment()
        queue("before")
        connections.close_all()
        with Workers({**process_environment, "REDIS_URL": NO_BROKER}) as workers:
            (sender,) = workers.start(NOW + timedelta(minutes=1), seconds=LIFE, told=0)
            wait_until(lambda: outcomes("before") == {("accepted", "")})
            change = add_wording(TERM)
            queue("after")
            wait_until(lambda: ("queued", "") not in outcomes("after"))
            os.kill(sender, signal.SIGKILL)
            ended = workers.wait()

        assert ended.codes == [-signal.SIGKILL]  # it lived until then
        assert outcomes("after") == {("refused", "wording_forbidden")}
        told = {touch.verdict["detail"] for touch in Touch.objects.filter(journey__key="after")}
        assert told == {change.rule_id}
    finally:
        sandbox.stop()
