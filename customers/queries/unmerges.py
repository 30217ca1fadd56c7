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


# Whether one who was merged into him, and stays, has the switch on.
_OF_OTHERS = """EXISTS (
        SELECT FROM customers_customer other
        WHERE other.merged_into_id = kept.id AND other.{} AND other.id <> m.gone_id
          AND other.id NOT IN (
              SELECT row_id FROM customers_mergemove
              WHERE merge_id = m.id AND what = 'customer'))"""


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
        f"{name} = CASE WHEN m.filled -> 'raised' ? '{name}'"
        f" THEN {_OF_OTHERS.format(name)} ELSE kept.{name} END"
        for name in STRICTER
    ),
)


RESTORE_CONSENTS = """
    -- What the one that stays says only by a merge is made anew: of its own newest word and those
    -- of whoever was merged into it since and stays, the strictest. A no that was said while they
    -- were one counts for both. What the other confirmed by a link of its own is its own again.
    WITH m AS (SELECT * FROM customers_merge WHERE id = %(merge)s),
    leaving AS (
        SELECT gone_id AS id FROM m
        UNION ALL
        SELECT row_id FROM customers_mergemove WHERE merge_id = %(merge)s AND what = 'customer'),
    newest AS (
        SELECT DISTINCT ON (c.purpose, c.channel) c.*,
               c.source = 'double-opt-in' AND EXISTS (
                   SELECT FROM leaving WHERE id = (c.evidence ->> 'of')::bigint) AS is_leaving
        FROM customers_consent c, m
        WHERE c.customer_id = m.kept_id ORDER BY c.purpose, c.channel, c.id DESC),
    brought AS (SELECT * FROM newest WHERE source = 'merge' OR is_leaving),
    own AS (
        SELECT DISTINCT ON (c.purpose, c.channel) c.*
        FROM brought b JOIN customers_consent c USING (customer_id, purpose, channel)
        WHERE c.source <> 'merge' AND NOT (c.source = 'double-opt-in' AND EXISTS (
            SELECT FROM leaving WHERE id = (c.evidence ->> 'of')::bigint))
        ORDER BY c.purpose, c.channel, c.id DESC),
    word AS (
        SELECT purpose, channel, state, notice_version, 1 AS place,
               CASE WHEN evidence ? 'of' THEN source ELSE 'unmerge' END AS source,
               CASE WHEN evidence ? 'of' THEN evidence
                    ELSE jsonb_build_object('merge', %(merge)s::bigint) END AS evidence
        FROM own
        UNION ALL
        SELECT b.purpose, b.channel, theirs.state, theirs.notice_version, 2, 'merge',
               jsonb_build_object('merge', other.id, 'of', other.gone_id)
        FROM brought b
        LEFT JOIN own USING (purpose, channel)
        JOIN customers_merge other ON other.kept_id = b.customer_id AND other.undoes_id IS NULL
            AND other.at >= coalesce(own.at, other.at)
            AND other.gone_id NOT IN (SELECT id FROM leaving)
        JOIN customers_customer gone
            ON gone.id = other.gone_id AND gone.merged_into_id = b.customer_id
        CROSS JOIN LATERAL (
            SELECT state, notice_version FROM customers_consent c
            WHERE c.customer_id = gone.id AND c.purpose = b.purpose AND c.channel = b.channel
            ORDER BY c.id DESC LIMIT 1) theirs),
    strictest AS (
        SELECT DISTINCT ON (purpose, channel) * FROM word WHERE state <> 'void'
        ORDER BY purpose, channel,
            array_position(ARRAY['withdrawn', 'pending', 'granted'], state::text), place)
    INSERT INTO customers_consent
        (customer_id, purpose, channel, state, notice_version, source, evidence, at)
    SELECT b.customer_id, b.purpose, b.channel, coalesce(s.state, 'void'),
           coalesce(s.notice_version, ''), coalesce(s.source, 'unmerge'),
           coalesce(s.evidence, jsonb_build_object('merge', %(merge)s::bigint)), %(now)s
    FROM brought b LEFT JOIN strictest s USING (purpose, channel)
    WHERE b.state <> coalesce(s.state, 'void')
    UNION ALL
    SELECT m.gone_id, n.purpose, n.channel, 'withdrawn', '', 'unmerge',
           jsonb_build_object('merge', m.id), %(now)s
    FROM newest n CROSS JOIN m
    WHERE n.state = 'withdrawn' AND n.at >= m.at AND n.source <> 'merge'
    UNION ALL
    SELECT m.gone_id, n.purpose, n.channel, n.state, n.notice_version, n.source,
           CASE (n.evidence ->> 'of')::bigint WHEN m.gone_id THEN n.evidence - 'of'
                ELSE n.evidence END, %(now)s
    FROM newest n CROSS JOIN m WHERE n.is_leaving
"""


