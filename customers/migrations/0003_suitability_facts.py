import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0002_event_and_consent_ledgers"),
    ]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="average_asset",
            field=models.DecimalField(
                blank=True,
                decimal_places=4,
                max_digits=20,
                null=True,
                verbose_name="average assets of 20 days",
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="horizon_months",
            field=models.PositiveSmallIntegerField(
                blank=True, null=True, verbose_name="investment horizon (months)"
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="internal_hold",
            field=models.BooleanField(default=False, verbose_name="internal hold"),
        ),
        migrations.AddField(
            model_name="customer",
            name="objectives",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40),
                null=True,
                size=None,
                verbose_name="investment objectives",
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="permissions",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40),
                null=True,
                size=None,
                verbose_name="trading permissions",
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="professional_until",
            field=models.DateField(blank=True, null=True, verbose_name="professional until"),
        ),
        migrations.AddField(
            model_name="customer",
            name="qualified_until",
            field=models.DateField(blank=True, null=True, verbose_name="qualified investor until"),
        ),
        migrations.AddField(
            model_name="customer",
            name="risk_assessed_on",
            field=models.DateField(blank=True, null=True, verbose_name="assessed on"),
        ),
        migrations.AddField(
            model_name="customer",
            name="trading_since",
            field=models.DateField(blank=True, null=True, verbose_name="trading since"),
        ),
        migrations.CreateModel(
            name="RiskAssessment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("level", models.CharField(max_length=2, verbose_name="risk level")),
                (
                    "score",
                    models.DecimalField(
                        decimal_places=2, max_digits=7, null=True, verbose_name="score"
                    ),
                ),
                ("lowest_class", models.BooleanField(verbose_name="lowest class")),
                (
                    "horizon_months",
                    models.PositiveSmallIntegerField(
                        null=True, verbose_name="investment horizon (months)"
                    ),
                ),
                (
                    "objectives",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        default=list,
                        size=None,
                        verbose_name="investment objectives",
                    ),
                ),
                ("assessed_at", models.DateTimeField(verbose_name="assessed at")),
                ("valid_until", models.DateField(null=True, verbose_name="assessment valid until")),
                ("source", models.CharField(max_length=80, verbose_name="source")),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assessments",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "risk assessment",
                "verbose_name_plural": "risk assessments",
                "indexes": [
                    models.Index(fields=["customer", "-assessed_at"], name="riskassessment_newest")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("level__in", ["C1", "C2", "C3", "C4", "C5"])),
                        name="riskassessment_level_known",
                    )
                ],
            },
        ),
    ]
