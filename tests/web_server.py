"""The web server as `manage.py up` runs it, on the test database."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.supervisor import web_argv

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebServer:
    """A running granian in a process group of its own."""

    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def address(self) -> str:
        """Without a closing slash."""
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """As an operating system short of memory does."""
        os.killpg(self.process.pid, signal.SIGKILL)


@contextmanager
def web_server(
    environment: Mapping[str, str], *, port: int = 0, processes: int = 1
) -> Iterator[WebServer]:
    """Granian with the product's own arguments; gone afterwards."""
    port = port or free_port()
    process = subprocess.Popen(
        web_argv("127.0.0.1", port, processes),
        cwd=ROOT,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield WebServer(port=port, process=process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=20)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
