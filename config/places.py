"""Where the embedded servers keep their files, and as whom they run.

PostgreSQL refuses to run as root, so root hands the servers to an unprivileged account. That
account must be able to walk to the data directory and the binaries; where it cannot (a checkout
under a 0700 home) the files move to the system's temporary directory instead of anyone's
directory being opened up.
"""

import hashlib
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent

# sun_path holds 108 bytes with the closing NUL; this is the longest name either server uses.
SUN_PATH_MAX = 107
LONGEST_SOCKET = ".s.PGSQL.5432"


class EmbeddedError(Exception):
    """A database server cannot be had; the message is one sentence that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The operating system account the servers run as."""

    uid: int
    gid: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The directories of one checkout's servers."""

    state: Path
    """Belongs to the person: locks, logs, README."""
    home: Path
    """Belongs to the servers: `state` itself, or a directory in the system's temporary one."""
    run: Path
    """Holds the sockets, 0700."""
    account: Account

    @property
    def postgres(self) -> Path:
        return self.home / "postgres"

    @property
    def valkey(self) -> Path:
        return self.home / "valkey"

    @property
    def log(self) -> Path:
        return self.state / "log"


def locate() -> Place:
    """The place of this checkout, or of TOUCHSTONE_STATE where that is set.

    Creates the state directory, and nothing else. Raises EmbeddedError when it cannot.
    """
    # Relative to the checkout, not to wherever each process happens to stand.
    state = CHECKOUT / (os.environ.get("TOUCHSTONE_STATE") or ".local")
    _create_state(state)
    account = _account(state / "postgres")
    home = state if is_reachable(state, account=account) else _home_elsewhere(state, account)
    run = home / "run"
    if len(os.fsencode(run / LONGEST_SOCKET)) > SUN_PATH_MAX:
        run = _home_elsewhere(state, account) / "run"
    return Place(state=state, home=home, run=run, account=account)


def is_reachable(path: Path, *, account: Account) -> bool:
    """Whether the account may walk to `path` and enter it (or execute it), by the mode bits."""
    if account.uid == 0:
        return True
    return all(_may_execute(step.stat(), account) for step in (path, *path.parents))


def create_private(path: Path, *, account: Account, mode: int = 0o700) -> None:
    """Create a directory that belongs to the account; refuse one that belongs to a stranger.

    A directory in /tmp may have been put there by someone else to read what we write.
    """
    try:
        path.mkdir(mode=mode, parents=True)
        path.chmod(mode)
        if os.geteuid() == 0:
            os.chown(path, account.uid, account.gid)
    except FileExistsError:
        _refuse_stranger(path, account)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> EmbeddedError:
    """The sentence for a directory that cannot be written to."""
    return EmbeddedError(
        f"Cannot write to {path} ({error.strerror or error}): make it writable, free disk space, or"
        " set TOUCHSTONE_STATE to another directory."
    )


def _create_state(state: Path) -> None:
    try:
        if not state.is_dir():
            state.mkdir(parents=True)
            # Root's servers run as another account, which has to pass through, not to look.
            state.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise unwritable(state, error) from error
    if not os.access(state, os.W_OK | os.X_OK):
        raise unwritable(state, PermissionError(13, "Permission denied"))


def _account(data: Path) -> Account:
    """Who runs the servers: oneself, or for root the owner of the data, `postgres` or `nobody`."""
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        return Account(uid=entry.pw_uid, gid=entry.pw_gid, name=entry.pw_name)
    owner = data.stat().st_uid if data.exists() else 0
    by_name = {entry.pw_name: entry for entry in pwd.getpwall()}
    by_uid = {entry.pw_uid: entry for entry in pwd.getpwall()}
    found = by_uid.get(owner) if owner else by_name.get("postgres") or by_name.get("nobody")
    if found is None:
        raise EmbeddedError(
            "PostgreSQL does not run as root and this system has neither a postgres nor a nobody"
            " account: run as an ordinary user, or set DATABASE_URL and REDIS_URL."
        )
    return Account(uid=found.pw_uid, gid=found.pw_gid, name=found.pw_name)


def _may_execute(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _home_elsewhere(state: Path, account: Account) -> Path:
    """A directory of our own in the system's temporary one, noted down in the state directory.

    The note makes it stay the same when TMPDIR differs from one process to the next. It also names
    the state it was made for: a copied checkout gets a directory of its own.
    """
    noted = _noted(state)
    if noted is not None:
        create_private(noted, account=account)
        return noted
    digest = hashlib.sha256(os.fsencode(state)).hexdigest()[:16]
    home = Path(tempfile.gettempdir()) / f"touchstone-{account.uid}-{digest}"
    create_private(home, account=account)
    _write_note(state, home)
    return home


def _noted(state: Path) -> Path | None:
    try:
        home, made_for = (state / "home").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    return Path(home) if made_for == str(state) else None


def _write_note(state: Path, home: Path) -> None:
    try:
        # Several processes may be first at once: each writes the same words, the rename is atomic.
        draft = state / f"home.{os.getpid()}"
        draft.write_text(f"{home}\n{state}\n", encoding="utf-8")
        draft.replace(state / "home")
    except OSError as error:
        raise unwritable(state, error) from error


def _refuse_stranger(path: Path, account: Account) -> None:
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {account.uid, os.geteuid()}:
        raise EmbeddedError(
            f"{path} belongs to somebody else: remove it, or set TOUCHSTONE_STATE to another"
            " directory."
        )
    if status.st_uid == account.uid and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise EmbeddedError(f"{path} can be written to by others: run chmod 700 {path}.")
