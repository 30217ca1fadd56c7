"""Reports ask which receipts arrived after their cut-off: a small index of the arrival's order."""

from typing import ClassVar

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("campaigns", "0010_routes_between_accounts")]
    operations: ClassVar = [
        migrations.AddIndex(
            model_name="receipt",
            index=django.contrib.postgres.indexes.BrinIndex(
                fields=["received_at"], name="receipt_by_arrival"
            ),
        ),
    ]
