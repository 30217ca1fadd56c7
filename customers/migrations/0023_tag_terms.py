"""Which tags files may give, and for how long; the dictionary of the floor above fills it."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0022_events_of_strangers")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="TagTerm",
            fields=[
                (
                    "tag",
                    models.CharField(
                        max_length=64, primary_key=True, serialize=False, verbose_name="tag"
                    ),
                ),
                ("source", models.CharField(max_length=10, verbose_name="source")),
                ("ttl_days", models.PositiveIntegerField(verbose_name="term (days)")),
            ],
            options={
                "verbose_name": "term of a tag",
                "verbose_name_plural": "terms of tags",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("source__in", ["api", "file"])),
                        name="tagterm_of_others",
                    )
                ],
            },
        ),
    ]
