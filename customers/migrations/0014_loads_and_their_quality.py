"""Files in stages, and the rules that judge them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0013_days_by_month"),
    ]

    operations = [
        migrations.CreateModel(
            name="QualityResult",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "aspect",
                    models.CharField(
                        choices=[
                            ("types", "types"),
                            ("ranges", "ranges"),
                            ("uniqueness", "uniqueness"),
                            ("references", "references"),
                            ("freshness", "freshness"),
                            ("completeness", "completeness"),
                            ("volume", "volume"),
                            ("reconciliation", "reconciliation"),
                        ],
                        max_length=14,
                        verbose_name="aspect",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[("passed", "passed"), ("warned", "warned"), ("failed", "failed")],
                        max_length=8,
                        verbose_name="outcome",
                    ),
                ),
                (
                    "observed",
                    models.DecimalField(
                        decimal_places=4, max_digits=16, null=True, verbose_name="observed"
                    ),
                ),
                (
                    "limit",
                    models.DecimalField(decimal_places=4, max_digits=10, verbose_name="limit"),
                ),
                ("rows", models.PositiveBigIntegerField(default=0, verbose_name="rows")),
            ],
            options={
                "verbose_name": "result of quality",
                "verbose_name_plural": "results of quality",
            },
        ),
        migrations.CreateModel(
            name="QualityRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20, verbose_name="kind")),
                (
                    "aspect",
                    models.CharField(
                        choices=[
                            ("types", "types"),
                            ("ranges", "ranges"),
                            ("uniqueness", "uniqueness"),
                            ("references", "references"),
                            ("freshness", "freshness"),
                            ("completeness", "completeness"),
                            ("volume", "volume"),
                            ("reconciliation", "reconciliation"),
                        ],
                        max_length=14,
                        verbose_name="aspect",
                    ),
                ),
                (
                    "limit",
                    models.DecimalField(decimal_places=4, max_digits=10, verbose_name="limit"),
                ),
                ("details", models.JSONField(blank=True, default=dict, verbose_name="details")),
                ("blocks", models.BooleanField(default=True, verbose_name="blocks")),
                ("is_active", models.BooleanField(default=True, verbose_name="in force")),
            ],
            options={
                "verbose_name": "rule of quality",
                "verbose_name_plural": "rules of quality",
            },
        ),
        migrations.CreateModel(
            name="SavedMapping",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20, verbose_name="kind")),
                ("name", models.SlugField(max_length=64, verbose_name="name")),
                (
                    "id_column",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="column of the number"
                    ),
                ),
                ("columns", models.JSONField(default=dict, verbose_name="columns")),
                ("saved_by", models.CharField(blank=True, max_length=150, verbose_name="saved by")),
                ("saved_at", models.DateTimeField(verbose_name="saved at")),
            ],
            options={
                "verbose_name": "saved mapping",
                "verbose_name_plural": "saved mappings",
            },
        ),
        migrations.CreateModel(
            name="StagedRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "load_id",
                        "number",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "load",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="customers.importjob",
                    ),
                ),
                ("number", models.PositiveBigIntegerField()),
                ("line", models.PositiveBigIntegerField()),
                ("key", models.TextField()),
                ("data", models.JSONField()),
                ("code", models.CharField(blank=True, max_length=40)),
                ("column", models.CharField(blank=True, max_length=200)),
                ("value", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "verbose_name": "staged row",
            },
        ),
        migrations.AddField(
            model_name="importjob",
            name="kind",
            field=models.CharField(
                db_default="customers", default="customers", max_length=20, verbose_name="kind"
            ),
        ),
        migrations.AddField(
            model_name="importjob",
            name="newest_on",
            field=models.DateField(null=True, verbose_name="newest day in the file"),
        ),
        migrations.AddField(
            model_name="importjob",
            name="rows_total",
            field=models.PositiveBigIntegerField(
                db_default=0, default=0, verbose_name="rows in the file"
            ),
        ),
        migrations.AddField(
            model_name="importjob",
            name="told_at",
            field=models.DateTimeField(null=True, verbose_name="last heard of"),
        ),
        migrations.AddField(
            model_name="importjob",
            name="waits_for",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.importjob",
                verbose_name="waits for",
            ),
        ),
        migrations.AlterField(
            model_name="importjob",
            name="state",
            field=models.CharField(
                choices=[
                    ("running", "Running"),
                    ("done", "Done"),
                    ("blocked", "Blocked"),
                    ("waiting", "Waiting"),
                    ("replaced", "Replaced"),
                    ("rejected", "Rejected"),
                ],
                default="running",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AddIndex(
            model_name="importjob",
            index=models.Index(fields=["source", "kind", "-id"], name="importjob_newest"),
        ),
        migrations.AddField(
            model_name="qualityresult",
            name="load",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="results",
                to="customers.importjob",
            ),
        ),
        migrations.AddConstraint(
            model_name="qualityrule",
            constraint=models.UniqueConstraint(fields=("kind", "aspect"), name="qualityrule_once"),
        ),
        migrations.AddConstraint(
            model_name="qualityrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("limit__gte", 0)), name="qualityrule_limit"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedmapping",
            constraint=models.UniqueConstraint(fields=("kind", "name"), name="savedmapping_once"),
        ),
        migrations.AddConstraint(
            model_name="qualityresult",
            constraint=models.UniqueConstraint(fields=("load", "aspect"), name="result_of_aspect"),
        ),
    ]
