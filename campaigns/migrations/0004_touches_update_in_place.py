"""A touch changes state four times: let each change stay in its page and leave the content alone.

An index whose predicate names ``state`` makes every change of state write to every index of the
row; a content of a kilobyte inside the row is copied with every change. Both go.
"""

from typing import ClassVar

from django.db import migrations

STORAGE = """
ALTER TABLE campaigns_touch ALTER COLUMN content_cipher SET STORAGE EXTERNAL;
ALTER TABLE campaigns_touch SET (toast_tuple_target = 256, fillfactor = 70);
"""

UNDO = """
ALTER TABLE campaigns_touch RESET (toast_tuple_target);
ALTER TABLE campaigns_touch SET (fillfactor = 80);
ALTER TABLE campaigns_touch ALTER COLUMN content_cipher SET STORAGE EXTENDED;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("campaigns", "0003_enrolment_visits")]
    operations: ClassVar = [
        migrations.RemoveIndex(model_name="touch", name="touch_needs_a_person"),
        migrations.RunSQL(STORAGE, UNDO),
    ]
