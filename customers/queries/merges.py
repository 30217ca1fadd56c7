"""The merge ledger: who shares an identifier, and what a merge moves."""

from collections.abc import Collection, Sequence

from customers.models import MatchMark
from customers.queries.database import as_array, rows
from customers.resolution import Candidate, Match

MATCHES = """
    -- Of the identifiers that are new: those that several customers hold, where the rule of their
    -- kind lets that mean one person. Beyond the rule's number of holders it is a shared phone, and
    -- means nothing. What a browser said of itself proves nothing either.
    WITH fresh AS (
        SELECT DISTINCT kind, value_hash FROM customers_identity
        WHERE id > %(after)s AND id <= %(until)s),
    shared AS MATERIALIZED (
        -- One look into the index for each; nearly all have one holder.
        SELECT fresh.kind, fresh.value_hash, rule.holders_at_most, rule.people_at_most, found.ids
        FROM fresh JOIN customers_matchrule rule ON rule.kind = fresh.kind AND rule.merges
        CROSS JOIN LATERAL (
            SELECT array_agg(held.id) AS ids FROM customers_identity held
            WHERE held.kind = fresh.kind AND held.value_hash = fresh.value_hash
            HAVING count(*) > 1) AS found),
    held AS (
        SELECT shared.kind, shared.value_hash, shared.holders_at_most, shared.people_at_most,
               array_agg(DISTINCT owner.id ORDER BY owner.id) AS customers,
               bool_and(source.scope IS DISTINCT FROM 'ingest') AS is_proved
        FROM shared CROSS JOIN unnest(shared.ids) AS one (id)
        JOIN customers_identity identity ON identity.id = one.id
        JOIN customers_customer holder ON holder.id = identity.customer_id
        JOIN customers_customer owner
            ON owner.id = coalesce(holder.merged_into_id, holder.id) AND owner.status = 'active'
        LEFT JOIN customers_source source ON identity.source = 'key:' || source.key
        GROUP BY 1, 2, 3, 4)
    SELECT kind, customers, people_at_most FROM held
    WHERE is_proved AND cardinality(customers) BETWEEN 2 AND holders_at_most
    ORDER BY kind, customers
"""


NEXT_IDENTITIES = """
    -- Where this look ends, and where the next one begins: rows of transactions still under way may
    -- have smaller numbers, so the youngest are looked at again.
    SELECT max(id), max(id) FILTER (WHERE since < %(settled)s) FROM (
        SELECT id, since FROM customers_identity WHERE id > %(after)s ORDER BY id LIMIT %(most)s
    ) AS fresh
"""


KNOWS_LITTLE = """
    -- Whether the planner believes that all identifiers are fewer than those at hand.
    SELECT reltuples < %(at_hand)s FROM pg_class WHERE oid = 'customers_identity'::regclass
"""


CANDIDATES = """
    SELECT c.id, c.is_numbered, c.birth_on, c.gender,
           (SELECT count(*) FROM customers_customer m WHERE m.merged_into_id = c.id)
    FROM customers_customer c WHERE c.id = ANY(%(ids)s::bigint[]) AND c.status = 'active'
"""


PARTED = """
    -- Of whom somebody said that they are two people.
    SELECT kept_id, gone_id FROM customers_merge
    WHERE undoes_id IS NOT NULL AND kept_id = ANY(%(ids)s::bigint[])
      AND gone_id = ANY(%(ids)s::bigint[])
"""


# What a customer may be given where nothing is known of him.
FILLED = (
    "gender",
    "birth_on",
    "city",
    "region",
    "risk_level",
    "risk_assessed_on",
    "risk_valid_until",
    "lowest_class",
    "horizon_months",
    "objectives",
    "investor_type",
    "professional_until",
    "qualified_until",
    "permissions",
    "average_asset",
    "trading_since",
    "financial_asset",
    "yearly_income",
    "lifecycle",
    "total_asset",
    "locale",
    "time_zone",
)
# Whichever of the two objects or is held: the stricter counts.
STRICTER = ("personalise_off", "aml_hold", "internal_hold")


_PAIRS = """
    WITH pair AS (
        SELECT merge.id AS merge_id, merge.kept_id, merge.gone_id, merge.filled
        FROM customers_merge merge
        WHERE merge.id = ANY(%(merges)s::bigint[]))"""


