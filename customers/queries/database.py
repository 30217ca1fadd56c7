"""How statements run: named parameters, batches as one JSON document."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections

from customers.queries import straight


def rows(
    statement: str, params: Mapping[str, Any], *, binary: bool = False, prepared: bool = False
) -> list[tuple[Any, ...]]:
    """All rows of one statement.

    ``binary``: instants, numbers and bytes come in the server's own form, which for wide rows is
    read seven times as fast; JSON comes parsed.

    ``prepared``: the server keeps the statement's plan for the connection. For those that stand in
    every request and whose plan does not depend on their parameters: it took longer to plan than
    to run them.
    """
    if prepared and not binary and is_alone():
        return straight.rows(connection.connection, statement, params)
    with _cursor(prepared=prepared) as cursor:
        cursor.execute(statement.encode(), params, binary=binary)
        return cursor.fetchall()


def execute(statement: str, params: Mapping[str, Any], *, prepared: bool = False) -> int:
    """Run one statement (or, without parameters, several); the number of rows it touched.

    ``prepared``: as for `rows`.
    """
    if prepared and is_alone():
        return straight.execute(connection.connection, statement, params)
    with _cursor(prepared=prepared) as cursor:
        cursor.execute(statement.encode(), params or None)
        return cursor.rowcount


def stream(statement: str, lines: bytes) -> None:
    """Run one COPY … FROM STDIN with all its lines, in the text form."""
    with _cursor(prepared=False) as cursor, cursor.copy(statement.encode()) as copy:
        copy.write(lines)


@contextmanager
def waiting_at_most(milliseconds: int) -> Iterator[None]:
    """Within the transaction, have statements that wait longer than this for a lock fail."""
    before = rows(
        "SELECT current_setting('lock_timeout'), set_config('lock_timeout', %(most)s, true)",
        {"most": f"{milliseconds}ms"},
    )[0][0]
    yield
    # Not after an error: rolling back to where it began does the same.
    rows("SELECT set_config('lock_timeout', %(before)s, true)", {"before": before})


def is_alone() -> bool:
    """Whether a statement is a transaction of its own: nothing has to be begun before it."""
    link = connections[DEFAULT_DB_ALIAS]  # looked up once, and not for each attribute
    link.ensure_connection()
    return bool(link.connection.autocommit) and not link.in_atomic_block


@contextmanager
def _cursor(*, prepared: bool) -> Iterator[psycopg.Cursor[tuple[Any, ...]]]:
    """A cursor that hands its parameters to the server apart from the text.

    Django's own quotes them into the statement, which for a document of 50 events cost more than
    everything else this side of the database.
    """
    connection.validate_no_broken_transaction()
    connection.ensure_connection()
    link = connection.connection
    # None: never. Django sets it so for all, since poolers may lose what a connection keeps.
    link.prepare_threshold = 0 if prepared else None
    with connection.wrap_database_errors, psycopg.Cursor(link) as cursor:
        yield cursor


def may_go_alone(lock: int) -> bool:
    """Take this advisory lock until the transaction ends; False if another process has it."""
    return bool(rows("SELECT pg_try_advisory_xact_lock(%(lock)s)", {"lock": lock})[0][0])


@contextmanager
def going_alone(lock: int) -> Iterator[bool]:
    """Hold this advisory lock over several transactions; False if another process has it.

    For whoever reads everybody, computes for minutes, and writes in batches: no transaction stands
    open meanwhile. The database lets go of the lock when this process dies.
    """
    told = {"lock": lock}
    is_mine = bool(rows("SELECT pg_try_advisory_lock(%(lock)s)", told)[0][0])
    try:
        yield is_mine
    finally:
        if is_mine:
            rows("SELECT pg_advisory_unlock(%(lock)s)", told)


@contextmanager
def apart() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Acts on a connection of their own, one after the other, each waited for.

    For telling how far a long transaction is: nobody else sees what it writes before it ends.
    """
    with ThreadPoolExecutor(max_workers=1) as teller:
        try:
            yield lambda act: teller.submit(act).result()
        finally:
            teller.submit(connections.close_all).result()


def as_json(batch: Sequence[Mapping[str, Any]] | Sequence[int] | Sequence[str]) -> str:
    """A batch as the JSON document that the statements above take; dates become ISO 8601."""
    return orjson.dumps(batch).decode()


def as_array(numbers: Sequence[int | None]) -> str:
    """Ids as the text of an array, for ``ANY(%(ids)s::bigint[])``; None is null.

    The driver's own way with lists is written in Python and costs 20 times as much.
    """
    return "{" + ",".join("NULL" if one is None else str(one) for one in numbers) + "}"


def as_bytea_array(values: Iterable[bytes]) -> str:
    """The same of bytes, for ``ANY(%(hashes)s::bytea[])``."""
    return "{" + ",".join([f'"\\\\x{one.hex()}"' for one in values]) + "}"
