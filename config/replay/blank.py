"""A database with this version's tables and nothing in them, kept to be copied.

Migrating takes ten seconds of the processor, copying the result a fraction of one. It lies beside
the installation's own database and is made anew when Django or any migration changes.
"""

import hashlib
from pathlib import Path
from typing import Any, Final

import django
import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql

# Written on a blank; only such a one is ever dropped or copied.
_MARK: Final = "touchstone blank"
# Advisory lock: makers wait for each other.
_LOCK: Final = 7_012_026
_NAMED_LIKE: Final = """
SELECT datname FROM pg_database
WHERE starts_with(datname, %s) AND shobj_description(oid, 'pg_database') = %s
"""


def stand(link: psycopg.Connection[Any]) -> str:
    """The name of the blank beside a session's database; made where there is none.

    Those of other schemas are dropped.

    Parameters
    ----------
    link : a session on the installation's database, whose name begins the blank's, in autocommit,
        of an account that may create databases. Advisory locks are a database's own: sessions on
        any other one would not see each other.
    """
    prefix = f"{link.info.dbname}_blank_"
    name = prefix + fingerprint(settings.BASE_DIR)
    link.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        known = [found for (found,) in link.execute(_NAMED_LIKE, [prefix, _MARK])]
        if name not in known:
            for other in known:
                _drop(link, other)
            _make(link, name)
    finally:
        link.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
    return name


def fingerprint(checkout: Path) -> str:
    """Twelve hex digits that change with Django and with any migration of ours."""
    told = hashlib.sha256(django.get_version().encode())
    for migration in sorted(checkout.glob("*/migrations/*.py")):
        told.update(migration.name.encode() + b"\0" + migration.read_bytes() + b"\0")
    return told.hexdigest()[:12]


def _make(link: psycopg.Connection[Any], name: str) -> None:
    """One that dies half-way leaves a database without the mark and under another name."""
    unfinished = f"{name}_unfinished"
    _drop(link, unfinished)
    # template0: a session on template1 would otherwise block the copy.
    link.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(unfinished))
    )
    _migrate(unfinished)
    # A session in it, be it autovacuum's, would keep it from being copied.
    for statement in (
        sql.SQL("ALTER DATABASE {old} ALLOW_CONNECTIONS false"),
        sql.SQL("COMMENT ON DATABASE {old} IS {mark}"),
        sql.SQL("ALTER DATABASE {old} RENAME TO {new}"),
    ):
        link.execute(
            statement.format(
                old=sql.Identifier(unfinished),
                new=sql.Identifier(name),
                mark=sql.Literal(_MARK),
            )
        )


def _migrate(name: str) -> None:
    """Django's own connection turns there and back."""
    connection = connections["default"]
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", interactive=False, verbosity=0)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def _drop(link: psycopg.Connection[Any], name: str) -> None:
    link.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
