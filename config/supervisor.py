"""Web, workers and beat as children of one process.

A child that dies is started again, later each time it dies at once; stopping stops all; and when
the supervisor itself is killed the kernel tells the children.
"""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from config import embedded
from config.celery import QUEUES
from config.places import CHECKOUT
from config.probe import is_healthy

READY_SECONDS = 60.0
STOP_SECONDS = 17.0
"""Longer than the worker's soft shutdown; then whatever still runs is killed."""
LOOK_EVERY = 0.2
# Of two web processes one goes unasked by so many new connections each once in 30 000 starts.
LOOKS_AT_EACH = 8
LOOK_AT_SERVERS_EVERY = 1.0
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
STEADY_SECONDS = 30.0
"""A child that lived this long counts as healthy again."""
OLD_LOGS = 3

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class SupervisorError(Exception):
    """The processes cannot be started; one sentence that says what to do."""


@dataclass(slots=True, kw_only=True)
class _Child:
    name: str
    argv: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restart_at: float = 0.0
    deaths: int = 0
    restarts: int = field(default=0)


class Supervisor:
    """`with Supervisor(port=0, workers=2) as s:` runs everything until the block ends.

    Parameters
    ----------
    port : TCP port of the web server; 0 picks a free one
    workers : processes of the Celery worker
    web : processes of the web server; each some 150 MB
    extra : further children, as (name, argv)
    log_dir : where `<name>.log` goes
    echo : also write what the children say to stderr
    """

    def __init__(
        self,
        *,
        port: int,
        workers: int,
        log_dir: Path,
        web: int = 1,
        host: str = "127.0.0.1",
        extra: Sequence[tuple[str, Sequence[str]]] = (),
        echo: bool = False,
    ) -> None:
        self._looks = 1 if web == 1 else LOOKS_AT_EACH * web
        self._host = host
        self._port = port or _free_port(host)
        self._log_dir = log_dir
        self._echo = echo
        self._stopping = threading.Event()
        self._look_at_servers_at = 0.0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="supervisor")
        self._environment = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "TOUCHSTONE_PUBLIC_URL": os.environ.get("TOUCHSTONE_PUBLIC_URL", self.url),
        }
        self._children = [
            *(_Child(name=name, argv=argv) for name, argv in extra),
            _Child(name="web", argv=web_argv(host, self._port, web)),
            _Child(name="worker", argv=_worker(workers)),
            _Child(name="beat", argv=beat_argv()),
        ]

    @property
    def url(self) -> str:
        """Where the web server answers, without a closing slash."""
        return f"http://{self._host}:{self._port}"

    def require_port(self) -> None:
        """Raise SupervisorError if another program holds the port; nothing is started yet."""
        _require_free(self._host, self._port)

    def pids(self) -> dict[str, int]:
        """The living children's process ids by name."""
        with self._lock:
            alive = [c for c in self._children if c.process and c.process.poll() is None]
            return {child.name: child.process.pid for child in alive if child.process}

    def restarts(self) -> dict[str, int]:
        """How often each child was started again."""
        return {child.name: child.restarts for child in self._children}

    def __enter__(self) -> Self:
        self.require_port()
        self._log_dir.mkdir(parents=True, exist_ok=True)
        for child in self._children:
            _rotate(self._log_dir / f"{child.name}.log")
        # The kernel's death signal follows the thread that forked: one thread starts them all.
        self._thread.start()
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop all children, killing those that take longer than STOP_SECONDS."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            with self._lock:
                for child in self._children:
                    self._look_after(child)
            self._keep_servers_up()
            self._stopping.wait(LOOK_EVERY)
        self._stop_children()

    def _keep_servers_up(self) -> None:
        """Start the embedded servers again should one of them have been killed."""
        if time.monotonic() < self._look_at_servers_at:
            return
        self._look_at_servers_at = time.monotonic() + LOOK_AT_SERVERS_EVERY
        try:
            if not os.environ.get("DATABASE_URL"):
                embedded.database_url()
            if not os.environ.get("REDIS_URL"):
                embedded.redis_url()
        except embedded.EmbeddedError as error:
            self._say(str(error))

    def _look_after(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.restart_at:
                self._start(child)
            return
        if child.process.poll() is None:
            return
        _kill_group(child.process)
        steady = now - child.started_at > STEADY_SECONDS
        child.deaths = 1 if steady else child.deaths + 1
        child.restart_at = now + PAUSES[min(child.deaths, len(PAUSES)) - 1]
        child.restarts += 1
        self._say(
            f"{child.name} ended ({_ending(child.process.returncode)}) and is started again; see"
            f" {self._log_dir / child.name}.log"
        )
        child.process = None

    def _start(self, child: _Child) -> None:
        path = self._log_dir / f"{child.name}.log"
        with path.open("ab") as log:
            child.process = subprocess.Popen(
                child.argv,
                cwd=CHECKOUT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=None if self._echo else log,
                stderr=None if self._echo else log,
                # Ctrl-C on the terminal goes to the supervisor, which stops them in order.
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        child.started_at = time.monotonic()

    def _stop_children(self) -> None:
        running = [child.process for child in reversed(self._children) if child.process]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
        for process in running:
            _kill_group(process)
            process.wait()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if len(self.pids()) == len(self._children) and self._is_answering():
                return
            failed = [child.name for child in self._children if child.deaths > 2]
            if failed:
                raise SupervisorError(self._why_not(failed[0]))
            time.sleep(0.05)
        raise SupervisorError(self._why_not("web"))

    def _is_answering(self) -> bool:
        """Whether all web processes do: each takes connections before it is loaded, and the kernel
        gives every new one to any of them."""
        return all(is_healthy(f"{self.url}/healthz") for _look in range(self._looks))

    def _why_not(self, name: str) -> str:
        path = self._log_dir / f"{name}.log"
        with contextlib.suppress(OSError):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            said = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
            return f"The process {name} does not start; it said: {said} (see {path})."
        return f"The process {name} does not start (see {path})."

    def _say(self, sentence: str) -> None:
        sys.stderr.write(f"{sentence}\n")
        sys.stderr.flush()


def web_argv(host: str, port: int, processes: int) -> list[str]:
    """How the web server is started."""
    # Each thread has a connection of its own, and Python runs one of a process at a time.
    argv = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host]
    argv += ["--port", str(port), "--workers", str(processes), "--blocking-threads", "4", "--no-ws"]
    return [*argv, "--respawn-failed-workers", "config.wsgi:application"]


def _worker(processes: int) -> list[str]:
    argv = [sys.executable, "-m", "celery", "-A", "config.worker", "worker", "--loglevel=INFO"]
    argv += [f"--concurrency={processes}", "--queues", ",".join(QUEUES)]
    return [*argv, "--without-gossip", "--without-mingle", "--without-heartbeat"]


def beat_argv() -> list[str]:
    """How beat is started; any number may run, one of them leads."""
    argv = [sys.executable, "-m", "celery", "-A", "config.celery", "beat", "--loglevel=WARNING"]
    return [*argv, "--pidfile="]


def _die_with_parent() -> None:
    """In the child, before its program starts: ask the kernel for SIGTERM when the parent dies."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End what a child left behind: each is the leader of a process group of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def free_or(preferred: int, host: str = "127.0.0.1") -> int:
    """The preferred port, or 0 (any) where another program holds it."""
    try:
        _require_free(host, preferred)
    except SupervisorError:
        return 0
    return preferred


def _require_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except (OSError, OverflowError) as error:
            raise SupervisorError(
                f"Port {port} on {host} cannot be used ({error}): choose another with --port, or"
                " --port 0 for any free one."
            ) from error


def _rotate(path: Path) -> None:
    for number in range(OLD_LOGS, 0, -1):
        older = path.with_suffix(f".{number}.log")
        newer = path.with_suffix(f".{number - 1}.log") if number > 1 else path
        if newer.exists():
            newer.replace(older)
