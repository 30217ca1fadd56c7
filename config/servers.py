"""Start one checkout's own PostgreSQL and Valkey.

Every function here expects the caller to hold the start lock (see `embedded`), except the
`*_is_ready` ones, which only look.
"""

import contextlib
import os
import re
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from config.places import Account, EmbeddedError, Place, create_private, unwritable
from config.programs import postgres_binaries, remove_tree, require_room, valkey_binary
from config.running import is_used, pid_in, valkey_pid

PORT = 5432
"""Names the socket file only: nothing listens on TCP."""
DATABASE = "touchstone"
USER = "touchstone"

LOAD_SECONDS = 60.0
"""Valkey reads its append-only file at 100 MB/s and is bounded to 256 MB of data."""

START_ATTEMPTS = 40
START_PAUSE = 0.25

BUFFERS = "256MB"
"""Taken as they are used. With 16 MB a file of a million customers took a fifth longer, and an
event among twenty million stored ones cost two fifths more than one among a million."""
_BUFFERS = re.compile("[1-9][0-9]{0,5}(?:kB|MB|GB)")

TUNING = """\
# Written by config/servers.py at each start; put your own settings in postgresql.auto.conf.
listen_addresses = ''
unix_socket_permissions = 0700
timezone = 'UTC'
log_timezone = 'UTC'
max_connections = 100
io_method = sync
work_mem = 16MB
maintenance_work_mem = 64MB
wal_level = minimal
# A batch of a file writes 8 MB: with the usual 1/32 of the buffers whoever wrote it waited for the
# disk a quarter of the time.
wal_buffers = 16MB
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 15min
# Pages of random message ids do not compress: pglz saved nothing and doubled what an event cost
# after each checkpoint.
wal_compression = off
random_page_cost = 1.1
jit = off
# A table that a campaign has just filled must not wait a minute for its first statistics.
autovacuum_naptime = 5s
# One at a time: each further one would take as much memory as a session.
autovacuum_max_workers = 1
autovacuum_work_mem = 16MB
# Money and consent: a commit that was answered has reached the disk.
fsync = on
synchronous_commit = on
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
"""


def postgres_is_ready(place: Place) -> bool:
    """Whether PostgreSQL lets somebody in: its pid file says "ready" through a crash recovery, too.

    The session asks for nothing more; while the server starts or recovers it is refused at once.
    """
    try:
        psycopg.connect(
            host=str(place.run), port=PORT, user=USER, dbname="postgres", connect_timeout=2
        ).close()
    except psycopg.OperationalError as error:
        return "too many clients" in str(error)
    return True


def start_postgres(place: Place) -> None:
    """Create the cluster where there is none yet, then start it and wait until it is ready.

    After a kill -9 the first attempts fail while the old children still end; they are repeated
    for ten seconds. Raises EmbeddedError with PostgreSQL's own last words.
    """
    binaries = postgres_binaries(place)
    create_private(place.run, account=place.account)
    if not place.postgres.exists():
        _create_cluster(place, binaries)
    _write_tuning(place)
    for attempt in range(START_ATTEMPTS):
        if attempt:
            time.sleep(START_PAUSE)
        _remove_foreign_lock_files(place)
        said = _start_postgres_once(place, binaries)
        if postgres_is_ready(place):
            return
        if "No space left on device" in said:
            break
    raise EmbeddedError(
        f"The embedded PostgreSQL in {place.home} does not start ({_last_words(said)}): free disk"
        " space or set TOUCHSTONE_STATE to another directory."
    )


