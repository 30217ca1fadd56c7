"""The test database: a copy of one that was migrated once, emptied of what a test commits.

Migrating takes ten seconds of the processor, copying the result a fraction of one. Django's own
flush truncates every table and makes all permissions anew; few tests touch more than ten tables.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

CHECKOUT = Path(__file__).resolve().parent.parent
TEST_DATABASE = "test_touchstone"
TEMPLATE = "template_touchstone"
LOCK = 7_012_026  # of our own choice: makers of the template wait for each other
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def migrated_template(connection: BaseDatabaseWrapper) -> str:
    """The name of a database with today's schema and nothing in it but what migrations write.

    Made where there is none; those of other schemas are dropped.
    """
    name = f"{TEMPLATE}_{schema_fingerprint(CHECKOUT)}"
    with _server(connection.get_connection_params()) as link:
        link.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        known = _named_like(link, rf"^{TEMPLATE}_")
        if name in known:
            return name
        for other in known:
            link.execute(f'DROP DATABASE "{other}" WITH (FORCE)')
        unfinished = f"{name}_unfinished"
        _migrate(connection, unfinished)
        link.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
        # A session in it, be it autovacuum's, would keep it from being copied.
        link.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    return name


def schema_fingerprint(checkout: Path) -> str:
    """Twelve hex digits that change with Django and with any migration of ours."""
    told = hashlib.sha256(django.get_version().encode())
    for migration in sorted(checkout.glob("*/migrations/*.py")):
        told.update(migration.name.encode() + b"\0" + migration.read_bytes() + b"\0")
    return told.hexdigest()[:12]


def drop_abandoned(connection: BaseDatabaseWrapper) -> None:
    """Drop the test databases of runs that were killed."""
    with _server(connection.get_connection_params()) as link:
        for name in _named_like(link, rf"^{TEST_DATABASE}_\d+$"):
            if not Path(f"/proc/{name.rpartition('_')[2]}").exists():
                link.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def empty_tables(connection: BaseDatabaseWrapper) -> None:
    """Delete every row but the schema's own, in tables that have any.

    References and append-only triggers stand aside meanwhile, for which the database's user must
    be a superuser, as that of the embedded server is.
    """
    with connection.cursor() as cursor:
        tables = sorted(set(connection.introspection.table_names(cursor)) - KEPT)
        probes = ", ".join(f'EXISTS (SELECT FROM "{table}")' for table in tables)
        cursor.execute(f"SELECT {probes}")
        filled = [table for table, some in zip(tables, cursor.fetchone(), strict=True) if some]
        deletions = "; ".join(f'DELETE FROM "{table}"' for table in filled)
        cursor.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {deletions}; COMMIT")


def _migrate(connection: BaseDatabaseWrapper, name: str) -> None:
    live = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = name
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    connection.creation.destroy_test_db(live, verbosity=0, keepdb=True)


def _named_like(link: "psycopg.Connection[tuple[str]]", pattern: str) -> list[str]:
    rows = link.execute("SELECT datname FROM pg_database WHERE datname ~ %s", [pattern])
    return [name for (name,) in rows.fetchall()]


@contextmanager
def _server(params: Mapping[str, Any]) -> Iterator["psycopg.Connection[Any]"]:
    """A session outside of any test database."""
    wanted = {key: params[key] for key in ("host", "port", "user", "password") if key in params}
    with psycopg.connect(dbname="postgres", autocommit=True, **wanted) as link:
        yield link
