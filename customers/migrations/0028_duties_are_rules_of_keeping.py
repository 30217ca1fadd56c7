"""How long the law wants customers kept stands in the rules now (K-02, K-03), as shipped here."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0027_values_by_the_time_they_tell_of")]
    operations: ClassVar = [migrations.DeleteModel(name="RetentionDuty")]
