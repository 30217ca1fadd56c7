"""Events of a userId that is no customer's are found by an index of their own."""

from typing import Any, ClassVar

from django.db import migrations

NAME = "customers_event_stranger"
COLUMNS = "(user_id, occurred_at) WHERE customer_id IS NULL AND user_id IS NOT NULL"
PARTITIONS = """
    SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'customers_event'::regclass
"""


def index(apps: Any, schema_editor: Any) -> None:
    """Month by month beside the writers; the parent's index then takes them over."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(PARTITIONS)
        for (table,) in cursor.fetchall():
            name = f"{table}_stranger"
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            cursor.execute(f"CREATE INDEX CONCURRENTLY {name} ON {table} {COLUMNS}")
        cursor.execute(f"CREATE INDEX {NAME} ON customers_event {COLUMNS}")


def drop(apps: Any, schema_editor: Any) -> None:
    """The parent's, and with it those of all months."""
    schema_editor.execute(f"DROP INDEX {NAME}")


class Migration(migrations.Migration):
    atomic = False
    dependencies: ClassVar = [("customers", "0021_tags")]
    operations: ClassVar = [
        migrations.RunPython(index, drop),
    ]
