"""TRUNCATE fires no trigger of a row: the ledgers of consents and merges refuse it as well."""

from typing import ClassVar

from django.db import migrations

GUARDS = """
CREATE TRIGGER consent_not_emptied BEFORE TRUNCATE ON customers_consent
    FOR EACH STATEMENT EXECUTE FUNCTION customers_refuse_change();
CREATE TRIGGER merge_not_emptied BEFORE TRUNCATE ON customers_merge
    FOR EACH STATEMENT EXECUTE FUNCTION customers_refuse_change();
CREATE TRIGGER mergemove_not_emptied BEFORE TRUNCATE ON customers_mergemove
    FOR EACH STATEMENT EXECUTE FUNCTION customers_refuse_change();
"""

UNDO = """
DROP TRIGGER mergemove_not_emptied ON customers_mergemove;
DROP TRIGGER merge_not_emptied ON customers_merge;
DROP TRIGGER consent_not_emptied ON customers_consent;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0023_tag_terms")]
    operations: ClassVar = [migrations.RunSQL(GUARDS, UNDO)]
