"""A worker whose broker went away while it worked, on a Valkey of the test's own."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import kombu
import pytest
from kombu.log import get_logger

from config.places import locate
from config.programs import valkey_binary
from config.worker import app

LOGGER = get_logger(__name__)


@pytest.fixture
def valkey() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    folder = Path(tempfile.mkdtemp(prefix="ts-"))
    socket = folder / "valkey.sock"
    settings = ("--port", "0", "--unixsocket", str(socket), "--save", "")
    process = subprocess.Popen(
        [str(valkey_binary(locate())), *settings], cwd=folder, stdout=subprocess.DEVNULL
    )
    until = time.monotonic() + 30
    while not socket.exists():
        assert time.monotonic() < until, "in vain"
        time.sleep(0.01)
    yield process, f"redis+socket://{socket}"
    process.kill()
    process.wait(10)
    shutil.rmtree(folder)


@pytest.mark.parametrize("answer", ["ack_log_error", "reject_log_error"])
def test_a_message_that_cannot_be_acknowledged_keeps_no_worker_from_the_next(
    valkey: tuple[subprocess.Popen[bytes], str], answer: str
) -> None:
    process, url = valkey
    options = app.conf.broker_transport_options
    with kombu.Connection(url, transport_options=options) as link, link.channel() as channel:
        queue = kombu.Queue("bells", channel=channel)
        queue.declare()
        kombu.Producer(channel, routing_key="bells").publish({"rings": True})
        channel.basic_qos(0, 1, apply_global=False)
        taken: list[kombu.Message] = []
        with kombu.Consumer(channel, [queue], on_message=taken.append):
            link.drain_events(timeout=10)
        assert not channel.qos.can_consume()

        process.kill()
        process.wait(10)
        getattr(taken[0], answer)(LOGGER, link.connection_errors)

        assert channel.qos.can_consume()