ADD_MERGES = """
    -- With what the one that stays lacks and the other has, so that undoing can take it back.
    INSERT INTO customers_merge (kept_id, gone_id, rule, made_by, filled, at)
    SELECT kept.id, gone.id, given.rule, %(actor)s, jsonb_build_object(
        'columns', array_remove(ARRAY[{columns}], NULL),
        'raised', array_remove(ARRAY[{raised}], NULL),
        'attributes', ARRAY(
            SELECT key FROM jsonb_object_keys(gone.attributes) AS key
            WHERE NOT kept.attributes ? key),
        -- What they hold is locked: whatever has a higher number is told while they are one.
        'identities_upto', (SELECT coalesce(max(id), 0) FROM customers_identity)), %(now)s
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (kept bigint, gone bigint, rule text)
    JOIN customers_customer kept ON kept.id = given.kept
    JOIN customers_customer gone ON gone.id = given.gone
    ORDER BY kept.id, gone.id
    RETURNING id
""".format(
    columns=", ".join(
        f"CASE WHEN kept.{name} IS NULL AND gone.{name} IS NOT NULL THEN '{name}' END"
        for name in FILLED
    ),
    raised=", ".join(
        f"CASE WHEN gone.{name} AND NOT kept.{name} THEN '{name}' END" for name in STRICTER
    ),
)


# Whether the merge filled in what a time is told of.
FILLED_IN = (
    "({0}.filled -> 'columns' ? told.key"
    " OR {0}.filled -> 'attributes' ? substr(told.key, length('attributes.') + 1))"
)


FILL_CUSTOMERS = """{pairs}
    UPDATE customers_customer kept
    SET {columns}, {raised}, attributes = rest.attributes || kept.attributes, updated_at = %(now)s,
        -- What is filled in is of the time it was told of.
        told_at = kept.told_at || coalesce((
            SELECT jsonb_object_agg(told.key, told.value ORDER BY gone.id DESC)
            FROM pair JOIN customers_customer gone ON gone.id = pair.gone_id
            CROSS JOIN LATERAL jsonb_each(gone.told_at) AS told
            WHERE pair.kept_id = kept.id AND {filled}), '{{}}')
    FROM (
        SELECT pair.kept_id, {firsts}, {any},
               coalesce(jsonb_object_agg(told.key, told.value ORDER BY gone.id DESC)
                   FILTER (WHERE told.key IS NOT NULL), '{{}}') AS attributes
        FROM pair JOIN customers_customer gone ON gone.id = pair.gone_id
        LEFT JOIN LATERAL jsonb_each(gone.attributes) AS told ON true
        GROUP BY pair.kept_id) rest
    WHERE kept.id = rest.kept_id
""".format(
    pairs=_PAIRS,
    columns=", ".join(f"{name} = coalesce(kept.{name}, rest.{name})" for name in FILLED),
    raised=", ".join(f"{name} = kept.{name} OR rest.{name}" for name in STRICTER),
    firsts=", ".join(
        # Lists cannot be gathered in a list where they differ in length: as JSON they can.
        f"(array_agg(gone.{name} ORDER BY gone.id) FILTER (WHERE gone.{name} IS NOT NULL))[1]"
        f" AS {name}"
        if name not in ("objectives", "permissions")
        else f"(SELECT c.{name} FROM pair p JOIN customers_customer c ON c.id = p.gone_id"
        f" WHERE p.kept_id = pair.kept_id AND c.{name} IS NOT NULL ORDER BY c.id LIMIT 1)"
        f" AS {name}"
        for name in FILLED
    ),
    filled=FILLED_IN.format("pair"),
    any=", ".join(f"bool_or(gone.{name}) AS {name}" for name in STRICTER),
)


MARK_MERGED = (
    _PAIRS
    + """,
    moved AS (
        UPDATE customers_customer c
        SET status = 'merged', merged_into_id = pair.kept_id, updated_at = %(now)s
        FROM pair WHERE c.id = pair.gone_id OR c.merged_into_id = pair.gone_id
        RETURNING c.id, pair.merge_id, pair.gone_id)
    INSERT INTO customers_mergemove (merge_id, what, row_id)
    SELECT merge_id, 'customer', id FROM moved WHERE id <> gone_id
"""
)


MOVE_IDENTITIES = (
    _PAIRS
    + """,
    pick AS (
        -- What both have stays where it is, and so does a second address: messages go on going
        -- where the one that stays is known to read them.
        SELECT DISTINCT ON (pair.kept_id, i.kind, i.value_hash) i.id, pair.merge_id, pair.kept_id
        FROM pair JOIN customers_identity i ON i.customer_id = pair.gone_id
        WHERE NOT EXISTS (
            SELECT FROM customers_identity mine
            WHERE mine.customer_id = pair.kept_id AND mine.kind = i.kind
              AND (mine.value_hash = i.value_hash OR i.kind IN ('phone', 'email')))
        ORDER BY pair.kept_id, i.kind, i.value_hash,
            coalesce(i.told_at, i.since) DESC, i.id),
    moved AS (
        UPDATE customers_identity i SET customer_id = pick.kept_id FROM pick WHERE i.id = pick.id
        RETURNING i.id, pick.merge_id)
    INSERT INTO customers_mergemove (merge_id, what, row_id)
    SELECT merge_id, 'identity', id FROM moved
"""
)


