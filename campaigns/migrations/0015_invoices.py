"""What providers charge, as they say it."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("campaigns", "0014_names_in_both_languages"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Invoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("file_name", models.CharField(max_length=255, verbose_name="file")),
                ("file_hash", models.CharField(max_length=64, verbose_name="SHA-256 of the file")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("lines_ok", models.PositiveIntegerField(default=0, verbose_name="lines taken")),
                ("bad_lines", models.JSONField(default=list, verbose_name="lines refused")),
                ("lines_bad", models.PositiveIntegerField(default=0, verbose_name="lines refused")),
                ("taken_at", models.DateTimeField(verbose_name="taken at")),
                ("taken_by", models.CharField(max_length=150, verbose_name="taken by")),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.provideraccount",
                    ),
                ),
            ],
            options={
                "verbose_name": "provider invoice",
                "verbose_name_plural": "provider invoices",
            },
        ),
        migrations.CreateModel(
            name="InvoiceLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="line")),
                (
                    "reference",
                    models.CharField(max_length=200, verbose_name="provider's id or our key"),
                ),
                ("segments", models.PositiveSmallIntegerField(verbose_name="segments")),
                (
                    "amount",
                    models.DecimalField(decimal_places=6, max_digits=14, verbose_name="amount"),
                ),
                ("billed_on", models.DateField(verbose_name="date")),
                (
                    "invoice",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="campaigns.invoice",
                    ),
                ),
            ],
            options={
                "verbose_name": "invoice line",
                "verbose_name_plural": "invoice lines",
            },
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                fields=("account", "file_hash"), name="invoice_once"
            ),
        ),
        migrations.AddIndex(
            model_name="invoiceline",
            index=models.Index(fields=["reference"], name="invoiceline_reference"),
        ),
        migrations.AddConstraint(
            model_name="invoiceline",
            constraint=models.UniqueConstraint(
                fields=("invoice", "number"), name="invoiceline_once"
            ),
        ),
    ]
