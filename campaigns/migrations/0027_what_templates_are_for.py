"""What a template is reviewed for; so far all were reviewed as marketing."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("campaigns", "0026_not_emptied")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="templateversion",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("marketing", "marketing"),
                    ("service", "service"),
                    ("statutory", "statutory"),
                ],
                db_default="marketing",
                default="marketing",
                max_length=16,
                verbose_name="purpose",
            ),
        )
    ]
