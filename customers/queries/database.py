"""How statements run: named parameters, batches as one JSON document."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg
from django.db import connection


def rows(
    statement: str, params: Mapping[str, Any], *, binary: bool = False
) -> list[tuple[Any, ...]]:
    """All rows of one statement.

    ``binary``: instants, numbers and bytes come in the server's own form, which for wide rows is
    read seven times as fast; JSON comes parsed.
    """
    with _cursor() as cursor:
        cursor.execute(statement.encode(), params, binary=binary)
        return cursor.fetchall()


def execute(statement: str, params: Mapping[str, Any]) -> int:
    """Run one statement (or, without parameters, several); the number of rows it touched."""
    with _cursor() as cursor:
        cursor.execute(statement.encode(), params or None)
        return cursor.rowcount


@contextmanager
def _cursor() -> Iterator[psycopg.Cursor[tuple[Any, ...]]]:
    """A cursor that hands its parameters to the server apart from the text.

    Django's own quotes them into the statement, which for a document of 50 events cost more than
    everything else this side of the database.
    """
    connection.validate_no_broken_transaction()
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        yield cursor


def as_json(batch: Sequence[Mapping[str, Any]] | Sequence[int]) -> str:
    """A batch as the JSON document that the statements above take; dates become ISO 8601."""
    return orjson.dumps(batch).decode()


def as_array(numbers: Sequence[int]) -> str:
    """Ids as the text of an array, for ``ANY(%(ids)s::bigint[])``.

    The driver's own way with lists is written in Python and costs 20 times as much.
    """
    return "{" + ",".join(map(str, numbers)) + "}"
