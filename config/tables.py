"""Whether the database has this version's tables, and making them."""

from pathlib import Path
from typing import Final

from django.apps import apps
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction

# Advisory lock: who makes tables by turns.
_LOCK: Final = 7_261_833_051
_APPLIED: Final = "SELECT app || '/' || name FROM django_migrations"


def missing() -> int:
    """How many migrations the database lacks.

    Names are compared, not states: a command asks each time it starts, and the whole graph of
    migrations would take it longer than its own work.
    """
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute(_APPLIED)
                applied = {name for (name,) in cursor.fetchall()}
        except ProgrammingError:  # not even the table that tells
            applied = set()
    return len(_known() - applied)


def make() -> None:
    """Bring the tables up to this version, once where several processes ask at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            if missing():
                call_command("migrate", interactive=False, verbosity=0)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _known() -> set[str]:
    return {
        f"{app.label}/{file.stem}"
        for app in apps.get_app_configs()
        for file in Path(app.path, "migrations").glob("[0-9]*.py")
    }
