"""What runs in the background is known to the worker, and beat knows it by name alone."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from campaigns.reports.operations import operations
from compliance.queries import clock_now
from config.worker import app

ROOT = Path(__file__).resolve().parents[2]


def test_every_scheduled_task_is_one_that_workers_know() -> None:
    app.loader.import_default_modules()

    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert scheduled <= set(app.tasks)


def test_beat_loads_no_task() -> None:
    code = (
        "import sys\n"
        "from config.celery import app\n"
        "app.loader.import_default_modules()\n"
        "print('campaigns.tasks' in sys.modules)\n"
    )

    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert told.stdout.split("\n")[0] == "False"


@pytest.fixture
def worker(process_environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """One that sends, and has told that it lives."""
    celery = [sys.executable, "-m", "celery", "-A", "config.worker"]
    process = subprocess.Popen(
        [*celery, "worker", "--concurrency=1", "--queues=dispatch", "--without-mingle"],
        cwd=ROOT,
        env=process_environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        subprocess.run(
            [*celery, "call", "campaigns.dispatch"], cwd=ROOT, env=process_environment, check=True
        )
        wait_until(workers_seen)
        yield process
    finally:
        process.kill()
        process.wait(10)


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.1)


def workers_seen() -> list[str]:
    return [worker.name for worker in operations(now=clock_now(), today=clock_now().date()).workers]


@pytest.mark.slow
def test_a_worker_that_ends_as_it_should_is_not_missed(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGTERM)
    worker.wait(30)

    assert workers_seen() == []
