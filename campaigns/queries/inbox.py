"""The in-app inbox of one customer."""

from typing import Final

# The accepted touch is the message. `campaigns.channels.in_app` says how long it is kept.
_IN_INBOX: Final = """
FROM campaigns_touch t
JOIN campaigns_provideraccount a ON a.id = t.account_id
JOIN campaigns_journey j ON j.id = t.journey_id
WHERE t.customer_id = %(customer)s AND t.channel = 'in_app' AND t.accepted_at IS NOT NULL
  AND t.accepted_at + make_interval(days => coalesce((a.options->>'keep_days')::int,
                                                     %(keep_days)s)) > %(now)s
  AND NOT EXISTS (SELECT FROM campaigns_receipt r
                  WHERE r.touch_id = t.id AND r.kind = 'dismissed')
"""


INBOX_PAGE: Final = f"""
SELECT t.id, t.key, j.key, t.content_cipher, t.content_hash, t.accepted_at,
       t.accepted_at + make_interval(days => coalesce((a.options->>'keep_days')::int,
                                                      %(keep_days)s)),
       t.opened_at, t.clicked_at
{_IN_INBOX}
  AND t.id < %(before)s AND (NOT %(unread)s OR t.opened_at IS NULL AND t.clicked_at IS NULL)
ORDER BY t.id DESC
LIMIT %(limit)s
"""


INBOX_UNREAD: Final = f"""
SELECT t.key {_IN_INBOX} AND t.opened_at IS NULL AND t.clicked_at IS NULL
"""
