"""What undoing a merge brings back."""

from customers.queries.merges import FILLED, FILLED_IN, STRICTER

_BACK = """
    UPDATE {table} r SET customer_id = m.gone_id
    FROM customers_merge m JOIN customers_mergemove v ON v.merge_id = m.id AND v.what = '{what}'
    WHERE m.id = %(merge)s AND r.id = v.row_id AND r.customer_id = m.kept_id
"""


RESTORE_CUSTOMERS = """
    -- Those who had been merged into the one that went belong to it again.
    UPDATE customers_customer c
    SET merged_into_id = CASE WHEN c.id = m.gone_id THEN NULL ELSE m.gone_id END,
        status = CASE WHEN c.id = m.gone_id THEN 'active' ELSE c.status END, updated_at = %(now)s
    FROM customers_merge m
    WHERE m.id = %(merge)s AND c.merged_into_id = m.kept_id AND (c.id = m.gone_id OR c.id IN (
        SELECT row_id FROM customers_mergemove WHERE merge_id = m.id AND what = 'customer'))
"""


TAKE_BACK = """
    -- What was filled in is taken out, unless the customer told otherwise since.
    UPDATE customers_customer kept
    SET {columns}, {raised},
        attributes = kept.attributes - ARRAY(
            SELECT key FROM jsonb_array_elements_text(m.filled -> 'attributes') AS key
            WHERE kept.attributes -> key = gone.attributes -> key),
        told_at = kept.told_at - ARRAY(
            SELECT told.key FROM jsonb_each(gone.told_at) AS told
            WHERE {filled} AND kept.told_at -> told.key = told.value),
        updated_at = %(now)s
    FROM customers_merge m JOIN customers_customer gone ON gone.id = m.gone_id
    WHERE m.id = %(merge)s AND kept.id = m.kept_id
""".format(
    filled=FILLED_IN.format("m"),
    columns=", ".join(
        f"{name} = CASE WHEN m.filled -> 'columns' ? '{name}' AND kept.{name} = gone.{name}"
        f" THEN NULL ELSE kept.{name} END"
        for name in FILLED
    ),
    raised=", ".join(
        f"{name} = CASE WHEN m.filled -> 'raised' ? '{name}' THEN false ELSE kept.{name} END"
        for name in STRICTER
    ),
)


RESTORE_CONSENTS = """
    -- The one that stays says again what it said before the merge, where nothing was said since;
    -- a no that was said while they were one counts for both. What the other confirmed by a link
    -- of its own is its own again.
    WITH m AS (SELECT * FROM customers_merge WHERE id = %(merge)s),
    leaving AS (
        SELECT gone_id AS id FROM m
        UNION ALL
        SELECT row_id FROM customers_mergemove WHERE merge_id = %(merge)s AND what = 'customer'),
    newest AS (
        SELECT DISTINCT ON (c.purpose, c.channel) c.* FROM customers_consent c, m
        WHERE c.customer_id = m.kept_id ORDER BY c.purpose, c.channel, c.id DESC),
    confirmed AS (
        SELECT n.* FROM newest n JOIN leaving ON (n.evidence ->> 'of')::bigint = leaving.id
        WHERE n.source = 'double-opt-in'),
    brought AS (
        SELECT c.* FROM customers_consent c CROSS JOIN m
        WHERE c.customer_id = m.kept_id AND c.source = 'merge'
          AND (c.evidence ->> 'merge')::bigint = m.id AND (
            c.id IN (SELECT id FROM newest)
            OR (c.purpose, c.channel) IN (SELECT purpose, channel FROM confirmed)))
    INSERT INTO customers_consent
        (customer_id, purpose, channel, state, notice_version, source, evidence, at)
    SELECT m.kept_id, b.purpose, b.channel, coalesce(before.state, 'void'),
           coalesce(before.notice_version, ''), 'unmerge', jsonb_build_object('merge', m.id),
           %(now)s
    FROM brought b CROSS JOIN m LEFT JOIN LATERAL (
        SELECT state, notice_version FROM customers_consent c
        WHERE c.customer_id = m.kept_id AND c.purpose = b.purpose AND c.channel = b.channel
          AND c.id < b.id ORDER BY c.id DESC LIMIT 1) before ON true
    UNION ALL
    SELECT m.gone_id, n.purpose, n.channel, 'withdrawn', '', 'unmerge',
           jsonb_build_object('merge', m.id), %(now)s
    FROM newest n CROSS JOIN m
    WHERE n.state = 'withdrawn' AND n.at >= m.at AND n.source <> 'merge'
    UNION ALL
    SELECT m.gone_id, s.purpose, s.channel, s.state, s.notice_version, s.source,
           CASE (s.evidence ->> 'of')::bigint WHEN m.gone_id THEN s.evidence - 'of'
                ELSE s.evidence END, %(now)s
    FROM confirmed s CROSS JOIN m
"""


UNDO_ALL = (
    RESTORE_CONSENTS,
    TAKE_BACK,
    RESTORE_CUSTOMERS,
    *(
        _BACK.format(table=table, what=what)
        for table, what in (
            ("customers_identity", "identity"),
            ("customers_tagging", "tagging"),
            ("customers_riskassessment", "assessment"),
            ("customers_event", "event"),
        )
    ),
)
