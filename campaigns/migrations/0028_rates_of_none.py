"""A rate of 0 was taken for no limit: it is said so now, and nobody can enter 0 again."""

from typing import ClassVar

import django.core.validators
from django.db import migrations, models

NO_LIMIT = """
UPDATE campaigns_provideraccount SET per_second = NULL WHERE per_second = 0;
UPDATE campaigns_journey SET per_minute = NULL WHERE per_minute = 0;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("campaigns", "0027_what_templates_are_for")]
    operations: ClassVar = [
        migrations.RunSQL(NO_LIMIT, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="journey",
            name="per_minute",
            field=models.PositiveIntegerField(
                blank=True,
                help_text=(
                    "The pace of this campaign over all its channels; empty: as fast as it goes."
                ),
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(
                        1,
                        "Enter 1 or more, or nothing for no limit."
                        " To send nothing, pause the journey.",
                    )
                ],
                verbose_name="messages per minute",
            ),
        ),
        migrations.AlterField(
            model_name="provideraccount",
            name="per_second",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="What the vendor bears, over all workers; empty: no limit.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(
                        1, "Enter 1 or more. To send nothing, deactivate it."
                    )
                ],
                verbose_name="messages per second",
            ),
        ),
        migrations.AlterField(
            model_name="provideraccount",
            name="warm_up_first_day",
            field=models.PositiveIntegerField(
                default=50,
                validators=[
                    django.core.validators.MinValueValidator(
                        1, "Enter 1 or more. To send nothing, deactivate it."
                    )
                ],
                verbose_name="messages on the first day",
            ),
        ),
    ]
