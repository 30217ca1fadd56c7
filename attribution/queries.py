"""Reads of floor 4, and the set-based statements its verbs run."""

from typing import Final

# --- Collecting -----------------------------------------------------------------------------------
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

# --- Clicks ---------------------------------------------------------------------------------------
# A link belongs to the journey of the touch that carried it, or the token was put together.
# One round trip: what the token names, and the click on record if it is ours.
FOLLOW_LINK: Final = """
WITH named AS (
    SELECT t.id AS touch_id, l.id AS link_id, t.customer_id, t.key, l.target, l.utm
    FROM campaigns_touch t JOIN campaigns_link l ON l.journey_id = t.journey_id
    WHERE t.id = %(touch)s AND l.id = %(link)s
), added AS (
    INSERT INTO attribution_click (
        touch_id, link_id, customer_id, click_id, at, user_agent, is_bot, reason)
    SELECT touch_id, link_id, customer_id, %(click_id)s, %(now)s, %(user_agent)s, %(is_bot)s,
           %(reason)s
    FROM named
)
SELECT customer_id, key, target, utm, (SELECT id FROM customers_source WHERE key = 'links')
FROM named
"""

# A picture may be fetched any number of times: one row for each kind of fetcher counts them.
ADD_OPEN: Final = """
INSERT INTO attribution_open (
    touch_id, customer_id, kind, times, first_at, last_at, user_agent)
SELECT t.id, t.customer_id, %(kind)s, 1, %(now)s, %(now)s, %(user_agent)s
FROM campaigns_touch t WHERE t.id = %(touch)s
ON CONFLICT (touch_id, kind) DO UPDATE
SET times = least(attribution_open.times + 1, 2147483647 - 1), last_at = excluded.last_at
RETURNING times
"""

# --- Reports --------------------------------------------------------------------------------------
# All of them read what was known at the cut-off, so that a figure can be made again.
# A touch's columns say what is known now. Of those about which something was told after the
# cut-off, what had been told before decides: a bounce or a delivery learnt later is not in it.
_TOUCHES_AS_KNOWN = """
WITH late AS (
    SELECT touch_id FROM campaigns_receipt WHERE received_at > %(cut_off)s
    UNION
    SELECT id FROM campaigns_touch WHERE journey_id = %(journey)s AND clicked_at > %(cut_off)s
), told AS (
    SELECT r.touch_id, min(r.at) AS first_at, bool_or(r.received_at <= %(cut_off)s) AS is_known,
           bool_or(r.received_at <= %(cut_off)s AND r.kind = 'bounced') AS bounced,
           bool_or(r.received_at <= %(cut_off)s AND r.kind IN ('delivered', 'opened', 'clicked'))
           OR EXISTS (SELECT FROM attribution_click c
                      WHERE c.touch_id = r.touch_id AND NOT c.is_bot AND c.at <= %(cut_off)s)
           AS delivered
    FROM late JOIN campaigns_receipt r ON r.touch_id = late.touch_id
    WHERE r.kind IN ('bounced', 'delivered', 'opened', 'clicked')
    GROUP BY r.touch_id
), touch AS (
    SELECT t.id, t.customer_id, t.channel, t.cost, t.queued_at, t.accepted_at,
           -- A first report may have been the proof that the provider had it.
           t.accepted_at <= %(cut_off)s
           AND (told.touch_id IS NULL OR told.is_known OR t.accepted_at <> told.first_at)
           AS accepted,
           CASE WHEN told.touch_id IS NULL THEN t.delivered_at <= %(cut_off)s
                ELSE told.delivered END AS delivered,
           CASE WHEN told.touch_id IS NULL THEN t.state = 'bounced'
                ELSE told.bounced AND NOT told.delivered END AS bounced
    FROM campaigns_touch t LEFT JOIN told ON told.touch_id = t.id
    WHERE t.journey_id = %(journey)s AND t.queued_at <= %(cut_off)s
)
"""

CHANNELS: Final = (
    _TOUCHES_AS_KNOWN
    + """
SELECT channel, count(*), count(*) FILTER (WHERE accepted), count(*) FILTER (WHERE delivered),
       coalesce(sum(cost) FILTER (WHERE accepted), 0)
FROM touch GROUP BY channel ORDER BY channel
"""
)

