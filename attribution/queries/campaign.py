"""What a campaign's report counts, as it was known at a cut-off."""

from typing import Final

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
SELECT channel, count(*), count(*) FILTER (WHERE accepted AND NOT bounced),
       count(*) FILTER (WHERE delivered), coalesce(sum(cost) FILTER (WHERE accepted), 0)
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
SELECT state, reason, count(*) FROM campaigns_touch
WHERE journey_id = %(journey)s GROUP BY state, reason ORDER BY count(*) DESC, state, reason
"""

ENROLLED: Final = """
SELECT state, count(*) FROM campaigns_enrolment WHERE journey_id = %(journey)s GROUP BY state
"""

# Touches that reached a provider, as numbers: customer, microseconds, channel. Only of those who
# converted: no other path is given any credit by the methods of the report.
ACCEPTED_TOUCHES: Final = (
    _TOUCHES_AS_KNOWN
    + """
SELECT customer_id, (extract(epoch FROM accepted_at) * 1000000)::bigint, channel, id
FROM touch WHERE accepted AND NOT bounced AND customer_id IN (
    SELECT c.customer_id FROM attribution_conversion c
    WHERE c.goal_id = %(goal)s AND c.occurred_at <= %(cut_off)s AND c.known_at <= %(cut_off)s)
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
