"""Whom a questionnaire was told of while he was merged; aliases that wait for their customer."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

NAME = "customers_event_waiting"
COLUMNS = "(user_id, received_at) WHERE customer_id IS NULL AND kind = 'alias'"
PARTITIONS = """
    SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'customers_event'::regclass
"""


def index(apps: Any, schema_editor: Any) -> None:
    """Month by month beside the writers; the parent's index then takes them over."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(PARTITIONS)
        for (table,) in cursor.fetchall():
            name = f"{table}_waiting"
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            cursor.execute(f"CREATE INDEX CONCURRENTLY {name} ON {table} {COLUMNS}")
        cursor.execute(f"CREATE INDEX {NAME} ON customers_event {COLUMNS}")


def drop(apps: Any, schema_editor: Any) -> None:
    """The parent's, and with it those of all months."""
    schema_editor.execute(f"DROP INDEX {NAME}")


class Migration(migrations.Migration):
    atomic = False
    dependencies: ClassVar = [("customers", "0030_an_upload_is_checked_by_who_starts_it")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="riskassessment",
            name="told_of",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.customer",
                verbose_name="told of",
            ),
        ),
        migrations.RunPython(index, drop),
    ]
