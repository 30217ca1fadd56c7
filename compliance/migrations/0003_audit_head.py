"""The newest entry is on record beside the chain, so that nobody cuts its end off unseen."""

from typing import ClassVar

from django.db import migrations, models

FROM_THE_CHAIN = """
INSERT INTO compliance_audithead (id, seq, hash)
SELECT 1, seq, hash FROM compliance_auditentry ORDER BY seq DESC LIMIT 1
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("compliance", "0002_append_only")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False),
                ),
                ("seq", models.BigIntegerField(verbose_name="number")),
                ("hash", models.CharField(max_length=64, verbose_name="hash")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="audithead_is_one_row"
                    )
                ],
            },
        ),
        migrations.RunSQL(FROM_THE_CHAIN, migrations.RunSQL.noop),
    ]
