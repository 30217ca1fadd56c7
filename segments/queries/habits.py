"""Values of how somebody visits, asks, and answers what we send."""

from collections.abc import Mapping
from typing import Final

from customers.vocabulary import AttributeType
from segments.models import Refresh
from segments.queries.tag_value import Value, fact, number, text

# A session ends after half an hour without a page, as web analytics counts them.
_DEPTH: Final = """
    SELECT customer_id, round(count(*)::numeric / count(*) FILTER (WHERE opens), 2) AS value
    FROM (SELECT customer_id, (occurred_at - lag(occurred_at) OVER (
                     PARTITION BY customer_id ORDER BY occurred_at) > interval '30 minutes')
                     IS NOT FALSE AS opens
          FROM event WHERE kind IN ('page', 'screen')) visited
    GROUP BY customer_id
"""
_ABANDONED: Final = """
    SELECT customer_id, step AS value
    FROM (SELECT DISTINCT ON (customer_id) customer_id, name, occurred_at,
                 nullif(left(properties ->> 'step', 100), '') AS step
          FROM event WHERE name IN ('account_step', 'account_opened')
          ORDER BY customer_id, occurred_at DESC) newest
    WHERE name = 'account_step' AND occurred_at <= %(now)s - interval '1 hour'
"""
# The hour before and the one after count half, so that no single open decides.
_BEST_HOUR: Final = """
    SELECT DISTINCT ON (customer_id) customer_id, hour AS value
    FROM (SELECT customer_id, (24 + at + shift) %% 24 AS hour, sum(weight) AS opens, max(times) AS n
          FROM (SELECT customer_id, extract(hour FROM opened_at AT TIME ZONE %(zone)s)::int AS at,
                       count(*) OVER (PARTITION BY customer_id) AS times
                FROM touch WHERE opened_at IS NOT NULL) opened
          CROSS JOIN (VALUES (-1, 0.5), (0, 1.0), (1, 0.5)) near (shift, weight)
          GROUP BY 1, 2) smoothed
    WHERE n >= 3 ORDER BY customer_id, opens DESC, hour
"""
# Mean of Beta(1 + clicks, 19 + messages without): one click in twenty is expected beforehand, so
# that one message clicked does not beat fifty of which ten were.
_AFFINITY: Final = """
    SELECT DISTINCT ON (customer_id) customer_id, channel AS value
    FROM (SELECT customer_id, channel, count(clicked_at) AS clicks, count(*) AS delivered
          FROM touch WHERE delivered_at IS NOT NULL GROUP BY customer_id, channel) answered
    WHERE clicks > 0
    ORDER BY customer_id, (1.0 + clicks) / (20 + delivered) DESC, delivered DESC, channel
"""
_DEVICES: Final = """
    SELECT lives.id AS customer_id, count(*) FILTER (WHERE gone.why IS NULL) AS live
    FROM lives JOIN customers_identity i ON i.customer_id = lives.id AND i.kind = 'device'
    LEFT JOIN campaigns_suppression gone ON gone.kind = 'device'
        AND gone.value_hash = i.value_hash AND gone.why = 'undeliverable'
    GROUP BY lives.id
"""
_PUSH: Final = f"""
    SELECT lives.id AS customer_id, coalesce(toggle.enabled, device.live > 0) AS value
    FROM lives
    LEFT JOIN ({_DEVICES}) device ON device.customer_id = lives.id
    LEFT JOIN LATERAL (
        SELECT CASE e.properties -> 'enabled' WHEN 'true' THEN true WHEN 'false' THEN false END
                   AS enabled
        FROM customers_event e WHERE e.customer_id = lives.id AND e.name = 'push_toggle'
          AND e.occurred_at > %(now)s - interval '365 days' AND e.occurred_at <= %(now)s
        ORDER BY e.occurred_at DESC LIMIT 1) toggle ON true
"""

HABITS: Final[Mapping[str, Value]] = {
    "depth_30": number(_DEPTH),
    "complaint_90d": number(
        """SELECT e.customer_id, count(*) AS value
           FROM lives JOIN customers_event e ON e.customer_id = lives.id AND e.name = 'complaint'
           WHERE e.occurred_at > %(now)s - interval '90 days' AND e.occurred_at <= %(now)s
           GROUP BY e.customer_id"""
    ),
    "cs_topic": text(
        """SELECT DISTINCT ON (customer_id) customer_id, left(properties ->> 'intent', 100) AS value
           FROM event WHERE name = 'chat_message' AND properties ->> 'intent' <> ''
           ORDER BY customer_id, occurred_at DESC""",
        Refresh.HOURLY,
    ),
    "app_abandoned": text(_ABANDONED, Refresh.HOURLY),
    "best_hour": number(_BEST_HOUR),
    "channel_affinity": text(_AFFINITY),
    "push_enabled": fact(AttributeType.BOOLEAN, _PUSH),
    "uninstalled": fact(
        AttributeType.BOOLEAN, f"SELECT customer_id, live = 0 AS value FROM ({_DEVICES}) device"
    ),
}