EXTRA_COSTS: Final = """
SELECT channel, sum(amount) FROM attribution_channelcost
WHERE journey_id = %(journey)s AND "on" <= (%(cut_off)s AT TIME ZONE %(zone)s)::date
  AND currency = %(currency)s
GROUP BY channel
"""

FOREIGN_COSTS: Final = """
SELECT count(*) FROM attribution_channelcost
WHERE journey_id = %(journey)s AND "on" <= (%(cut_off)s AT TIME ZONE %(zone)s)::date
  AND currency <> %(currency)s
"""

CLICKS: Final = """
SELECT t.channel, count(DISTINCT c.touch_id)
FROM attribution_click c JOIN campaigns_touch t ON t.id = c.touch_id
WHERE t.journey_id = %(journey)s AND NOT c.is_bot AND c.at <= %(cut_off)s GROUP BY t.channel
"""

STATES: Final = """
SELECT state, count(*) FROM campaigns_touch WHERE journey_id = %(journey)s GROUP BY state
"""

REASONS: Final = """
SELECT reason, count(*) FROM campaigns_touch
WHERE journey_id = %(journey)s AND reason <> '' GROUP BY reason ORDER BY count(*) DESC
"""

ENROLLED: Final = """
SELECT state, count(*) FROM campaigns_enrolment WHERE journey_id = %(journey)s GROUP BY state
"""

# Touches that reached a provider, as numbers: customer, microseconds, channel.
ACCEPTED_TOUCHES: Final = (
    _TOUCHES_AS_KNOWN
    + """
SELECT customer_id, (extract(epoch FROM accepted_at) * 1000000)::bigint, channel, id
FROM touch WHERE accepted AND NOT bounced
"""
)

CONVERSIONS: Final = """
SELECT c.customer_id, (extract(epoch FROM c.occurred_at) * 1000000)::bigint, c.value, c.id
FROM attribution_conversion c
WHERE c.goal_id = %(goal)s AND c.occurred_at <= %(cut_off)s AND c.known_at <= %(cut_off)s
ORDER BY c.id
"""

FOREIGN_VALUES: Final = """
SELECT count(*) FROM attribution_conversion c
WHERE c.goal_id = %(goal)s AND c.foreign_currency <> '' AND c.occurred_at <= %(cut_off)s
  AND c.known_at <= %(cut_off)s
"""

# Per arm: customers, those with a delivered touch, those with a visit, those with a conversion,
# and the sum and sum of squares of revenue per customer; all from the exposure on, since what was
# before it is no effect of the arm.
ARMS: Final = (
    _TOUCHES_AS_KNOWN
    + """, exposed AS (
    SELECT customer_id, arm, at FROM attribution_exposure
    WHERE experiment_id = %(experiment)s AND at <= %(cut_off)s
), outcome AS (
    SELECT c.customer_id,
           bool_or(g.kind = 'visit') AS visited,
           count(*) FILTER (WHERE g.kind = 'conversion') AS conversions,
           coalesce(sum(c.value) FILTER (WHERE g.kind = 'conversion'), 0) AS revenue
    FROM attribution_conversion c JOIN attribution_goal g ON g.id = c.goal_id
    JOIN exposed x ON x.customer_id = c.customer_id AND c.occurred_at >= x.at
    WHERE c.goal_id = ANY(%(goals)s) AND c.occurred_at <= %(cut_off)s
      AND c.known_at <= %(cut_off)s
    GROUP BY c.customer_id
), reached AS (
    SELECT DISTINCT t.customer_id FROM touch t
    JOIN exposed x ON x.customer_id = t.customer_id AND t.queued_at >= x.at
    WHERE t.delivered
)
SELECT x.arm, count(*), count(r.customer_id), count(*) FILTER (WHERE o.visited),
       count(*) FILTER (WHERE o.conversions > 0), coalesce(sum(o.revenue), 0),
       coalesce(sum(o.revenue * o.revenue), 0)
FROM exposed x
LEFT JOIN outcome o ON o.customer_id = x.customer_id
LEFT JOIN reached r ON r.customer_id = x.customer_id
GROUP BY x.arm ORDER BY x.arm
"""
)

