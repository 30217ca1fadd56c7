"""Failpoints: counted over processes, deadly only at the named hits, absent in production."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from campaigns import failpoints
from campaigns.failpoints import POINTS, read_points

ROOT = Path(__file__).resolve().parents[2]


def reach_twice(folder: Path, **environment: str) -> int:
    code = "from campaigns.failpoints import reach; [reach('dispatch.sent') for _ in range(2)]"
    told = {"TOUCHSTONE_FAILPOINTS": "dispatch.sent=2,3", "TOUCHSTONE_FAILPOINTS_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **told, **environment}
    )
    return done.returncode


def test_the_named_hits_kill_counted_over_processes(tmp_path: Path) -> None:
    assert [reach_twice(tmp_path) for _ in range(3)] == [-9, -9, 0]


def test_a_process_can_stop_there_instead_and_go_on(tmp_path: Path) -> None:
    code = "from campaigns.failpoints import reach; reach('dispatch.sent')"
    told = {"TOUCHSTONE_FAILPOINTS": "dispatch.sent=1", "TOUCHSTONE_FAILPOINTS_DIR": str(tmp_path)}
    environment = {**os.environ, **told, "TOUCHSTONE_FAILPOINTS_SIGNAL": "SIGSTOP"}
    stopped = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment)

    _, status = os.waitpid(stopped.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)

    stopped.send_signal(signal.SIGCONT)
    assert stopped.wait(10) == 0


def test_production_knows_no_failpoints(tmp_path: Path) -> None:
    assert reach_twice(tmp_path, TOUCHSTONE_ENV="production") == 0
    assert not list(tmp_path.iterdir())


def test_without_the_variable_nothing_is_counted() -> None:
    assert failpoints.reach is failpoints._nothing


def test_an_unknown_point_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown failpoint"):
        read_points("dispatch.snet=1")


def test_every_point_is_reached_somewhere_and_none_besides() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "campaigns" / "actions").glob("*.py"))

    assert {name for name in POINTS if f'reach("{name}")' in sources} == set(POINTS)
    assert sources.count("reach(") == len(POINTS)
