"""`manage.py up` with real processes, on the embedded servers and a free port."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

CHECKOUT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture
def start(
    process_environment: dict[str, str],
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--workers", "1", "--json", *arguments],
            cwd=CHECKOUT,
            env=process_environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.terminate()
        process.communicate()


def announced(process: subprocess.Popen[str]) -> tuple[str, dict[str, int]]:
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline()
    assert line, process.stderr.read()
    said = json.loads(line)
    return said["url"], said["pids"]


def is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def eventually(holds: Callable[[], bool], *, seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.1)
    return False


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # also where it ends between two looks
        return True


def test_up_answers_restarts_a_killed_child_and_stops_everything_on_sigterm(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    process = start("--port", "0")
    url, pids = announced(process)
    assert set(pids) == {"web", "worker", "beat"}
    assert is_healthy(url)

    os.killpg(pids["web"], signal.SIGKILL)
    assert eventually(lambda: not is_healthy(url), seconds=5)
    assert eventually(lambda: is_healthy(url))
    family = psutil.Process(process.pid).children(recursive=True)
    began = time.monotonic()
    process.terminate()

    assert process.wait(30) == 0
    assert time.monotonic() - began < 20
    assert all(is_gone(child.pid) for child in family)
    assert not is_healthy(url)


def test_children_of_a_killed_supervisor_end(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    process = start("--port", "0")
    _url, pids = announced(process)
    family = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    assert set(pids.values()) <= set(family)

    process.kill()

    assert eventually(lambda: all(is_gone(pid) for pid in family))


def test_killed_servers_come_back_and_the_worker_works_on() -> None:
    root = Path(tempfile.mkdtemp(prefix="ts-"))
    root.chmod(0o711)
    state = root / "state"
    inherited = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    environment = {**inherited, "TOUCHSTONE_STATE": str(state), "TOUCHSTONE_GRACE": "1"}
    environment["TOUCHSTONE_LOG_LEVEL"] = "INFO"  # its log then tells of each tick
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--workers", "1", "--json", "--port", "0"],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url, _pids = announced(process)
        log = state / "log" / "worker.log"
        assert eventually(lambda: " succeeded in " in log.read_text())
        now = json.loads(servers("status", environment))

        for pid in (now["postgres_pid"], now["valkey_pid"]):
            os.kill(pid, signal.SIGKILL)

        seen = len(log.read_text())
        # The worker asks for its broker after 2, 4, 6 … seconds, and a busy machine starts slowly.
        assert eventually(lambda: " succeeded in " in log.read_text()[seen:], seconds=120)
        assert eventually(lambda: is_healthy(url))
    finally:
        process.terminate()
        process.communicate()
        servers("stop", environment)
        shutil.rmtree(root, ignore_errors=True)


def servers(act: str, environment: dict[str, str]) -> str:
    argv = [sys.executable, "manage.py", "servers", act, "--json"]
    finished = subprocess.run(
        argv, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_up_refuses_a_port_in_use(start: Callable[..., subprocess.Popen[str]]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        process = start("--port", str(port))
        said, complained = process.communicate(timeout=60)

    assert process.returncode == 2
    assert complained.splitlines() == [json.loads(said)["error"]["message"]]
    assert f"Port {port}" in complained
    assert "--port" in complained


@pytest.mark.parametrize("option", ["--web", "--workers"])
def test_no_processes_at_all_are_one_sentence(option: str) -> None:
    told = subprocess.run(
        [sys.executable, "manage.py", "up", option, "0"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 2
    assert f"{option} must be between 1 and 64." in told.stderr
    assert "Traceback" not in told.stderr


def test_several_web_processes_answer_and_one_that_dies_is_replaced(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    url, pids = announced(start("--port", "0", "--web", "2"))

    def serving() -> set[int]:
        return {child.pid for child in psutil.Process(pids["web"]).children()}

    before = serving()
    assert len(before) == 2
    victim = min(before)
    os.kill(victim, signal.SIGKILL)

    assert eventually(lambda: len(serving() - {victim}) == 2)
    assert eventually(lambda: is_healthy(url))
