"""The keeper: a small process that stops the embedded servers when nobody uses them any more.

Every process that uses the servers holds a shared lock on one file; the kernel lets go of it when
the process ends, however it ends. The keeper looks every second whether it could have the lock
for itself. Started by `config.embedded` as `python -m config.keeper DESCRIPTOR`.
"""

import fcntl
import os
import signal
import sys
import time
from pathlib import Path

from config import running
from config.places import Place, locate

LOOK_EVERY = 1.0
DEFAULT_GRACE = 10.0


def keep(*, place: Place, keeper_lock: int, grace: float) -> None:
    """Watch until the servers have had no user for `grace` seconds, then stop them.

    1. look for users, each of whom marks its coming on the file's modification time
    2. take the users' lock, so that newcomers wait, and stop the servers

    `keeper_lock` is the inherited descriptor that says there is a keeper.
    """
    path = place.state / "users.lock"
    users_lock = os.open(path, os.O_RDWR)
    pids = _pids(place)
    idle_since = time.time()
    while _is_same_file(users_lock, path):
        pids = _pids(place) or pids
        if not _try_lock(users_lock):
            idle_since = time.time()
        elif time.time() - max(idle_since, path.stat().st_mtime) >= grace:
            running.stop_valkey(place)
            running.stop_postgres(place)
            # In this order: who waits for the users' lock must find the keeper's one free.
            os.close(keeper_lock)
            os.close(users_lock)
            return
        else:
            fcntl.flock(users_lock, fcntl.LOCK_UN)
        time.sleep(min(LOOK_EVERY, grace / 4))
    if place.postgres.exists():
        # The servers' files stand elsewhere (`config.places`) and are whole.
        running.stop_valkey(place)
        running.stop_postgres(place)
    _end_orphans(pids)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_same_file(descriptor: int, path: Path) -> bool:
    """False once somebody has removed the state directory."""
    try:
        return os.fstat(descriptor).st_ino == path.stat().st_ino
    except OSError:
        return False


def _pids(place: Place) -> list[int]:
    return [pid for pid in (running.postgres_pid(place), running.valkey_pid(place)) if pid]


def _end_orphans(pids: list[int]) -> None:
    """The state directory is gone, and with it all data: end what still runs on it."""
    for pid in pids:
        try:
            if str(Path(f"/proc/{pid}/cwd").readlink()).endswith(" (deleted)"):
                os.kill(pid, signal.SIGKILL)
        except OSError:
            continue


if __name__ == "__main__":
    if not (Path(os.environ["TOUCHSTONE_STATE"]) / "users.lock").exists():
        sys.exit("the state directory is gone: nothing to keep")
    keep(
        place=locate(),
        keeper_lock=int(sys.argv[1]),
        grace=float(os.environ.get("TOUCHSTONE_GRACE") or DEFAULT_GRACE),
    )
