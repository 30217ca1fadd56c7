"""TRUNCATE fires no trigger of a row: exports and versions refuse it as well."""

from typing import ClassVar

from django.db import migrations

GUARDS = """
CREATE TRIGGER segmentversion_not_emptied BEFORE TRUNCATE ON segments_segmentversion
    FOR EACH STATEMENT EXECUTE FUNCTION segments_refuse_change();
CREATE TRIGGER memberexport_not_emptied BEFORE TRUNCATE ON segments_memberexport
    FOR EACH STATEMENT EXECUTE FUNCTION segments_refuse_change();
CREATE TRIGGER tagversion_not_emptied BEFORE TRUNCATE ON segments_tagversion
    FOR EACH STATEMENT EXECUTE FUNCTION segments_refuse_change();
"""

UNDO = """
DROP TRIGGER tagversion_not_emptied ON segments_tagversion;
DROP TRIGGER memberexport_not_emptied ON segments_memberexport;
DROP TRIGGER segmentversion_not_emptied ON segments_segmentversion;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("segments", "0013_tag_views")]
    operations: ClassVar = [migrations.RunSQL(GUARDS, UNDO)]
