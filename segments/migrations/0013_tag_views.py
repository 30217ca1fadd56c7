import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("segments", "0012_tag_terms"),
    ]

    operations = [
        migrations.AddField(
            model_name="tagscore",
            name="views",
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="views"),
        ),
        migrations.CreateModel(
            name="TagView",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tag_id",
                        "viewed_on",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("viewed_on", models.DateField(verbose_name="day")),
                ("views", models.PositiveIntegerField(verbose_name="views")),
                (
                    "tag",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="views",
                        to="segments.tag",
                    ),
                ),
            ],
            options={
                "verbose_name": "views of a tag",
                "verbose_name_plural": "views of tags",
            },
        ),
    ]
