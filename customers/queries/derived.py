"""Fields that the floors above fill."""

from typing import Final

SET_LIFECYCLES: Final = """
    UPDATE customers_customer customer
    SET lifecycle = given.stage, updated_at = %(now)s,
        told_at = customer.told_at
            || jsonb_build_object('lifecycle', extract(epoch FROM %(now)s::timestamptz))
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (id bigint, stage text)
    WHERE customer.id = given.id AND customer.status = 'active'
      AND customer.lifecycle IS DISTINCT FROM given.stage
"""


# A field that was registered under this name before, by a file, is the product's from now on.
REGISTER: Final = """
    INSERT INTO customers_attribute (key, type, label_en, label_zh, is_derived)
    SELECT key, type, en, zh, true FROM jsonb_to_recordset(%(rows)s::jsonb)
        AS given (key text, type text, en text, zh text)
    ON CONFLICT (key) DO UPDATE SET type = excluded.type, label_en = excluded.label_en,
        label_zh = excluded.label_zh, is_derived = true
"""


SET_ATTRIBUTES: Final = """
    UPDATE customers_customer customer SET attributes = fresh.attributes, updated_at = %(now)s
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (id bigint, values jsonb)
    JOIN customers_customer stored ON stored.id = given.id
    CROSS JOIN LATERAL (
        SELECT jsonb_strip_nulls(stored.attributes || given.values) AS attributes) fresh
    WHERE customer.id = given.id AND customer.status = 'active'
      AND customer.attributes <> fresh.attributes
"""
