"""The replay with a provider's faults and killed workers ends with the figures of the data (G1)."""

import re
import signal
import subprocess
import time

import psutil
import pytest

from tests.stories.test_replay_two_campaigns import (
    finish,
    require_arms_as_in_the_data,
    require_every_accept_once,
    start,
)


@pytest.mark.slow
def test_faults_and_killed_workers_neither_double_nor_lose_a_touch(space: str) -> None:
    process = start(space, "--faults", "default", "--seed", "7")
    killed = kill_workers_while_they_dispatch(process)

    result = finish(process)

    assert killed >= 2
    assert sum(result["ledger"]["faults"].values()) > 0
    require_every_accept_once(result)
    require_arms_as_in_the_data(result)


def kill_workers_while_they_dispatch(process: subprocess.Popen[str]) -> int:
    """kill -9 processes of the worker, some moments apart, once dispatch has begun."""
    assert process.stderr is not None
    worker = 0
    for line in process.stderr:
        if found := re.search(r'"worker": (\d+)', line):
            worker = int(found[1])
        if "Enrol and dispatch" in line:
            break
    killed = 0
    for pause in (1.5, 1.0, 1.0):
        time.sleep(pause)
        children = psutil.Process(worker).children()
        if children:
            children[0].send_signal(signal.SIGKILL)
            killed += 1
    return killed
