"""What counts goals: definitions, experiments, exposures, conversions."""

from typing import Final

# The latest version of a journey decides what its goals are. Where its definition differs from the
# newest row's it is a new row: conversions belong to the definition they were counted by.
ADD_GOALS: Final = """
INSERT INTO attribution_goal (key, name, journey_id, kind, events, value_property, currency, margin,
                              "window", number, in_force_from)
SELECT r.key || CASE WHEN held.number IS NULL THEN '' ELSE ':' || held.number + 1 END, r.name,
       r.journey_id, r.kind, r.events, r.value_property, r.currency, r.margin,
       make_interval(days => r.days), coalesce(held.number, 0) + 1, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
    key text, name text, journey_id bigint, kind text, events jsonb, value_property text,
    currency text, margin numeric, days int)
LEFT JOIN LATERAL (
    SELECT * FROM attribution_goal g
    WHERE g.journey_id = r.journey_id AND g.kind = r.kind ORDER BY g.number DESC LIMIT 1
) held ON true
WHERE (held.events, held.value_property, held.currency, held.margin, held."window")
      IS DISTINCT FROM
      (r.events, r.value_property, r.currency, r.margin, make_interval(days => r.days))
RETURNING id
"""

# The newest version says what an experiment is. A key that another journey has already is left
# out: publishing refuses it, and collecting all others must not fail for it.
SYNC_EXPERIMENTS: Final = """
INSERT INTO attribution_experiment (key, name, journey_id, node, arms, control, registered_at)
SELECT DISTINCT ON (r.key) r.key, r.name, r.journey_id, r.node, r.arms, r.control, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
    key text, name text, journey_id bigint, node text, arms jsonb, control text)
LEFT JOIN attribution_experiment held ON held.key = r.key
ORDER BY r.key, held.journey_id IS DISTINCT FROM r.journey_id, r.journey_id, r.node
ON CONFLICT (key) DO UPDATE
SET name = excluded.name, node = excluded.node, arms = excluded.arms, control = excluded.control
WHERE attribution_experiment.journey_id = excluded.journey_id
"""

# Who left the experiment's node, and by which exit; the first time is the exposure. Where the
# experiment stood is asked of the version that the customer went through: a newer one may have it
# elsewhere, or another one in its place.
PULL_EXPOSURES: Final = """
INSERT INTO attribution_exposure (experiment_id, customer_id, arm, at)
SELECT DISTINCT ON (x.id, e.customer_id) x.id, e.customer_id, h.exit, h.at
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
    key text, journey_id bigint, version_id bigint, node text)
JOIN attribution_experiment x ON x.key = r.key AND x.journey_id = r.journey_id
JOIN campaigns_enrolment e ON e.journey_id = r.journey_id AND e.version_id = r.version_id
JOIN campaigns_hop h ON h.enrolment_id = e.id AND h.node = r.node
WHERE h.at > %(since)s AND x.arms ? h.exit
ORDER BY x.id, e.customer_id, h.at, h.id
ON CONFLICT (experiment_id, customer_id) DO NOTHING
"""

# The newest definition of each goal. One that nobody has counted by yet reads the whole ledger.
_GOALS_IN_FORCE = """
WITH goal AS (
    SELECT DISTINCT ON (journey_id, kind) *,
           CASE WHEN id = ANY(%(fresh)s) THEN '-infinity' ELSE %(since)s::timestamptz END AS since
    FROM attribution_goal ORDER BY journey_id, kind, number DESC
),
"""

# An amount counts when it is in the goal's currency, which is assumed where none is said.
# An event meets a goal when its customer had entered the goal's journey, at most a window before.
# An amount that the column cannot hold is none: one such event must not stop all others.
_ADD_CONVERSIONS = """
INSERT INTO attribution_conversion (
    goal_id, source_id, message_id, customer_id, occurred_at, value, foreign_currency, utm,
    known_at)
SELECT DISTINCT ON (g.id, v.source_id, v.message_id)
       g.id, v.source_id, v.message_id, v.person, v.occurred_at,
       CASE WHEN g.value_property <> ''
             AND upper(coalesce(v.properties ->> 'currency', g.currency)) = g.currency
             AND jsonb_typeof(v.properties -> g.value_property) = 'number'
            THEN CASE WHEN abs((v.properties ->> g.value_property)::numeric) < 99999999999999
                      THEN round((v.properties ->> g.value_property)::numeric, 4) ELSE 0 END
            ELSE 0 END,
       CASE WHEN g.value_property <> ''
             AND upper(coalesce(v.properties ->> 'currency', g.currency)) <> g.currency
            THEN left(upper(v.properties ->> 'currency'), 3) ELSE '' END,
       coalesce(v.context -> 'campaign', '{}'), v.known_at
FROM happened v
JOIN goal g ON g.id = v.goal_id
JOIN campaigns_enrolment e ON e.journey_id = g.journey_id AND e.customer_id = v.person
WHERE v.occurred_at >= e.entered_at AND v.occurred_at <= e.entered_at + g."window"
ON CONFLICT (goal_id, source_id, message_id) DO NOTHING
"""

PULL_CONVERSIONS: Final = (
    _GOALS_IN_FORCE
    + """happened AS (
    SELECT g.id AS goal_id, v.customer_id AS person, v.received_at AS known_at, v.*
    FROM goal g JOIN customers_event v ON g.events ? v.name
    WHERE v.received_at > g.since AND v.customer_id IS NOT NULL
)"""
    + _ADD_CONVERSIONS
)

# Browsers that an identify or alias call named since; whose they are, the customers' floor knows.
NAMED_BROWSERS: Final = """
WITH told AS (
    SELECT anonymous_id, properties FROM customers_event
    WHERE received_at > %(since)s AND kind IN ('identify', 'alias')
    UNION ALL
    SELECT v.anonymous_id, v.properties
    FROM attribution_goal g
    JOIN campaigns_enrolment e ON e.journey_id = g.journey_id
    JOIN customers_event v ON v.customer_id = e.customer_id AND v.name IN ('Identified', 'Aliased')
    WHERE g.id = ANY(%(fresh)s) AND v.kind IN ('identify', 'alias')
)
SELECT anonymous_id FROM told WHERE anonymous_id IS NOT NULL
UNION
SELECT properties ->> 'previous_id' FROM told WHERE properties ? 'previous_id'
"""

# What a browser did before anybody knew whose it was is its owner's, once that is known. The
# index by name leads to the events without a customer.
PULL_CONVERSIONS_OF_BROWSERS: Final = (
    _GOALS_IN_FORCE
    + """happened AS (
    SELECT g.id AS goal_id, b.customer_id AS person, %(now)s::timestamptz AS known_at, v.*
    FROM goal g
    CROSS JOIN LATERAL jsonb_array_elements_text(g.events) AS wanted(name)
    JOIN customers_event v ON v.name = wanted.name AND v.customer_id IS NULL
    JOIN jsonb_to_recordset(%(browsers)s::jsonb) AS b(anonymous_id text, customer_id bigint)
        ON b.anonymous_id = v.anonymous_id
)"""
    + _ADD_CONVERSIONS
)
