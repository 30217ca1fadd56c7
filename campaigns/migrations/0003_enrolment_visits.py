from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("campaigns", "0002_immutable_versions")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="enrolment",
            name="visits",
            field=models.JSONField(default=dict),
        ),
    ]
