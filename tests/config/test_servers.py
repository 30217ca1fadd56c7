"""What counts as a server that is ready."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.places import Account, Place
from config.servers import PORT, postgres_is_ready


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A server's place whose pid file says "ready", as it does through a crash recovery."""
    account = Account(uid=0, gid=0, name="nobody")
    made = Place(state=tmp_path, home=tmp_path, run=tmp_path / "run", account=account)
    made.run.mkdir()
    made.postgres.mkdir()
    (made.postgres / "postmaster.pid").write_text("1\n" * 7 + "ready\n")
    return made


@pytest.fixture
def answers(place: Place, request: pytest.FixtureRequest) -> Iterator[None]:
    """A postmaster that takes connections and refuses each with these words."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place.run / f".s.PGSQL.{PORT}"))
    listener.listen()
    words = b"SFATAL\0C57P03\0M" + request.param.encode() + b"\0\0"
    refusal = b"E" + (len(words) + 4).to_bytes(4, "big") + words

    def refuse() -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            with link:
                link.recv(1024)
                link.sendall(refusal)

    threading.Thread(target=refuse, daemon=True).start()
    yield
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.mark.parametrize(
    ("answers", "is_ready"),
    [
        ("the database system is in recovery mode", False),
        ("the database system is starting up", False),
        ("sorry, too many clients already", True),
    ],
    indirect=["answers"],
)
def test_a_server_that_recovers_is_not_ready_whatever_its_pid_file_says(
    place: Place, answers: None, is_ready: bool
) -> None:
    assert postgres_is_ready(place) is is_ready


def test_where_nobody_listens_nothing_is_ready(place: Place) -> None:
    assert not postgres_is_ready(place)
