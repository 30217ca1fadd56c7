"""What the two records of a touch cost that no dispatch can do without, and nothing besides.

Before a provider hears of a touch its attempt and frozen content are written, afterwards what he
said (`campaigns.actions.dispatch`): whoever leaves one out sends twice or loses after a crash.
"""

import os

from django.db import transaction

from bench.world.telling import spent
from campaigns.queries.dispatch import WRITE_JUDGED, WRITE_OUTCOMES
from compliance.queries import clock_now
from customers.queries.database import execute, rows

# Both documents of each batch as dispatch had made them, ready.
READY = """
SELECT t.batch_id, max(t.fence),
    jsonb_agg(jsonb_build_object(
        'id', t.id, 'state', 'handing_over', 'reason', '', 'verdict', t.verdict,
        'segments', t.segments, 'unit_cost', t.unit_cost::text, 'attempt', 1, 'due_at', t.due_at,
        'content_hash', t.content_hash, 'content', encode(t.content_cipher, 'base64')))::text,
    jsonb_agg(jsonb_build_object(
        'key', t.key, 'state', 'accepted', 'reason', '', 'detail', '', 'due_at', t.due_at,
        'provider_id', t.provider_id, 'segments', t.segments, 'accepted', true, 'tried', true,
        'unknown', false, 'at', t.accepted_at))::text
FROM campaigns_touch t JOIN campaigns_journey j ON j.id = t.journey_id
WHERE j.key = %(key)s
GROUP BY t.batch_id
"""


def seconds_to_record(key: str) -> float:
    """Seconds of the processor that both records of one touch take, here and in the database.

    Written once more, batch by batch, for the touches of a journey that have been accepted.
    """
    ready = rows(READY, {"key": key})
    touches = 0
    before = spent()
    for batch, fence, judged, outcomes in ready:
        with transaction.atomic():
            execute(WRITE_JUDGED, {"rows": judged, "fence": fence, "now": clock_now()})
        with transaction.atomic():
            touches += execute(WRITE_OUTCOMES, {"rows": outcomes, "batch": batch})
    return (spent() - before) / touches


def ceiling(raw: float, seconds: float) -> float:
    """Messages a second if to what the bare client costs only the records are added.

    Counted as if the client and the sandbox kept every processor busy, and the records as well.
    """
    processors = os.cpu_count() or 1
    return processors / (processors / raw + seconds)
