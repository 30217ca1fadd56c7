"""The checkout's own PostgreSQL and Valkey, for when DATABASE_URL and REDIS_URL are unset.

`database_url()` and `redis_url()` start the servers or join the running ones and hold a lock until
the calling process ends; the keeper (`config.keeper`) stops the servers after the last user. All
processes of a checkout share one pair of servers; two checkouts have two pairs. Nothing here
imports Django.
"""

import contextlib
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from config import running, servers
from config.places import CHECKOUT, EmbeddedError, Place, locate, unwritable

__all__ = [
    "EmbeddedError",
    "Status",
    "broker_url",
    "database_url",
    "redis_url",
    "require_supported",
    "status",
    "stop",
]

OLDEST_POSTGRES = 15

README = """\
State of this checkout's embedded servers: locks, logs, PostgreSQL and Valkey data.

Look:  .venv/bin/python manage.py servers status
Stop:  .venv/bin/python manage.py servers stop
To start afresh: make clean, or stop the servers and remove this directory.
"""
README_ELSEWHERE = """
The servers' own files are in
    {home}
because the account {account}, as which they run, cannot reach this directory (or its path is too
long for a socket). Remove that directory too when you start afresh.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What runs for this checkout; a pid is None when that server does not run."""

    state: str
    home: str
    postgres_pid: int | None
    valkey_pid: int | None
    keeper_alive: bool
    users: list[int]
    """Process ids that hold the servers up."""


_guard = threading.Lock()
_held: dict[Path, int] = {}


def database_url() -> str:
    """The URL of the embedded PostgreSQL, which then runs until this process ends.

    Raises EmbeddedError when the server cannot be started.
    """
    place = _join(servers.postgres_is_ready, servers.start_postgres)
    host = quote(str(place.run), safe="")
    return f"postgresql:///{servers.DATABASE}?host={host}&user={servers.USER}"


def redis_url() -> str:
    """The URL of the embedded Valkey for redis-py; raises EmbeddedError as `database_url`."""
    place = _join(servers.valkey_is_ready, servers.start_valkey)
    return f"unix://{quote(str(place.run / 'valkey.sock'))}?db=0"


def broker_url() -> str:
    """The URL of the same Valkey as Celery writes it."""
    place = _join(servers.valkey_is_ready, servers.start_valkey)
    return f"redis+socket://{quote(str(place.run / 'valkey.sock'))}?virtual_host=0"


def require_supported(url: str) -> None:
    """Refuse a database server that cannot be reached or is too old, with the reason.

    Parameters
    ----------
    url : a libpq connection string or URL; may hold a password, which no message repeats
    """
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version
    except (psycopg.Error, UnicodeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise EmbeddedError(
            f"The database of DATABASE_URL cannot be reached ({reason}): check the address and the"
            " server, or unset DATABASE_URL to use the embedded one."
        ) from error
    if version < OLDEST_POSTGRES * 10_000:
        raise EmbeddedError(
            f"The database of DATABASE_URL is PostgreSQL {version // 10_000} and Touchstone needs"
            f" {OLDEST_POSTGRES} or newer: upgrade it, or unset DATABASE_URL to use the embedded"
            " one."
        )


def status() -> Status:
    """What runs now; starts nothing."""
    place = locate()
    return Status(
        state=str(place.state),
        home=str(place.home),
        postgres_pid=running.postgres_pid(place),
        valkey_pid=running.valkey_pid(place),
        keeper_alive=_keeper_lives(place),
        users=_users(place),
    )


def stop(*, force: bool = False) -> None:
    """Stop both servers now.

    Raises EmbeddedError while processes still use them, unless `force` is set.
    """
    place = locate()
    users = [pid for pid in _users(place) if pid != os.getpid()]
    if users and not force:
        listed = ", ".join(str(pid) for pid in users)
        raise EmbeddedError(
            f"The servers are still used by process {listed}: end these first, or add --force."
        )
    with _start_lock(place):
        running.stop_valkey(place)
        running.stop_postgres(place)


def _join(is_ready: Callable[[Place], bool], start: Callable[[Place], None]) -> Place:
    """Become a user of the servers, starting one where needed.

    1. hold the users' lock (waits while the keeper is stopping the servers)
    2. where the server is not up: start it, one process at a time
    3. see that a keeper lives
    """
    place = locate()
    _hold(place)
    if not is_ready(place):
        with _start_lock(place):
            if not is_ready(place):
                _write_readme(place)
                start(place)
    _see_that_a_keeper_lives(place)
    return place


def _hold(place: Place) -> None:
    path = place.state / "users.lock"
    try:
        with _guard:
            descriptor = _held.get(place.state)
            if descriptor is None or not _is_current(descriptor, path):
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(descriptor, fcntl.LOCK_SH)
                _held[place.state] = descriptor
        os.utime(path)
    except OSError as error:
        raise unwritable(path, error) from error


def _is_current(descriptor: int, path: Path) -> bool:
    return path.exists() and os.fstat(descriptor).st_ino == path.stat().st_ino


@contextlib.contextmanager
def _start_lock(place: Place) -> Iterator[None]:
    path = place.state / "start.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _keeper_lives(place: Place) -> bool:
    descriptor = _lock_of_keeper(place)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


def _lock_of_keeper(place: Place) -> int | None:
    """The keeper's lock, held by us now; None when a keeper has it."""
    descriptor = os.open(place.state / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _see_that_a_keeper_lives(place: Place) -> None:
    """Start a keeper unless there is one; it inherits the lock, so there are never two."""
    try:
        lock = _lock_of_keeper(place)
        if lock is None:
            return
        place.log.mkdir(exist_ok=True)
        with (place.log / "keeper.log").open("ab") as log:
            subprocess.Popen(
                [sys.executable, "-m", "config.keeper", str(lock)],
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "TOUCHSTONE_STATE": str(place.state)},
                pass_fds=[lock],
                start_new_session=True,
            )
        os.close(lock)
    except OSError as error:
        raise unwritable(place.state, error) from error


def _users(place: Place) -> list[int]:
    """Process ids in the kernel's list of locks on the users' file."""
    path = place.state / "users.lock"
    if not path.exists():
        return []
    inode = path.stat().st_ino
    rows = (line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines())
    shared = (row for row in rows if row[1:4] == ["FLOCK", "ADVISORY", "READ"])
    return sorted({int(row[4]) for row in shared if row[5].rpartition(":")[2] == str(inode)})


def _write_readme(place: Place) -> None:
    text = README
    if place.home != place.state or place.run.parent != place.state:
        text += README_ELSEWHERE.format(home=place.run.parent, account=place.account.name)
    try:
        (place.state / "README").write_text(text, encoding="utf-8")
    except OSError as error:
        raise unwritable(place.state, error) from error