# --- Why ------------------------------------------------------------------------------------------
# Every decision about some customers, one SELECT a kind, all of one shape: customer, when, order
# at equal times, kind, journey, reason code, the values it read.
_APPROVAL = """
LEFT JOIN LATERAL (
    SELECT u.username AS approved_by, w.decided_at AS approved_at
    FROM compliance_review w JOIN compliance_user u ON u.id = w.checker_id
    WHERE w.subject_kind = {kind} AND w.subject_key = {key} AND w.subject_hash = {hash}
      AND w.verdict = 'approved'
    ORDER BY w.id DESC LIMIT 1
) approval ON true
"""
_ENTERED: Final = (
    """
SELECT e.customer_id, e.entered_at, 1, e.id, 'entered', j.key, '', jsonb_build_object(
           'enrolment', e.id, 'entry', e.entry_no, 'segment', m.key,
           'member_since', m.entered_at, 'version', v.number, 'content_hash', v.graph_hash,
           'made_by', maker.username, 'approved_by', approval.approved_by,
           'approved_at', approval.approved_at)
FROM campaigns_enrolment e
JOIN campaigns_journey j ON j.id = e.journey_id
JOIN campaigns_journeyversion v ON v.id = e.version_id
JOIN compliance_user maker ON maker.id = v.made_by_id
LEFT JOIN LATERAL (
    SELECT s.key, h.entered_at
    FROM jsonb_array_elements(v.graph -> 'nodes') n
    JOIN segments_segment s ON s.key = n ->> 'segment'
    JOIN segments_membership h ON h.segment_id = s.id AND h.customer_id = e.customer_id
    WHERE n ->> 'type' = 'entry' AND h.entered_at <= e.entered_at
    ORDER BY h.entered_at DESC LIMIT 1
) m ON true
"""
    + _APPROVAL.format(kind="'journey'", key="j.key || '/' || v.number::text", hash="v.graph_hash")
    + "WHERE e.customer_id = ANY(%(ids)s)"
)
_HOPS: Final = """
SELECT e.customer_id, h.at, 2, h.seq, 'hop', j.key, '', jsonb_build_object(
           'enrolment', e.id, 'node', h.node, 'visit', h.visit, 'exit', h.exit)
FROM campaigns_enrolment e
JOIN campaigns_hop h ON h.enrolment_id = e.id
JOIN campaigns_journey j ON j.id = e.journey_id
WHERE e.customer_id = ANY(%(ids)s)
"""
_EXPOSURES: Final = """
SELECT x.customer_id, x.at, 3, x.id, 'exposure', j.key, '', jsonb_build_object(
           'experiment', p.key, 'arm', x.arm, 'control', p.control, 'arms', p.arms)
FROM attribution_exposure x
JOIN attribution_experiment p ON p.id = x.experiment_id
JOIN campaigns_journey j ON j.id = p.journey_id
WHERE x.customer_id = ANY(%(ids)s)
"""
_QUEUED: Final = (
    """
SELECT t.customer_id, t.queued_at, 4, t.id, 'queued', j.key, '', jsonb_build_object(
           'enrolment', t.enrolment_id, 'touch', t.id, 'key', t.key, 'node', t.node,
           'visit', t.visit, 'channel', t.channel, 'purpose', t.purpose, 'template', p.key,
           'version', v.number, 'content_hash', v.content_hash, 'expires_at', t.expires_at,
           'approved_by', approval.approved_by, 'approved_at', approval.approved_at)
FROM campaigns_touch t
JOIN campaigns_journey j ON j.id = t.journey_id
JOIN campaigns_templateversion v ON v.id = t.template_version_id
JOIN campaigns_template p ON p.id = v.template_id
"""
    + _APPROVAL.format(kind="'template'", key="p.key", hash="v.content_hash")
    + "WHERE t.customer_id = ANY(%(ids)s)"
)
# Every judgement of these customers' touches: the newest on the touch, the others kept beside it.
_JUDGEMENTS: Final = """
WITH judgement AS MATERIALIZED (
    SELECT t.id, t.customer_id, t.journey_id, t.channel, t.node, t.key, t.content_hash,
           t.queued_at, t.handed_at, t.verdict, t.reason, t.account_id, true AS is_newest
    FROM campaigns_touch t WHERE t.customer_id = ANY(%(ids)s)
    UNION ALL
    SELECT t.id, t.customer_id, t.journey_id, t.channel, t.node, t.key, t.content_hash,
           t.queued_at, NULL, e.verdict, e.reason, e.account_id, false
    FROM campaigns_touch t JOIN campaigns_earlierjudgement e ON e.touch_id = t.id
    WHERE t.customer_id = ANY(%(ids)s)
)
"""
_JUDGED: Final = """
SELECT t.customer_id, coalesce((t.verdict ->> 'decided_at')::timestamptz, t.handed_at, t.queued_at),
       5, t.id, 'judged', j.key, CASE WHEN t.verdict ->> 'gate' = '' THEN '' ELSE t.reason END,
       jsonb_build_object('touch', t.id, 'channel', t.channel, 'node', t.node)
       || (t.verdict - '{provider,outcomes,account,attempt}'::text[])
       || CASE WHEN x.grounds IS NULL THEN '{}'
               ELSE jsonb_build_object('restricted', x.grounds) END
FROM judgement t
JOIN campaigns_journey j ON j.id = t.journey_id
LEFT JOIN campaigns_restrictedverdict x
    ON x.touch_id = t.id AND t.is_newest AND %(sees_restricted)s
WHERE t.verdict ? 'gate'
"""
# What a breaker or the end of a lease held back was meant to be handed over, and was not.
_HANDED: Final = """
SELECT t.customer_id, coalesce((t.verdict ->> 'decided_at')::timestamptz, t.handed_at), 6, t.id,
       'handed_over', j.key, '', jsonb_build_object(
           'touch', t.id, 'channel', t.channel, 'node', t.node, 'key', t.key,
           'attempts', coalesce((t.verdict ->> 'attempt')::int, 1),
           'account', coalesce(t.verdict ->> 'account', a.key), 'content_hash', t.content_hash)
FROM judgement t
JOIN campaigns_journey j ON j.id = t.journey_id
JOIN campaigns_provideraccount a ON a.id = t.account_id
WHERE t.verdict ->> 'gate' = ''
  AND coalesce(t.verdict #>> '{outcomes,0,reason}', '') NOT IN ('breaker_open', 'not_tried')
"""
_OUTCOMES: Final = """
SELECT t.customer_id, (o.said ->> 'at')::timestamptz, 7, t.id * 1000 + o.number,
       o.said ->> 'state', j.key, o.said ->> 'reason', jsonb_build_object(
           'touch', t.id, 'channel', t.channel, 'node', t.node,
           'account', coalesce(t.verdict ->> 'account', a.key), 'answer', o.said ->> 'answer',
           'attempts', coalesce((t.verdict ->> 'attempt')::int, 1),
           'times', coalesce((o.said ->> 'times')::int, 1), 'last_at', o.said -> 'last_at',
           'due_at', CASE WHEN o.said ->> 'state' IN ('deferred', 'ambiguous')
                          THEN o.said -> 'due_at' END)
FROM judgement t
JOIN campaigns_journey j ON j.id = t.journey_id
JOIN campaigns_provideraccount a ON a.id = t.account_id,
jsonb_array_elements(t.verdict -> 'outcomes') WITH ORDINALITY o(said, number)
WHERE o.said ->> 'state' <> 'accepted'
"""
# The last two lines: touches of before the outcomes were kept.
_ANSWERS: Final = """
SELECT t.customer_id, coalesce(t.accepted_at, t.handed_at, t.queued_at), 8, t.id,
       CASE WHEN t.accepted_at IS NULL THEN t.state ELSE 'accepted' END, j.key, t.reason,
       jsonb_build_object(
           'touch', t.id, 'channel', t.channel, 'node', t.node, 'account', a.key,
           'provider_id', t.provider_id,
           'answer', coalesce(t.verdict #>> '{outcomes,-1,answer}', t.verdict ->> 'provider'),
           'attempts', t.attempts, 'segments', t.segments, 'cost', t.cost, 'currency', t.currency,
           'due_at', CASE WHEN t.state IN ('deferred', 'ambiguous') THEN t.due_at END)
FROM campaigns_touch t
JOIN campaigns_journey j ON j.id = t.journey_id
JOIN campaigns_provideraccount a ON a.id = t.account_id
WHERE t.customer_id = ANY(%(ids)s)
  AND (t.accepted_at IS NOT NULL
       OR t.state IN ('refused', 'failed', 'ambiguous', 'deferred')
          AND coalesce(t.verdict ->> 'gate', '') = '' AND NOT t.verdict ? 'outcomes')
"""
_RECEIPTS: Final = """
SELECT t.customer_id, r.at, 9, r.id, 'receipt', j.key, r.kind, jsonb_build_object(
           'touch', t.id, 'channel', t.channel, 'node', t.node, 'detail', r.detail,
           'provider_event_id', r.provider_event_id, 'received_at', r.received_at)
FROM campaigns_touch t
JOIN campaigns_receipt r ON r.touch_id = t.id
JOIN campaigns_journey j ON j.id = t.journey_id
WHERE t.customer_id = ANY(%(ids)s)
"""
_BY_HAND: Final = """
SELECT t.customer_id, coalesce(i.decided_at, i.made_at), 10, i.id, 'by_hand', j.key, i.act,
       jsonb_build_object('touch', t.id, 'channel', t.channel, 'node', t.node,
                          'verdict', i.verdict, 'made_by', maker.username,
                          'decided_by', second.username, 'made_at', i.made_at)
FROM campaigns_intervention i
JOIN campaigns_touch t ON t.customer_id = ANY(%(ids)s) AND i.touch_ids @> to_jsonb(t.id)
JOIN campaigns_journey j ON j.id = t.journey_id
JOIN compliance_user maker ON maker.id = i.made_by_id
LEFT JOIN compliance_user second ON second.id = i.decided_by_id
"""
_ASIDE: Final = """
SELECT t.customer_id, p.failed_at, 8, p.id, 'put_aside', j.key, p.error_class,
       jsonb_build_object('touch', t.id, 'channel', t.channel, 'node', t.node,
                          'attempts', p.attempts, 'error', p.message)
FROM campaigns_touch t
JOIN campaigns_poisonrow p ON p.touch_id = t.id
JOIN campaigns_journey j ON j.id = t.journey_id
WHERE t.customer_id = ANY(%(ids)s)
"""
_REPLAYED: Final = """
SELECT t.customer_id, p.replayed_at, 11, p.id, 'replayed', j.key, '',
       jsonb_build_object('touch', t.id, 'channel', t.channel, 'node', t.node,
                          'made_by', operator.username)
FROM campaigns_touch t
JOIN campaigns_poisonrow p ON p.touch_id = t.id AND p.replayed_at IS NOT NULL
JOIN campaigns_journey j ON j.id = t.journey_id
LEFT JOIN compliance_user operator ON operator.id = p.replayed_by_id
WHERE t.customer_id = ANY(%(ids)s)
"""
_FINISHED: Final = """
SELECT e.customer_id, e.finished_at, 12, e.id, 'finished', j.key, e.exit_reason,
       jsonb_build_object('enrolment', e.id, 'state', e.state, 'node', e.node, 'error', e.error)
FROM campaigns_enrolment e
JOIN campaigns_journey j ON j.id = e.journey_id
WHERE e.customer_id = ANY(%(ids)s) AND e.finished_at IS NOT NULL
"""
DECISIONS: Final = f"""
{_JUDGEMENTS}
SELECT d.customer_id, d.at, d.kind, d.journey, d.code, d.facts
FROM (
{
    " UNION ALL ".join(
        (
            _ENTERED,
            _HOPS,
            _EXPOSURES,
            _QUEUED,
            _JUDGED,
            _HANDED,
            _OUTCOMES,
            _ANSWERS,
            _RECEIPTS,
            _BY_HAND,
            _ASIDE,
            _REPLAYED,
            _FINISHED,
        )
    )
}
) d(customer_id, at, rank, step, kind, journey, code, facts)
WHERE %(journey)s::text IS NULL OR d.journey = %(journey)s
ORDER BY d.customer_id, d.at, d.rank, d.step
"""
