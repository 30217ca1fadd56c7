"""Links followed and pixels opened."""

from typing import Final

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
