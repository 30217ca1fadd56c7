"""The merge ledger can only be added to; the rules by which customers are matched."""

from typing import Any, ClassVar

from django.db import migrations

TRIGGERS = """
CREATE TRIGGER merge_append_only BEFORE UPDATE OR DELETE ON customers_merge
    FOR EACH ROW EXECUTE FUNCTION customers_refuse_change();
CREATE TRIGGER mergemove_append_only BEFORE UPDATE OR DELETE ON customers_mergemove
    FOR EACH ROW EXECUTE FUNCTION customers_refuse_change();
"""
UNDO = """
DROP TRIGGER merge_append_only ON customers_merge;
DROP TRIGGER mergemove_append_only ON customers_mergemove;
"""
# Kind, whether it merges, holders at most, people at most. A push token belongs to a device, and
# devices are lent; two holders of one number may be one person, three are a family.
RULES = (
    ("unionid", True, 5, 5),
    ("openid", True, 5, 5),
    ("email", True, 2, 3),
    ("phone", True, 2, 3),
    ("device", False, 2, 2),
)


def add_rules(apps: Any, schema_editor: Any) -> None:
    rule = apps.get_model("customers", "MatchRule")
    for kind, merges, holders, people in RULES:
        rule.objects.get_or_create(
            kind=kind,
            defaults={"merges": merges, "holders_at_most": holders, "people_at_most": people},
        )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0008_merge_ledger")]
    operations: ClassVar = [
        migrations.RunSQL(TRIGGERS, UNDO),
        migrations.RunPython(add_rules, migrations.RunPython.noop),
    ]
