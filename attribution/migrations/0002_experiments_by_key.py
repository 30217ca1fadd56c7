"""A later version may have another experiment where one stood: the key alone tells them apart."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("attribution", "0001_initial")]
    operations: ClassVar = [
        migrations.RemoveConstraint(model_name="experiment", name="experiment_per_node")
    ]
