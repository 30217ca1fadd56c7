"""Tags run out by an index, may be refused for good, and end with the will to be sorted by data."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

# By whatever way a customer comes to refuse personalisation (his page, the API, a file, a merge):
# what was concluded from his data ends in the same transaction. The sources are those of
# `vocabulary.DERIVED_SOURCES`.
TRIGGER = """
CREATE FUNCTION customers_end_derived() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM customers_tagging
    WHERE customer_id = NEW.id AND source IN ('rule', 'statistic', 'model');
    NEW.attributes := NEW.attributes - ARRAY(
        SELECT key::text FROM customers_attribute WHERE is_derived);
    RETURN NEW;
END $$;
CREATE TRIGGER customer_derived_ends BEFORE UPDATE ON customers_customer
    FOR EACH ROW
    WHEN ((NEW.personalise_off AND NOT OLD.personalise_off)
          OR (NEW.status = 'restricted' AND OLD.status <> 'restricted'))
    EXECUTE FUNCTION customers_end_derived();
"""
UNDO = """
DROP TRIGGER customer_derived_ends ON customers_customer;
DROP FUNCTION customers_end_derived();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0020_kyc_and_corporate_actions")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="attribute",
            name="is_derived",
            field=models.BooleanField(default=False, db_default=False, verbose_name="derived"),
        ),
        migrations.AddIndex(
            model_name="tagging",
            index=models.Index(
                condition=models.Q(("valid_until__isnull", False)),
                fields=["valid_until"],
                name="tagging_due",
            ),
        ),
        migrations.CreateModel(
            name="TagRefusal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tag", models.CharField(max_length=64, verbose_name="tag")),
                ("refused_at", models.DateTimeField(verbose_name="refused at")),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tag_refusals",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "refused tag",
                "verbose_name_plural": "refused tags",
                "constraints": [
                    models.UniqueConstraint(fields=("customer", "tag"), name="tagrefusal_once")
                ],
            },
        ),
        migrations.RunSQL(TRIGGER, UNDO),
    ]
