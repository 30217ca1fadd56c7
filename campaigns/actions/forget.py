"""Forget what was said to people who were erased."""

from datetime import datetime
from typing import Final

from django.db import transaction

from customers.queries.database import execute

# What may still be handed over is refused at its gate first, and forgotten then.
_TEXTS: Final = """
UPDATE campaigns_touch t SET content_cipher = NULL
FROM customers_customer c
WHERE c.status = 'erased' AND t.customer_id = c.id AND t.content_cipher IS NOT NULL
  AND t.state <> 'handing_over'
"""
_SCRIPTS: Final = """
UPDATE campaigns_advisortask a SET script = ''
FROM campaigns_touch t JOIN customers_customer c ON c.id = t.customer_id
WHERE c.status = 'erased' AND a.touch_id = t.id AND a.script <> ''
"""
_NOTES: Final = """
UPDATE campaigns_call l SET note_cipher = NULL
FROM campaigns_advisortask a JOIN campaigns_touch t ON t.id = a.touch_id
JOIN customers_customer c ON c.id = t.customer_id
WHERE c.status = 'erased' AND l.task_id = a.id AND l.note_cipher IS NOT NULL
"""
_RUNS: Final = """
UPDATE campaigns_enrolment e
SET state = 'exited', exit_reason = 'customer_gone', due_at = NULL, finished_at = %(now)s,
    lease_owner = '', lease_until = NULL, fence = e.fence + 1
FROM customers_customer c
WHERE c.status = 'erased' AND e.customer_id = c.id AND e.state IN ('active', 'waiting')
"""


@transaction.atomic
def forget_erased(*, now: datetime) -> int:
    """Drop texts, scripts and notes of erased customers and end their journeys; texts dropped."""
    execute(_RUNS, {"now": now})
    execute(_NOTES, {})
    execute(_SCRIPTS, {})
    return execute(_TEXTS, {})
