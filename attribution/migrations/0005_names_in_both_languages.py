"""Columns of the console have names that can be translated; no table changes."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("attribution", "0004_goals_by_definition"),
    ]

    operations = [
        migrations.AlterField(
            model_name="channelcost",
            name="journey",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="costs",
                to="campaigns.journey",
                verbose_name="journey",
            ),
        ),
        migrations.AlterField(
            model_name="experiment",
            name="journey",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="experiments",
                to="campaigns.journey",
                verbose_name="journey",
            ),
        ),
    ]
