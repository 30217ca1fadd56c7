"""TRUNCATE fires no trigger of a row: answers, judgements and versions refuse it as well."""

from typing import ClassVar

from django.db import migrations

GUARDS = """
CREATE TRIGGER decision_not_emptied BEFORE TRUNCATE ON campaigns_decision
    FOR EACH STATEMENT EXECUTE FUNCTION campaigns_refuse_change();
CREATE TRIGGER confirmation_not_emptied BEFORE TRUNCATE ON campaigns_confirmation
    FOR EACH STATEMENT EXECUTE FUNCTION campaigns_refuse_change();
CREATE TRIGGER earlierjudgement_not_emptied BEFORE TRUNCATE ON campaigns_earlierjudgement
    FOR EACH STATEMENT EXECUTE FUNCTION campaigns_refuse_change();
CREATE TRIGGER journeyversion_not_emptied BEFORE TRUNCATE ON campaigns_journeyversion
    FOR EACH STATEMENT EXECUTE FUNCTION campaigns_refuse_change();
CREATE TRIGGER templateversion_not_emptied BEFORE TRUNCATE ON campaigns_templateversion
    FOR EACH STATEMENT EXECUTE FUNCTION campaigns_refuse_change();
"""

UNDO = """
DROP TRIGGER templateversion_not_emptied ON campaigns_templateversion;
DROP TRIGGER journeyversion_not_emptied ON campaigns_journeyversion;
DROP TRIGGER earlierjudgement_not_emptied ON campaigns_earlierjudgement;
DROP TRIGGER confirmation_not_emptied ON campaigns_confirmation;
DROP TRIGGER decision_not_emptied ON campaigns_decision;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("campaigns", "0025_opted_out_addresses")]
    operations: ClassVar = [migrations.RunSQL(GUARDS, UNDO)]
