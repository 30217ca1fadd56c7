"""The database itself refuses to change the audit trail or a given verdict."""

from typing import ClassVar

from django.db import migrations

GUARDS = """
CREATE FUNCTION compliance_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER auditentry_append_only BEFORE UPDATE OR DELETE ON compliance_auditentry
    FOR EACH ROW EXECUTE FUNCTION compliance_refuse_change();

CREATE TRIGGER review_verdict_is_final BEFORE UPDATE OR DELETE ON compliance_review
    FOR EACH ROW WHEN (OLD.verdict <> 'pending') EXECUTE FUNCTION compliance_refuse_change();
"""

UNDO = """
DROP TRIGGER review_verdict_is_final ON compliance_review;
DROP TRIGGER auditentry_append_only ON compliance_auditentry;
DROP FUNCTION compliance_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("compliance", "0001_initial")]
    operations: ClassVar = [migrations.RunSQL(GUARDS, UNDO)]
