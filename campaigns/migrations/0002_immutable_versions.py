"""What was submitted for review stays as it was read; steps taken stay taken."""

from typing import ClassVar

from django.db import migrations

GUARDS = """
CREATE FUNCTION campaigns_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this row of % cannot be changed', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER journeyversion_graph_is_final BEFORE UPDATE ON campaigns_journeyversion
    FOR EACH ROW WHEN (OLD.submitted_at IS NOT NULL AND (OLD.graph <> NEW.graph
        OR OLD.graph_hash <> NEW.graph_hash OR OLD.number <> NEW.number))
    EXECUTE FUNCTION campaigns_refuse_change();
CREATE TRIGGER journeyversion_stays BEFORE DELETE ON campaigns_journeyversion
    FOR EACH ROW WHEN (OLD.submitted_at IS NOT NULL) EXECUTE FUNCTION campaigns_refuse_change();
CREATE TRIGGER templateversion_is_final BEFORE UPDATE ON campaigns_templateversion
    FOR EACH ROW EXECUTE FUNCTION campaigns_refuse_change();
CREATE TRIGGER touch_content_is_frozen BEFORE UPDATE OF key, content_hash, content_cipher
    ON campaigns_touch FOR EACH ROW
    WHEN (OLD.key <> NEW.key
          OR OLD.content_hash <> '' AND OLD.content_hash <> NEW.content_hash)
    EXECUTE FUNCTION campaigns_refuse_change();
ALTER TABLE campaigns_touch SET (fillfactor = 80);
ALTER TABLE campaigns_enrolment SET (fillfactor = 80);
"""

UNDO = """
DROP TRIGGER touch_content_is_frozen ON campaigns_touch;
DROP TRIGGER templateversion_is_final ON campaigns_templateversion;
DROP TRIGGER journeyversion_stays ON campaigns_journeyversion;
DROP TRIGGER journeyversion_graph_is_final ON campaigns_journeyversion;
DROP FUNCTION campaigns_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("campaigns", "0001_initial")]
    operations: ClassVar = [migrations.RunSQL(GUARDS, UNDO)]
