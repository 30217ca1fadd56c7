"""Each customer has a slot: which key of the key file his identifiers are encrypted with.

The table is written anew once (10 s a million customers). What was encrypted before stays readable
and takes its person's key by `manage.py rotate_keys`.
"""

from typing import Any, ClassVar

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

# Databases that share a key file (a demo's, a restored copy's) count in regions of their own.
SEQUENCE = """
CREATE SEQUENCE customers_person_slot;
SELECT setval('customers_person_slot', (floor(random() * 4194304)::bigint << 40) + 1, false);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[Any] = [("customers", "0014_loads_and_their_quality")]
    operations: ClassVar[Any] = [
        migrations.RunSQL(SEQUENCE, "DROP SEQUENCE customers_person_slot"),
        migrations.AddField(
            model_name="customer",
            name="slot",
            field=models.BigIntegerField(
                db_default=models.Func(models.Value("customers_person_slot"), function="nextval"),
                editable=False,
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="identity", name="key_id", field=models.CharField(max_length=40)
        ),
        migrations.AddField(
            model_name="erasure",
            name="slots",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="erasure",
            name="keys_destroyed_at",
            field=models.DateTimeField(null=True, verbose_name="keys destroyed at"),
        ),
        migrations.AddField(
            model_name="quarantine",
            name="named",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BinaryField(max_length=32), default=list, size=None
            ),
        ),
        migrations.AddIndex(
            model_name="quarantine",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["named"], name="quarantine_by_person"
            ),
        ),
    ]
