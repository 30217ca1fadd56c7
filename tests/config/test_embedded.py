"""The life of the embedded servers, with real processes, each test in a state of its own."""

import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from config import embedded, places, programs, running, servers

CHECKOUT = Path(__file__).resolve().parents[2]

USE = """
import sys, time
from config import embedded
print(embedded.database_url(), embedded.redis_url(), flush=True)
time.sleep(float(sys.argv[1]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One checkout's state, and processes that use its servers."""

    state: Path

    def environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.endswith("_URL")}
        return {**inherited, "TOUCHSTONE_STATE": str(self.state), "TOUCHSTONE_GRACE": "1"}

    def user(self, *, seconds: float) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", USE, str(seconds)],
            cwd=CHECKOUT,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def place(self) -> places.Place:
        before = os.environ.get("TOUCHSTONE_STATE")
        os.environ["TOUCHSTONE_STATE"] = str(self.state)
        try:
            return places.locate()
        finally:
            os.environ.pop("TOUCHSTONE_STATE")
            if before is not None:
                os.environ["TOUCHSTONE_STATE"] = before

    def pids(self) -> tuple[int | None, int | None]:
        return running.postgres_pid(self.place()), running.valkey_pid(self.place())


@pytest.fixture
def make_site() -> Iterator[Callable[[], Site]]:
    made: list[Site] = []

    def make() -> Site:
        # Not pytest's tmp_path: its 0700 parents would send root's servers elsewhere.
        root = Path(tempfile.mkdtemp(prefix="ts-"))
        root.chmod(0o711)
        made.append(Site(state=root / "state"))
        return made[-1]

    yield make
    for site in made:
        if site.state.exists() and os.access(site.state, os.W_OK):
            place = site.place()
            running.stop_valkey(place)
            running.stop_postgres(place)
            if place.home != site.state:
                shutil.rmtree(place.home)
        # The keeper ends when its files are gone, and may be looking at them just now.
        shutil.rmtree(site.state.parent, ignore_errors=True)


@pytest.fixture
def site(make_site: Callable[[], Site]) -> Site:
    return make_site()


def urls(user: subprocess.Popen[str]) -> list[str]:
    assert user.stdout is not None
    said = user.stdout.readline().split()
    assert len(said) == 2, user.stderr.read() if user.stderr else "it said nothing"
    return said


def end(user: subprocess.Popen[str]) -> None:
    user.kill()
    user.communicate()


