"""The provider's own ids of touches: a narrow table, so that touches stay updated in place."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("campaigns", "0004_touches_update_in_place")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="TouchAlias",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id",
                        "provider_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("account_id", models.BigIntegerField()),
                ("provider_id", models.CharField(max_length=200)),
                ("touch_id", models.BigIntegerField(null=True)),
                ("earlier_id", models.BigIntegerField(null=True)),
            ],
            options={"verbose_name": "provider's name of a touch"},
        ),
    ]
