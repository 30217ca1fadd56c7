"""Tags of the dictionary that other systems give: files may give them from now on."""

from typing import ClassVar

from django.db import migrations

# Those the product ships and fills itself: they have a value, which no file gives.
FILLED = (
    "aum_product",
    "consent_call",
    "consent_push",
    "consent_sms",
    "consent_wecom",
    "holds_mmf",
    "horizon",
    "investor_type",
    "lowest_class",
    "objective",
    "permissions",
    "personalize_off",
    "region",
    "risk_level",
    "src_campaign",
    "src_channel",
    "total_asset",
)
FILL = """
INSERT INTO customers_tagterm (tag, source, ttl_days)
SELECT tag.key, newest.source, newest.ttl_days
FROM segments_tag tag
JOIN LATERAL (SELECT source, ttl_days FROM segments_tagversion
              WHERE tag_id = tag.id ORDER BY number DESC LIMIT 1) newest ON true
WHERE tag.state IN ('active', 'retiring') AND newest.source IN ('api', 'file')
  AND tag.key <> ALL(%s)
ON CONFLICT (tag) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("segments", "0011_lookalike_runs"),
        ("customers", "0023_tag_terms"),
    ]
    operations: ClassVar = [migrations.RunSQL([(FILL, [list(FILLED)])], migrations.RunSQL.noop)]
