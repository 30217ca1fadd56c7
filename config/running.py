"""Find and stop a checkout's running PostgreSQL and Valkey.

Apart from `servers`, which starts them: the keeper, which lives as long as they do, needs no
database driver for this.
"""

import contextlib
import os
import signal
import time
from pathlib import Path

from config.places import EmbeddedError, Place


def postgres_pid(place: Place) -> int | None:
    """The process id of the running postmaster, None when there is none."""
    pid = pid_in(place.postgres / "postmaster.pid")
    return pid if pid is not None and works_in(pid, place.postgres) else None


def valkey_pid(place: Place) -> int | None:
    """The process id of the running Valkey, None when there is none."""
    pid = pid_in(place.valkey / "valkey.pid")
    return pid if pid is not None and works_in(pid, place.valkey) else None


def stop_postgres(place: Place) -> None:
    """Stop PostgreSQL cleanly; does nothing when it does not run."""
    pid = postgres_pid(place)
    if pid is None:
        return
    # SIGINT is the fast mode: sessions are ended, a checkpoint is written.
    _end(pid, gentle=signal.SIGINT, hard=signal.SIGQUIT)


def stop_valkey(place: Place) -> None:
    """Stop Valkey cleanly (its file is synced first); does nothing when it does not run."""
    pid = valkey_pid(place)
    if pid is not None:
        _end(pid, gentle=signal.SIGTERM, hard=signal.SIGKILL)


def pid_in(path: Path) -> int | None:
    """The process id that a server wrote down; None where the file holds none."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return abs(int(path.read_text(encoding="utf-8").splitlines()[0]))
    return None


def works_in(pid: int, directory: Path) -> bool:
    """Whether the process has the directory as its own: a reused pid or a zombie has not."""
    with contextlib.suppress(OSError):
        # Compared by inode: the checkout may be reached by another name.
        return Path(f"/proc/{pid}/cwd").stat().st_ino == directory.stat().st_ino
    return False


def is_used(directory: Path) -> bool:
    """Whether any process has the directory as its own."""
    return any(
        works_in(int(entry.name), directory)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit()
    )


def _end(pid: int, *, gentle: signal.Signals, hard: signal.Signals) -> None:
    """Ask a process to end, insist after a minute, return when it is gone."""
    for message, seconds in ((gentle, 60.0), (hard, 20.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, message)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not _is_alive(pid):
                return
            time.sleep(0.02)
    raise EmbeddedError(f"The server with process id {pid} does not stop: end it by hand.")


def _is_alive(pid: int) -> bool:
    """Whether the process still runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
