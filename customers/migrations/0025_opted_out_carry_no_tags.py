"""Whoever refuses personalisation carries no tag at all, whoever gave it.

Of those whose processing is restricted only conclusions end, as before: what other systems know of
them is theirs to have back.
"""

from typing import ClassVar

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION customers_end_derived() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM customers_tagging
    WHERE customer_id = NEW.id
      AND ({everything} source IN ('rule', 'statistic', 'model'));
    NEW.attributes := NEW.attributes - ARRAY(
        SELECT key::text FROM customers_attribute WHERE is_derived);
    RETURN NEW;
END $$;
"""
END_THOSE_LEFT = """
DELETE FROM customers_tagging t USING customers_customer c
WHERE c.id = t.customer_id AND c.personalise_off;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0024_not_emptied")]
    operations: ClassVar = [
        migrations.RunSQL(
            FUNCTION.format(everything="NEW.personalise_off OR") + END_THOSE_LEFT,
            FUNCTION.format(everything=""),
        )
    ]
