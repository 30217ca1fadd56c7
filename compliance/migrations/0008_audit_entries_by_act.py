"""Acts of one kind in their order, for the bounds on what one person does in a day."""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The trail of a house that has worked for years is long: nobody waits for its index.
    atomic = False
    dependencies: ClassVar = [("compliance", "0007_not_emptied")]
    operations: ClassVar = [
        AddIndexConcurrently(
            "auditentry", models.Index(fields=["action", "at"], name="auditentry_by_act")
        )
    ]
