"""A goal's row is one definition; what was counted says since when it is known."""

from datetime import UTC, datetime
from typing import ClassVar

from django.db import migrations, models

# What was there before is taken as known when it happened, as reports took it until now.
ONCE = datetime(2000, 1, 1, tzinfo=UTC)
KNOWN_WHEN_IT_HAPPENED = """
UPDATE attribution_conversion SET known_at = occurred_at;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("attribution", "0003_conversion_foreign_currency")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="goal",
            name="number",
            field=models.PositiveIntegerField(default=1, verbose_name="number"),
        ),
        migrations.AddField(
            model_name="goal",
            name="in_force_from",
            field=models.DateTimeField(default=ONCE, verbose_name="in force from"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="conversion",
            name="known_at",
            field=models.DateTimeField(default=ONCE, verbose_name="known at"),
            preserve_default=False,
        ),
        migrations.RunSQL(KNOWN_WHEN_IT_HAPPENED, migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="goal", name="goal_kind_per_journey"),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.UniqueConstraint(
                fields=["journey", "kind", "number"], name="goal_number_per_journey"
            ),
        ),
    ]
