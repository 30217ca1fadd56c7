"""A write of the open API that comes again under one key is answered, and not done again."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0028_duties_are_rules_of_keeping")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="AnsweredRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source_id", models.BigIntegerField()),
                ("key_hash", models.BinaryField(max_length=32)),
                ("request_hash", models.BinaryField(max_length=32)),
                ("status", models.PositiveSmallIntegerField()),
                ("answer_cipher", models.BinaryField()),
                ("answered_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "answered request",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source_id", "key_hash"), name="answeredrequest_once"
                    )
                ],
            },
        ),
    ]
