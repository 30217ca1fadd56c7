"""TRUNCATE fires no trigger of a row: the audit trail and the verdicts refuse it as well."""

from typing import ClassVar

from django.db import migrations

GUARDS = """
CREATE TRIGGER auditentry_not_emptied BEFORE TRUNCATE ON compliance_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION compliance_refuse_change();
CREATE TRIGGER review_not_emptied BEFORE TRUNCATE ON compliance_review
    FOR EACH STATEMENT EXECUTE FUNCTION compliance_refuse_change();
CREATE TRIGGER rulepack_not_emptied BEFORE TRUNCATE ON compliance_rulepack
    FOR EACH STATEMENT EXECUTE FUNCTION compliance_refuse_change();
"""

UNDO = """
DROP TRIGGER rulepack_not_emptied ON compliance_rulepack;
DROP TRIGGER review_not_emptied ON compliance_review;
DROP TRIGGER auditentry_not_emptied ON compliance_auditentry;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("compliance", "0006_sign_in_tries")]
    operations: ClassVar = [migrations.RunSQL(GUARDS, UNDO)]
