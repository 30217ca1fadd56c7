"""The test database: a copy of one that was migrated once, emptied of what a test commits.

Django's own flush truncates every table and makes all permissions anew; few tests touch more than
ten tables.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

from config.replay import blank

TEST_DATABASE = "test_touchstone"
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def migrated_template(connection: BaseDatabaseWrapper) -> str:
    """The name of a database with today's schema and nothing in it but what migrations write."""
    params = connection.get_connection_params()
    with _server(params, connection.settings_dict["NAME"]) as link:
        return blank.stand(link)


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


def _named_like(link: "psycopg.Connection[tuple[str]]", pattern: str) -> list[str]:
    rows = link.execute("SELECT datname FROM pg_database WHERE datname ~ %s", [pattern])
    return [name for (name,) in rows.fetchall()]


@contextmanager
def _server(
    params: Mapping[str, Any], name: str = "postgres"
) -> Iterator["psycopg.Connection[Any]"]:
    """A session outside of any test database."""
    wanted = {key: params[key] for key in ("host", "port", "user", "password") if key in params}
    with psycopg.connect(dbname=name, autocommit=True, **wanted) as link:
        yield link
