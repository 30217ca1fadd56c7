"""The demo's own database beside the installation's: made anew for each run."""

from typing import Any

import psycopg
from django.conf import settings
from django.db import connections
from psycopg import sql

from config.replay import blank

# Written on a database that a demo made; only such a one is ever dropped.
_MARK = "touchstone demo"
# Tells this lock from others on the server.
_SPACES = 20_266


class SpaceError(Exception):
    """The demo cannot have a database of its own; one sentence that says what to do."""

    code = "no_demo_database"


def claim() -> psycopg.Connection[tuple[Any, ...]]:
    """Keep the database for this run: nobody else may renew it until the session is closed.

    The server lets go of it by itself when this process dies.

    Raises
    ------
    SpaceError : another run has it; without this it would lose its database half-way.
    """
    link = _connect()
    name = settings.DATABASES["default"]["NAME"]
    (is_ours,) = link.execute(
        "SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_SPACES, name]
    ).fetchone() or (False,)
    if not is_ours:
        link.close()
        raise SpaceError(
            f"Another run plays in the database {name}: end it, or wait until it has ended."
        )
    return link


def renew() -> None:
    """Drop the last demo's database and make a new one, with tables and nothing in them.

    Raises
    ------
    SpaceError : a database of that name exists that no demo made, or the account may not make one.
    """
    name: str = settings.DATABASES["default"]["NAME"]
    connections.close_all()
    with _connect() as connection:
        try:
            _replace(connection, name)
        except psycopg.errors.InsufficientPrivilege as error:
            raise SpaceError(
                f"The database account may not create the database {name}: grant it CREATEDB."
            ) from error


def keep_small() -> None:
    """Let each session answer in one process: a second would have to wait for a processor, and
    count for memory."""
    with connections["default"].cursor() as cursor:
        name = connections["default"].ops.quote_name(settings.DATABASES["default"]["NAME"])
        cursor.execute(f"ALTER DATABASE {name} SET max_parallel_workers_per_gather = 0")
    connections.close_all()


def _connect() -> psycopg.Connection[tuple[Any, ...]]:
    """A session on the installation's own database, beside which the space lies."""
    database = settings.DATABASES["default"]
    return psycopg.connect(
        dbname=_installations_own(),
        user=database["USER"] or None,
        password=database["PASSWORD"] or None,
        host=database["HOST"] or None,
        port=database["PORT"] or None,
        autocommit=True,
    )


def _installations_own() -> str:
    name: str = settings.DATABASES["default"]["NAME"]
    return name.removesuffix(f"_{settings.SPACE}")


def _replace(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> None:
    found = connection.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    if found and found[0] != _MARK:
        raise SpaceError(f"A database {name} exists that no demo made: rename it, then try again.")
    identifier = sql.Identifier(name)
    template = sql.Identifier(blank.stand(connection))
    if found:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))
    connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(identifier, template))
    connection.execute(
        sql.SQL("COMMENT ON DATABASE {} IS {}").format(identifier, sql.Literal(_MARK))
    )
