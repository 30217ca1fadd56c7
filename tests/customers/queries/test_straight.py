"""The short way to the database gives what the driver's cursors give, and fails as they do."""

import threading
import time
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import DataError, OperationalError, ProgrammingError, connection, transaction

from customers.queries.database import execute, rows

pytestmark = pytest.mark.django_db(transaction=True)
TOLD = {"number": 2**40, "text": "é %%", "at": datetime(2026, 1, 2, tzinfo=UTC), "key": b"\0\xff"}
STATEMENT = """
    SELECT %(number)s + 1, %(text)s::text, %(at)s, %(key)s, %(text)s || 'x', %(none)s::int,
           '[1]'::jsonb, 100 %% 7
"""


@pytest.mark.parametrize("times", [1, 3])
def test_rows_are_those_of_a_cursor(times: int) -> None:
    told = {**TOLD, "none": None}

    straight = [rows(STATEMENT, told, prepared=True) for _ in range(times)][-1]

    assert straight == rows(STATEMENT, told)


def test_execute_tells_how_many_rows_it_touched() -> None:
    execute("CREATE TABLE straight_test (n bigint)", {})
    try:
        add = "INSERT INTO straight_test SELECT %(n)s FROM generate_series(1, 3)"
        assert execute(add, {"n": 5}, prepared=True) == 3
        with transaction.atomic():
            assert execute(add, {"n": 5}, prepared=True) == 3
            transaction.set_rollback(True)
        assert rows("SELECT count(*) FROM straight_test", {}) == [(3,)]
    finally:
        execute("DROP TABLE straight_test", {})


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("SELECT 1 / %(number)s", DataError),
        ("SELECT %(number)s FROM nowhere", ProgrammingError),
    ],
)
def test_errors_are_djangos(statement: str, error: type[Exception]) -> None:
    for _ in range(2):
        with pytest.raises(error):
            rows(statement, {"number": 0}, prepared=True)


def test_a_statement_is_there_after_the_driver_had_all_forgotten() -> None:
    """The driver does so when a transaction in which it prepared something is taken back."""
    told = {**TOLD, "none": None}
    first = rows(STATEMENT, told, prepared=True)
    with transaction.atomic():
        rows(STATEMENT, told, prepared=True)
        transaction.set_rollback(True)
    assert rows("SELECT 1", {}) == [(1,)]

    assert rows(STATEMENT, told, prepared=True) == first
    assert rows(STATEMENT, told, prepared=True) == first


def test_text_with_a_nul_is_refused_and_not_cut() -> None:
    with pytest.raises(DataError, match="NUL"):
        rows("SELECT %(text)s::text", {"text": "a\0b"}, prepared=True)


def test_lost_server_is_an_operational_error_and_the_next_request_is_served() -> None:
    own = "SELECT pg_backend_pid()"
    [(pid,)] = rows(own, {}, prepared=True)
    with psycopg.connect(connection.connection.info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    with pytest.raises(OperationalError):
        rows(own, {}, prepared=True)

    connection.close_if_unusable_or_obsolete()
    assert rows(own, {}, prepared=True) != [(pid,)]


def test_other_threads_run_while_the_server_works() -> None:
    seen: list[float] = []
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(0.01):
            seen.append(time.monotonic())

    looker = threading.Thread(target=look)
    rows("SELECT 1", {}, prepared=True)  # connected before the clock runs

    looker.start()
    began = time.monotonic()
    rows("SELECT pg_sleep(1)::text", {}, prepared=True)
    is_over.set()
    looker.join()

    assert any(0.2 < moment - began < 0.9 for moment in seen)