MOVE_TAGGINGS = (
    _PAIRS
    + """,
    pick AS (
        SELECT DISTINCT ON (pair.kept_id, t.tag) t.id, pair.merge_id, pair.kept_id
        FROM pair JOIN customers_tagging t ON t.customer_id = pair.gone_id
        WHERE NOT EXISTS (
            SELECT FROM customers_tagging mine
            WHERE mine.customer_id = pair.kept_id AND mine.tag = t.tag)
        ORDER BY pair.kept_id, t.tag, t.since DESC, t.id),
    moved AS (
        UPDATE customers_tagging t SET customer_id = pick.kept_id FROM pick WHERE t.id = pick.id
        RETURNING t.id, pick.merge_id)
    INSERT INTO customers_mergemove (merge_id, what, row_id)
    SELECT merge_id, 'tagging', id FROM moved
"""
)


MOVE_ASSESSMENTS = (
    _PAIRS
    + """,
    moved AS (
        UPDATE customers_riskassessment a SET customer_id = pair.kept_id FROM pair
        WHERE a.customer_id = pair.gone_id RETURNING a.id, pair.merge_id)
    INSERT INTO customers_mergemove (merge_id, what, row_id)
    SELECT merge_id, 'assessment', id FROM moved
"""
)


MOVE_EVENTS = (
    _PAIRS
    + """,
    moved AS (
        UPDATE customers_event e SET customer_id = pair.kept_id FROM pair
        WHERE e.customer_id = pair.gone_id RETURNING e.id, pair.merge_id)
    INSERT INTO customers_mergemove (merge_id, what, row_id)
    SELECT merge_id, 'event', id FROM moved
"""
)


MERGE_CONSENTS = (
    _PAIRS
    + """,
    person AS (
        SELECT kept_id, kept_id AS said_by, max(merge_id) AS merge_id FROM pair GROUP BY 1
        UNION ALL SELECT kept_id, gone_id, merge_id FROM pair),
    newest AS (
        SELECT DISTINCT ON (said.customer_id, said.purpose, said.channel)
               person.kept_id, person.merge_id, said.customer_id, said.purpose, said.channel,
               said.state, said.notice_version
        FROM person JOIN customers_consent said ON said.customer_id = person.said_by
        ORDER BY said.customer_id, said.purpose, said.channel, said.id DESC),
    strictest AS (
        -- A no beats what is not confirmed, and that a yes, whoever of them said it when.
        SELECT DISTINCT ON (kept_id, purpose, channel) *
        FROM newest WHERE state <> 'void'
        ORDER BY kept_id, purpose, channel, array_position(
            ARRAY['withdrawn', 'pending', 'granted'], state::text), customer_id)
    INSERT INTO customers_consent
        (customer_id, purpose, channel, state, notice_version, source, evidence, at)
    SELECT strictest.kept_id, strictest.purpose, strictest.channel, strictest.state,
           strictest.notice_version, 'merge',
           jsonb_build_object('merge', strictest.merge_id, 'of', strictest.customer_id), %(now)s
    FROM strictest
    LEFT JOIN newest mine
        ON mine.customer_id = strictest.kept_id AND mine.purpose = strictest.purpose
        AND mine.channel = strictest.channel
    WHERE mine.state IS DISTINCT FROM strictest.state
    ORDER BY 1, 2, 3
"""
)


MOVE_ALL = (
    FILL_CUSTOMERS,
    MARK_MERGED,
    MOVE_IDENTITIES,
    MOVE_TAGGINGS,
    MOVE_ASSESSMENTS,
    MOVE_EVENTS,
    MERGE_CONSENTS,
)


LATE_MERGES = """
    -- Those an event may still have been stored under while they were made.
    SELECT m.id FROM customers_merge m JOIN customers_customer c
        ON c.id = m.gone_id AND c.merged_into_id = m.kept_id
    WHERE m.undoes_id IS NULL AND m.at > %(since)s
"""


def matches(*, after: int, until: int) -> list[Match]:
    """Customers who share one of the identifiers with these numbers."""
    return [
        Match(kind=kind, customers=tuple(customers), people_at_most=at_most)
        for kind, customers, at_most in rows(MATCHES, {"after": after, "until": until})
    ]


def candidates(customer_ids: Collection[int]) -> dict[int, Candidate]:
    """What is compared, of those who are active."""
    return {
        row[0]: Candidate(
            id=row[0], is_numbered=row[1], birth_on=row[2], gender=row[3], merged=row[4]
        )
        for row in rows(CANDIDATES, {"ids": as_array(sorted(customer_ids))})
    }


def parted(customer_ids: Collection[int]) -> set[frozenset[int]]:
    """Pairs whose merge was undone."""
    return {frozenset(pair) for pair in rows(PARTED, {"ids": as_array(sorted(customer_ids))})}


def late_merges(since: object) -> Sequence[int]:
    """Merges made since then that still stand."""
    return [row[0] for row in rows(LATE_MERGES, {"since": since})]


def mark() -> int:
    """Up to which identifier everything was compared."""
    return MatchMark.objects.values_list("identity_id", flat=True).first() or 0
