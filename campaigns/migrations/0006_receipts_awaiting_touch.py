"""Find the receipts that came before their touch had a name."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies: ClassVar = [("campaigns", "0005_touch_alias")]
    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="receipt",
            index=models.Index(
                condition=models.Q(
                    ("touch__isnull", True), models.Q(("provider_id", ""), _negated=True)
                ),
                fields=["account", "provider_id"],
                name="receipt_awaiting_touch",
            ),
        ),
    ]