RETURN_ASSESSMENTS = """
    -- Questionnaires that the merge moved, or that were told of the one that leaves while they were
    -- one, are his again. What was known of the one that stays by one of them is what his own
    -- newest says; where he has none, nothing is known, and he is offered nothing. Of the one that
    -- leaves, what was told of him meanwhile counts if it is the newest.
    WITH m AS (SELECT * FROM customers_merge WHERE id = %(merge)s),
    moved AS (SELECT row_id, what FROM customers_mergemove WHERE merge_id = %(merge)s),
    back AS (
        UPDATE customers_riskassessment a
        SET customer_id = m.gone_id, told_of_id = nullif(a.told_of_id, m.gone_id)
        FROM m
        WHERE a.customer_id = m.kept_id AND (
            a.id IN (SELECT row_id FROM moved WHERE what = 'assessment')
            OR a.told_of_id = m.gone_id
            OR a.told_of_id IN (SELECT row_id FROM moved WHERE what = 'customer'))
        RETURNING a.*),
    told AS (
        SELECT all_told.*, (assessed_at AT TIME ZONE %(zone)s)::date AS assessed_on
        FROM (
            SELECT back.*, back.id NOT IN (
                SELECT row_id FROM moved WHERE what = 'assessment') AS is_late
            FROM back
            UNION ALL
            SELECT a.*, false FROM m JOIN customers_riskassessment a
                ON a.customer_id IN (m.kept_id, m.gone_id)
            WHERE a.id NOT IN (SELECT id FROM back)) AS all_told),
    newest AS (
        SELECT DISTINCT ON (customer_id) * FROM told ORDER BY customer_id, assessed_at DESC)
    UPDATE customers_customer known
    SET risk_level = newest.level, lowest_class = newest.lowest_class,
        risk_assessed_on = newest.assessed_on, risk_valid_until = newest.valid_until,
        horizon_months = newest.horizon_months, objectives = newest.objectives,
        told_at = known.told_at - 'risk_level' || CASE WHEN newest.id IS NULL THEN '{}'
            ELSE jsonb_build_object('risk_level', extract(epoch FROM newest.assessed_at)) END,
        updated_at = %(now)s
    FROM m CROSS JOIN LATERAL unnest(ARRAY[m.kept_id, m.gone_id]) AS party (id)
    LEFT JOIN newest ON newest.customer_id = party.id
    WHERE known.id = party.id AND EXISTS (SELECT FROM back) AND CASE WHEN party.id = m.gone_id
        THEN newest.is_late AND (known.risk_assessed_on <= newest.assessed_on) IS NOT FALSE
        -- His own may have been taken for what the merge filled in, where it said the same.
        ELSE (known.risk_level IS NULL AND newest.id IS NOT NULL)
            OR (known.risk_level, known.risk_assessed_on) IN (
                SELECT level, assessed_on FROM told
                WHERE told.id IN (SELECT id FROM back) OR told.id = newest.id) END
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
            ("customers_event", "event"),
        )
    ),
    RETURN_ASSESSMENTS,
)
