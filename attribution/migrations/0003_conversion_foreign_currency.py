"""An order in another currency counts as a conversion, but its amount is in no sum."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("attribution", "0002_experiments_by_key")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="conversion",
            name="foreign_currency",
            field=models.CharField(
                blank=True, default="", max_length=3, verbose_name="other currency"
            ),
        ),
    ]
