"""At most one bell of a kind hangs, whoever rings, and work is found without any."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery
from django.conf import settings

from compliance import bells
from compliance.bells import Tick, hang, ring

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    yield client
    client.flushdb()


@pytest.fixture
def tick(request: pytest.FixtureRequest) -> Tick:
    name = f"tests.{request.node.name}"
    app = Celery(broker=settings.CELERY_BROKER_URL)

    @app.task(name=name, base=Tick)
    def look() -> None:
        """Look for nothing."""

    return app.tasks[name]


def hanging(broker: redis.Redis) -> int:
    return broker.llen("celery")


def test_many_rings_hang_one_bell(broker: redis.Redis, tick: Tick) -> None:
    for _ in range(20):
        ring(tick)

    assert hanging(broker) == 1


def test_a_tick_takes_its_bell_down_before_it_looks(broker: redis.Redis, tick: Tick) -> None:
    ring(tick)

    tick.before_start("id", (), {})
    ring(tick)

    assert hanging(broker) == 2


def test_bells_of_two_kinds_hang_side_by_side(broker: redis.Redis) -> None:
    assert [hang("a"), hang("b"), hang("a")] == [True, True, False]


def test_a_lost_bell_is_rung_again_after_a_while(broker: redis.Redis) -> None:
    assert hang("a")

    left = broker.ttl(bells._name("a"))

    assert 0 < left <= bells.LOST_AFTER_SECONDS


def test_without_a_broker_ringing_neither_fails_nor_waits_long(tmp_path: Path) -> None:
    code = (
        "import os, django; os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n"
        "django.setup()\n"
        "from campaigns.tasks import dispatch_tick\n"
        "from compliance.bells import ring\n"
        "dispatch_tick.app.conf.broker_transport_options['max_retries'] = 0\n"
        "ring(dispatch_tick)\n"
    )
    url = f"unix://{tmp_path}/nobody.sock"

    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "REDIS_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert told.returncode == 0, told.stderr
    assert "doorbell is down" in told.stderr
