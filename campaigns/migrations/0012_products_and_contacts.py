import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0011_receipts_by_arrival"),
        ("customers", "0003_suitability_facts"),
    ]

    operations = [
        migrations.CreateModel(
            name="RestrictedVerdict",
            fields=[
                (
                    "touch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="campaigns.touch",
                    ),
                ),
                ("grounds", models.CharField(max_length=200, verbose_name="grounds")),
                ("at", models.DateTimeField(verbose_name="at")),
            ],
            options={
                "verbose_name": "restricted verdict",
                "verbose_name_plural": "restricted verdicts",
            },
        ),
        migrations.AddField(
            model_name="templateversion",
            name="product",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=64, verbose_name="product"
            ),
        ),
        migrations.AddField(
            model_name="touch",
            name="product",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=64, verbose_name="product"
            ),
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                (
                    "touch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="campaigns.touch",
                    ),
                ),
                ("channel", models.CharField(max_length=10)),
                ("product", models.CharField(blank=True, max_length=64)),
                ("local_on", models.DateField()),
                ("at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="customers.customer",
                    ),
                ),
                (
                    "journey",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="campaigns.journey",
                    ),
                ),
            ],
            options={
                "verbose_name": "contact",
                "verbose_name_plural": "contacts",
                "indexes": [
                    models.Index(fields=["customer", "local_on"], name="contact_of_customer")
                ],
            },
        ),
    ]
