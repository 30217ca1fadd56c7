"""Addresses that nobody may write to again."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

KINDS = (
    "customer_no",
    "user_id",
    "anonymous_id",
    "phone",
    "email",
    "device",
    "openid",
    "unionid",
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("campaigns", "0012_products_and_contacts")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Suppression",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[(kind, kind) for kind in KINDS],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                ("value_hash", models.BinaryField(max_length=32)),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("complained", "Complained about a message"),
                            ("undeliverable", "The address does not exist"),
                            ("by_hand", "Put in by a person"),
                        ],
                        max_length=16,
                        verbose_name="reason",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.provideraccount",
                    ),
                ),
            ],
            options={
                "verbose_name": "suppressed address",
                "verbose_name_plural": "suppressed addresses",
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "value_hash"), name="suppression_once"),
                    models.CheckConstraint(
                        condition=models.Q(("why__in", ["complained", "undeliverable", "by_hand"])),
                        name="suppression_why_known",
                    ),
                ],
            },
        ),
    ]