def eventually(holds: Callable[[], bool], *, seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def count_rows(url: str) -> int:
    with psycopg.connect(url) as link:
        row = link.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def test_six_processes_at_once_share_one_pair_of_servers(site: Site) -> None:
    users = [site.user(seconds=30) for _ in range(6)]

    said = [urls(user) for user in users]

    assert len({tuple(pair) for pair in said}) == 1
    with psycopg.connect(said[0][0]) as link:
        assert link.execute("SELECT current_database()").fetchone() == ("touchstone",)
        assert link.execute("SHOW synchronous_commit").fetchone() == ("on",)
        assert link.execute("SHOW fsync").fetchone() == ("on",)
    for user in users:
        end(user)


def test_servers_outlive_a_killed_starter_and_stop_after_the_last_user(site: Site) -> None:
    starter = site.user(seconds=60)
    url = urls(starter)[0]
    with psycopg.connect(url, autocommit=True) as link:
        link.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    other = site.user(seconds=60)
    urls(other)
    postgres, valkey = site.pids()

    end(starter)
    time.sleep(2.5)  # longer than the grace

    assert site.pids() == (postgres, valkey)
    assert count_rows(url) == 1000
    end(other)
    assert eventually(lambda: site.pids() == (None, None))
    again = site.user(seconds=30)
    assert count_rows(urls(again)[0]) == 1000
    end(again)


def test_killed_servers_are_started_again_with_their_data(site: Site) -> None:
    user = site.user(seconds=60)
    url = urls(user)[0]
    with psycopg.connect(url, autocommit=True) as link:
        link.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    for pid in site.pids():
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    second = site.user(seconds=60)

    assert count_rows(urls(second)[0]) == 1000
    assert None not in site.pids()
    end(user)
    end(second)


def test_pid_files_that_name_a_strangers_process_are_seen_through(site: Site) -> None:
    first = site.user(seconds=0)
    urls(first)
    end(first)
    assert eventually(lambda: site.pids() == (None, None))
    place = site.place()
    stranger = subprocess.Popen(
        ["sleep", "60"],
        user=place.account.uid if os.geteuid() == 0 else None,
    )
    (place.postgres / "postmaster.pid").write_text(f"{stranger.pid}\n{place.postgres}\n")
    (place.valkey / "valkey.pid").write_text(f"{stranger.pid}\n")

    second = site.user(seconds=30)

    urls(second)
    postgres, valkey = site.pids()
    assert not {None, stranger.pid} & {postgres, valkey}
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()
    end(second)


def test_two_checkouts_have_servers_of_their_own(make_site: Callable[[], Site]) -> None:
    left, right = make_site(), make_site()
    users = [left.user(seconds=30), right.user(seconds=30)]

    first, second = (urls(user) for user in users)

    assert not set(first) & set(second)
    assert not set(left.pids()) & set(right.pids())
    for user in users:
        end(user)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the servers to another account")
def test_a_state_under_a_closed_home_moves_elsewhere_and_opens_nothing(site: Site) -> None:
    home = site.state.parent
    home.chmod(0o700)

    user = site.user(seconds=30)

    url = urls(user)[0]
    assert str(home).replace("/", "%2F") not in url
    assert home.stat().st_mode & 0o777 == 0o700
    assert str(site.place().home) in (site.state / "README").read_text()
    end(user)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the servers to another account")
def test_a_copied_checkout_does_not_share_the_directory_elsewhere(
    make_site: Callable[[], Site],
) -> None:
    original, copy = make_site(), make_site()
    for made in (original, copy):
        made.state.parent.chmod(0o700)
    home = original.place().home

    shutil.copytree(original.state, copy.state)

    assert copy.place().home != home
    assert original.place().home == home


def test_a_long_path_still_has_sockets(site: Site) -> None:
    deep = Site(state=site.state.parent / ("long" * 20) / "state")
    deep.state.parent.mkdir(mode=0o711)

    user = deep.user(seconds=30)

    with psycopg.connect(urls(user)[0]) as link:
        assert link.execute("SELECT 1").fetchone() == (1,)
    place = deep.place()
    end(user)
    running.stop_valkey(place)
    running.stop_postgres(place)
    shutil.rmtree(place.run.parent)


def test_postgres_keeps_as_many_pages_as_it_is_told(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHSTONE_POSTGRES_BUFFERS", "48MB")
    user = site.user(seconds=30)

    with psycopg.connect(urls(user)[0]) as link:
        assert link.execute("SHOW shared_buffers").fetchone() == ("48MB",)
    end(user)


@pytest.mark.parametrize("size", ["a lot", "0", "1TB", "16MB\nfsync = off"])
def test_pages_of_no_size_are_one_sentence(
    site: Site, monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    monkeypatch.setenv("TOUCHSTONE_POSTGRES_BUFFERS", size)

    user = site.user(seconds=0)
    _said, complained = user.communicate(timeout=60)

    assert user.returncode != 0
    assert "give a size such as 512MB or 1GB." in complained.splitlines()[-1]


def test_a_state_that_cannot_be_written_is_one_sentence(site: Site) -> None:
    site.state.write_text("a file where the directory should be")

    user = site.user(seconds=0)
    _said, complained = user.communicate(timeout=30)

    assert user.returncode != 0
    assert complained.splitlines()[-1].startswith("config.places.EmbeddedError: Cannot write to")
    assert "set TOUCHSTONE_STATE" in complained
    site.state.unlink()


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_made(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHSTONE_STATE", str(site.state))
    monkeypatch.setattr(programs, "FREE_BYTES_NEEDED", 2**62)

    with pytest.raises(embedded.EmbeddedError, match=r"MB left and .* needs .* free disk space"):
        servers.start_postgres(site.place())

    assert not site.place().postgres.exists()


def test_a_missing_wheel_is_one_sentence() -> None:
    with pytest.raises(embedded.EmbeddedError, match="no-such-wheel is not installed: run make"):
        programs._package("no_such_package", wheel="no-such-wheel")


def test_a_stop_is_refused_while_somebody_uses_the_servers(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHSTONE_STATE", str(site.state))
    user = site.user(seconds=60)
    urls(user)

    with pytest.raises(embedded.EmbeddedError, match=f"still used by process {user.pid}"):
        embedded.stop()

    embedded.stop(force=True)
    assert site.pids() == (None, None)
    end(user)


def test_a_killed_keeper_is_replaced_by_the_next_user(site: Site) -> None:
    first = site.user(seconds=60)
    urls(first)
    lock = site.state / "keeper.lock"
    assert eventually(lambda: _is_locked(lock))
    os.kill(_holder(lock), signal.SIGKILL)
    assert eventually(lambda: not _is_locked(lock))

    second = site.user(seconds=60)
    urls(second)

    assert eventually(lambda: _is_locked(lock))
    end(first)
    end(second)
    assert eventually(lambda: site.pids() == (None, None))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://nobody@127.0.0.1:1/none",
        "postgresql://no.such.host.invalid/none",
        "nonsense",
        "mysql://localhost/x",
    ],
)
def test_a_database_that_cannot_be_reached_is_refused_with_the_reason(url: str) -> None:
    with pytest.raises(embedded.EmbeddedError, match="cannot be reached") as caught:
        embedded.require_supported(url)

    assert "\n" not in str(caught.value)


def speak_as_postgres(server: socket.socket, *, version: str) -> None:
    """The few messages with which a PostgreSQL server greets a client it trusts."""

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!i", len(body) + 4) + body

    while True:
        try:
            link, _peer = server.accept()
        except OSError:
            return
        with link:
            size, code = struct.unpack("!ii", link.recv(8))
            if code == 80877103:  # asks for TLS
                link.sendall(b"N")
                size, code = struct.unpack("!ii", link.recv(8))
            link.recv(size - 8)
            link.sendall(
                message(b"R", struct.pack("!i", 0))
                + message(b"S", b"server_version\0" + version.encode() + b"\0")
                + message(b"S", b"client_encoding\0UTF8\0")
                + message(b"K", struct.pack("!ii", 1, 1))
                + message(b"Z", b"I")
            )
            link.recv(1024)


@pytest.mark.parametrize(
    ("version", "is_refused"), [("14.9", True), ("9.6.1", True), ("15.0", False)]
)
def test_a_server_older_than_15_is_refused_with_the_reason(version: str, is_refused: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(
            target=speak_as_postgres, args=[server], kwargs={"version": version}, daemon=True
        ).start()
        url = f"postgresql://me@127.0.0.1:{port}/any"

        if is_refused:
            with pytest.raises(
                embedded.EmbeddedError, match=r"is PostgreSQL (14|9) and Touchstone needs 15"
            ):
                embedded.require_supported(url)
        else:
            embedded.require_supported(url)


def test_a_password_in_the_url_is_not_repeated() -> None:
    with pytest.raises(embedded.EmbeddedError) as caught:
        embedded.require_supported("postgresql://me:sesame42@127.0.0.1:1/none")

    assert "sesame42" not in str(caught.value)


def _is_locked(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _holder(path: Path) -> int:
    inode = str(path.stat().st_ino)
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if words[1] == "FLOCK" and words[5].endswith(f":{inode}"):
            return int(words[4])
    raise AssertionError(f"nobody holds {path}")
