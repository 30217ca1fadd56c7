"""Fields that the floors above fill."""

from typing import Final

# Both lock whom they change in the order in which files write, and by that read him anew.
SET_LIFECYCLES: Final = """
    WITH changed AS (
        SELECT stored.id, given.stage
        FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (id bigint, stage text)
        JOIN customers_customer stored ON stored.id = given.id
        WHERE stored.status = 'active' AND stored.lifecycle IS DISTINCT FROM given.stage
        ORDER BY stored.customer_no FOR NO KEY UPDATE OF stored)
    UPDATE customers_customer customer
    SET lifecycle = changed.stage, updated_at = %(now)s,
        told_at = customer.told_at
            || jsonb_build_object('lifecycle', extract(epoch FROM %(now)s::timestamptz))
    FROM changed WHERE customer.id = changed.id
"""


# A field that was registered under this name before, by a file, is the product's from now on.
REGISTER: Final = """
    INSERT INTO customers_attribute (key, type, label_en, label_zh, is_derived)
    SELECT key, type, en, zh, true FROM jsonb_to_recordset(%(rows)s::jsonb)
        AS given (key text, type text, en text, zh text)
    ON CONFLICT (key) DO UPDATE SET type = excluded.type, label_en = excluded.label_en,
        label_zh = excluded.label_zh, is_derived = true
"""


# A field so named says why the field without this ending has its value, and goes with it.
REASON: Final = "_why"


# Who has refused personalisation since the values were computed loses them instead, and whoever
# had one of them deleted gets all but that. A refusal of whom was merged into him is his own.
SET_ATTRIBUTES: Final = f"""
    WITH given AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (id bigint, values jsonb)),
    refused AS MATERIALIZED (
        SELECT given.id, array_agg(r.tag) || array_agg(r.tag || '{REASON}') AS tags
        FROM customers_tagrefusal r JOIN customers_customer who ON who.id = r.customer_id
        JOIN given ON given.id = coalesce(who.merged_into_id, who.id) AND given.values ? r.tag
        GROUP BY given.id),
    changed AS (
        SELECT stored.id, fresh.attributes
        FROM given JOIN customers_customer stored ON stored.id = given.id
        LEFT JOIN refused ON refused.id = given.id
        CROSS JOIN LATERAL (
            SELECT CASE WHEN stored.personalise_off
                THEN stored.attributes - ARRAY(SELECT jsonb_object_keys(given.values))
                ELSE jsonb_strip_nulls(stored.attributes || given.values)
                    - coalesce(refused.tags, '{{}}'::text[]) END AS attributes) fresh
        WHERE stored.status = 'active' AND stored.attributes <> fresh.attributes
        ORDER BY stored.customer_no FOR NO KEY UPDATE OF stored)
    UPDATE customers_customer customer
    SET attributes = changed.attributes, updated_at = %(now)s
    FROM changed WHERE customer.id = changed.id
"""
