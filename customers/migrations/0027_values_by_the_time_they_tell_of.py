"""Of what time a value is told, so that what comes late overwrites nothing newer."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0026_ranks_of_tags")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="customer",
            name="told_at",
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
        migrations.AddField(
            model_name="identity",
            name="told_at",
            field=models.DateTimeField(null=True),
        ),
    ]
