"""The demo's own database beside the installation's: made anew for each run."""

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql

# Written on a database that a demo made; only such a one is ever dropped.
_MARK = "touchstone demo"


class SpaceError(Exception):
    """The demo cannot have a database of its own; one sentence that says what to do."""

    code = "no_demo_database"


def renew() -> None:
    """Drop the last demo's database, make a new one and its tables.

    Raises
    ------
    SpaceError : a database of that name exists that no demo made, or the account may not make one.
    """
    database = settings.DATABASES["default"]
    name: str = database["NAME"]
    home = name.removesuffix(f"_{settings.SPACE}")
    connections.close_all()
    with psycopg.connect(
        dbname=home,
        user=database["USER"] or None,
        password=database["PASSWORD"] or None,
        host=database["HOST"] or None,
        port=database["PORT"] or None,
        autocommit=True,
    ) as connection:
        try:
            _replace(connection, name)
        except psycopg.errors.InsufficientPrivilege as error:
            raise SpaceError(
                f"The database account may not create the database {name}: grant it CREATEDB."
            ) from error
    call_command("migrate", interactive=False, verbosity=0)


def _replace(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    found = connection.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    if found and found[0] != _MARK:
        raise SpaceError(f"A database {name} exists that no demo made: rename it, then try again.")
    identifier = sql.Identifier(name)
    if found:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))
    # template0: a session on template1 would otherwise block the copy.
    connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(identifier))
    connection.execute(
        sql.SQL("COMMENT ON DATABASE {} IS {}").format(identifier, sql.Literal(_MARK))
    )
