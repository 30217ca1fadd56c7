"""How useful each tag is, for those who show a person's tags; the floor above measures it."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0025_opted_out_carry_no_tags")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="TagRank",
            fields=[
                (
                    "tag",
                    models.CharField(
                        max_length=64, primary_key=True, serialize=False, verbose_name="tag"
                    ),
                ),
                ("usefulness", models.FloatField(verbose_name="usefulness")),
            ],
            options={
                "verbose_name": "rank of a tag",
                "verbose_name_plural": "ranks of tags",
            },
        ),
    ]
