"""Prepared statements by libpq itself: for the two that stand in every request of a client.

The driver's cursors can wait together with others, fetch in parts and guess types; a statement that
is a transaction of its own needs none of it, and it cost a request more than its planning. While
the server works other threads run.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from psycopg.adapt import Transformer
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult

Link = psycopg.Connection[tuple[Any, ...]]
_NAMED = re.compile(r"%\((\w+)\)s")
_NO_SUCH_STATEMENT = b"26000"
_OIDS = {int: 20, bytes: 17, datetime: 1184}  # bigint, bytea, timestamptz; else the server decides
_known: WeakKeyDictionary[Link, set[bytes]] = WeakKeyDictionary()
"""The names that each connection has prepared."""


def rows(link: Link, statement: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of one statement."""
    result = _run(link, statement, params)
    reader = Transformer(link)
    reader.set_pgresult(result)
    return reader.load_rows(0, result.ntuples, tuple)


def execute(link: Link, statement: str, params: Mapping[str, Any]) -> int:
    """Run one statement; the number of rows it touched."""
    return _run(link, statement, params).command_tuples or 0


def _run(link: Link, statement: str, params: Mapping[str, Any]) -> PGresult:
    """Raises as Django does for its own cursors.

    When a transaction is taken back, the driver has the server forget what it prepared, and ours
    with it. Nothing was done then: the statement is prepared anew, and sent once more.
    """
    name, text, order = _numbered(statement)
    with connection.wrap_database_errors:
        values = [_as_text(params[one]) for one in order]
        oids = [_OIDS.get(type(params[one]), 0) for one in order]
        result = _sent(link, name, text, oids, values)
        if _is_forgotten(result):
            _known.pop(link, None)
            result = _sent(link, name, text, oids, values)
        return _checked(link, result)


def _sent(
    link: Link, name: bytes, text: bytes, oids: list[int], values: list[bytes | None]
) -> PGresult:
    known = _known.setdefault(link, set())
    if name not in known:
        _checked(link, link.pgconn.prepare(name, text, oids))
        known.add(name)
    # None is a null; the stubs do not know.
    return link.pgconn.exec_prepared(name, values)  # type: ignore[arg-type]


def _is_forgotten(result: PGresult) -> bool:
    return result.error_field(DiagnosticField.SQLSTATE) == _NO_SUCH_STATEMENT


@lru_cache(maxsize=64)
def _numbered(statement: str) -> tuple[bytes, bytes, tuple[str, ...]]:
    """A name for the statement, its text with ``$1`` for ``%(first)s``, and the names in order."""
    order = tuple(dict.fromkeys(_NAMED.findall(statement)))
    text = _NAMED.sub(lambda found: f"${order.index(found[1]) + 1}", statement)
    return f"straight_{hash(statement):x}".encode(), text.replace("%%", "%").encode(), order


def _as_text(value: object) -> bytes | None:
    match value:
        case str():
            encoded = value.encode()
            if b"\0" in encoded:
                raise psycopg.DataError("PostgreSQL text fields cannot contain NUL bytes")
            return encoded
        case bytes():
            return b"\\x" + value.hex().encode()
        case datetime():
            return value.isoformat().encode()
        case int():
            return str(value).encode()
        case None:
            return None
        case _:
            raise TypeError(type(value).__name__)


def _checked(link: Link, result: PGresult) -> PGresult:
    if result.status in {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}:
        return result
    error = psycopg.errors.error_from_result(result, encoding=link.info.encoding)
    # Without a server there is no code that would tell what kind of error it is.
    raise psycopg.OperationalError(str(error)) if link.closed else error
