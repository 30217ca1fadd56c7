"""An address may be suppressed because its owner asked for no more advertising."""

from typing import ClassVar

from django.db import migrations, models

WHY = {
    "complained": "Complained about a message",
    "opted_out": "Asked for no more advertising",
    "undeliverable": "The address does not exist",
    "by_hand": "Put in by a person",
}


class Migration(migrations.Migration):
    dependencies: ClassVar = [("campaigns", "0024_follow_merges")]
    operations: ClassVar = [
        migrations.AlterField(
            "suppression",
            "why",
            models.CharField(choices=list(WHY.items()), max_length=16, verbose_name="reason"),
        ),
        migrations.RemoveConstraint("suppression", "suppression_why_known"),
        migrations.AddConstraint(
            "suppression",
            models.CheckConstraint(
                condition=models.Q(("why__in", list(WHY))), name="suppression_why_known"
            ),
        ),
    ]
