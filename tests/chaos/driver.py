"""A worker without a broker: does all that is due at a given time, once, then ends.

`python -m tests.chaos.driver NOW` prints how many touches are still open.
"""

import sys
from datetime import datetime

import django

django.setup()

from campaigns.actions.advance import advance  # noqa: E402 - Django's registry comes first
from campaigns.actions.dispatch import dispatch_due  # noqa: E402
from campaigns.actions.enrol import enrol  # noqa: E402
from campaigns.models import Journey  # noqa: E402
from campaigns.tasks import owner  # noqa: E402
from customers.queries.database import rows  # noqa: E402

FEW = 2  # enrolments in one claim, so that a small world has many claims
_OPEN = """
SELECT count(*) FROM campaigns_touch
WHERE state IN ('queued', 'deferred', 'handing_over', 'ambiguous')
"""


def work(now: datetime) -> int:
    """Everything due at ``now``; the number of touches left open."""
    for journey in Journey.objects.filter(state=Journey.State.RUNNING):
        enrol(journey=journey, now=now)
    while advance(owner=owner(), now=now, limit=FEW).claimed:
        pass
    for _ in dispatch_due(owner=owner(), clock=lambda: now, may_claim=lambda: True):
        pass
    return int(rows(_OPEN, {})[0][0])


if __name__ == "__main__":
    sys.stdout.write(f"{work(datetime.fromisoformat(sys.argv[1]))}\n")
