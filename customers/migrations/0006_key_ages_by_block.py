from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("customers", "0005_collection_plan_and_quarantine"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="eventkey",
            index=BrinIndex(fields=["received_at"], name="eventkey_received"),
        ),
        RemoveIndexConcurrently(model_name="eventkey", name="eventkey_age"),
    ]