def valkey_is_ready(place: Place) -> bool:
    """Whether Valkey answers a PING; while it still loads its file it does not."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(2)
            link.connect(str(place.run / "valkey.sock"))
            link.sendall(b"PING\r\n")
            return link.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def start_valkey(place: Place) -> None:
    """Start Valkey with its append-only file and wait until it has loaded it."""
    binary = valkey_binary(place)
    create_private(place.run, account=place.account)
    create_private(place.valkey, account=place.account)
    if valkey_pid(place) is None:
        # Whoever wrote a stale one: Valkey must be able to write its own, or nobody could stop it.
        (place.valkey / "valkey.pid").unlink(missing_ok=True)
        _write_as(place.account, place.valkey / "valkey.conf", _valkey_configuration(place))
        finished = _run(place, [str(binary), str(place.valkey / "valkey.conf")])
        if finished.returncode:
            raise EmbeddedError(
                f"The embedded Valkey does not start ({_last_words(finished.stdout)}): free disk"
                " space or set TOUCHSTONE_STATE to another directory."
            )
    started = time.monotonic()
    while not valkey_is_ready(place):
        # The daemon needs a moment until its directory and pid file tell that it lives.
        waited = time.monotonic() - started
        if waited > LOAD_SECONDS or (waited > 2 and valkey_pid(place) is None):
            raise EmbeddedError(
                f"The embedded Valkey does not answer: see {place.valkey / 'valkey.log'}, free disk"
                " space or set TOUCHSTONE_STATE to another directory."
            )
        time.sleep(0.02)


def _remove_foreign_lock_files(place: Place) -> None:
    """Remove lock files whose pid now names somebody else's process.

    PostgreSQL itself judges a dead pid rightly, and then also checks that no old child still uses
    the shared memory; so the files only go when their pid is alive and nobody works in the data
    directory: a restarted container, a copied checkout.
    """
    for path in (place.postgres / "postmaster.pid", place.run / f".s.PGSQL.{PORT}.lock"):
        pid = pid_in(path)
        if pid is not None and Path(f"/proc/{pid}").exists() and not is_used(place.postgres):
            path.unlink(missing_ok=True)


def _create_cluster(place: Place, binaries: Path) -> None:
    """Create the cluster and its database beside the final name, then rename: all or nothing."""
    require_room(place.home)
    draft = place.home / "postgres.init"
    remove_tree(draft)
    create_private(draft, account=place.account)
    options = ["--username", USER, "--auth=trust", "--encoding=UTF8", "--no-instructions"]
    # The builtin provider orders text the same way on every machine, whatever its C library.
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    made = _run(place, [str(binaries / "initdb"), "--pgdata", str(draft), *options])
    if made.returncode == 0:
        with (draft / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write("include_if_exists = 'app.conf'\n")
        single = [str(binaries / "postgres"), "--single", "-D", str(draft), "postgres"]
        made = _run(place, single, said=f"CREATE DATABASE {DATABASE}\n")
    if made.returncode:
        remove_tree(draft)
        raise EmbeddedError(
            f"The embedded PostgreSQL cannot be created in {place.home}"
            f" ({_last_words(made.stdout)}): free disk space or set TOUCHSTONE_STATE to another"
            " directory."
        )
    draft.rename(place.postgres)


def _write_tuning(place: Place) -> None:
    buffers = os.environ.get("TOUCHSTONE_POSTGRES_BUFFERS") or BUFFERS
    if not _BUFFERS.fullmatch(buffers):
        raise EmbeddedError(
            f"TOUCHSTONE_POSTGRES_BUFFERS is “{buffers}”: give a size such as 512MB or 1GB."
        )
    text = f"{TUNING}shared_buffers = {buffers}\nport = {PORT}\n"
    text += f"unix_socket_directories = '{place.run}'\n"
    _write_as(place.account, place.postgres / "app.conf", text)


def _start_postgres_once(place: Place, binaries: Path) -> str:
    """One attempt; returns what PostgreSQL said."""
    log = place.run / "postgres-start.log"
    log.unlink(missing_ok=True)
    # Crash recovery of a large WAL takes minutes, hence the patience.
    argv = [str(binaries / "pg_ctl"), "start", "--wait", "--timeout=300", "--silent"]
    argv += ["--pgdata", str(place.postgres), "--log", str(log)]
    argv += ["-o", "-c logging_collector=on"]
    said = _run(place, argv).stdout
    with contextlib.suppress(OSError):
        said += log.read_text(encoding="utf-8", errors="replace")
    return said


def _valkey_configuration(place: Place) -> str:
    # Paths are quoted: a checkout may have a space in its name.
    return f"""\
port 0
unixsocket "{place.run / "valkey.sock"}"
unixsocketperm 700
daemonize yes
pidfile "{place.valkey / "valkey.pid"}"
dir "{place.valkey}"
logfile "{place.valkey / "valkey.log"}"
loglevel warning
save ""
appendonly yes
appendfsync everysec
maxmemory 256mb
maxmemory-policy noeviction
"""


def _run(
    place: Place, argv: Sequence[str], *, said: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a server's program as its account, with an environment that holds nothing of ours."""
    as_root = os.geteuid() == 0
    try:
        return subprocess.run(
            argv,
            input=said,
            stdin=None if said is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": str(place.home)},
            start_new_session=True,
            user=place.account.uid if as_root else None,
            group=place.account.gid if as_root else None,
            extra_groups=[] if as_root else None,
            umask=0o077,
            check=False,
        )
    except OSError as error:
        raise EmbeddedError(
            f"{argv[0]} cannot be run as {place.account.name} ({error.strerror}): run make install"
            " again, or set DATABASE_URL and REDIS_URL."
        ) from error


def _write_as(account: Account, path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(path, account.uid, account.gid)
    except OSError as error:
        raise unwritable(path.parent, error) from error


def _last_words(said: str) -> str:
    """The most telling line of a server's output, without its time stamp."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if re.search("FATAL|PANIC|error|No space left", line)]
    chosen = (telling or lines or ["it gave no reason"])[-1]
    return re.sub(r"^.*?\b(LOG|ERROR|FATAL|PANIC):\s+", "", chosen)
