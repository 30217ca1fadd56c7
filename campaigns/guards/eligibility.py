"""Customers who are not approached at all, on grounds that the console does not tell.

A hold under anti-money-laundering law must not be guessable (反洗钱法 35), so it looks like any
internal hold, such as one on a lawsuit or a death; only compliance reads which it was. What the
customer expects anyway goes on: silence there would tell him.

A purpose that nobody knows is an error here: every later gate asks less of what is no marketing.
"""

from datetime import datetime

from campaigns.guards.verdict import ALLOW, Case, Refuse, Verdict
from campaigns.states import Reason
from compliance.contact import LIMITED_PURPOSES
from customers.vocabulary import Purpose


def judge(case: Case, now: datetime) -> Verdict:
    if Purpose(case.purpose) not in LIMITED_PURPOSES or not (case.aml_hold or case.internal_hold):
        return ALLOW
    held = {"aml_hold": case.aml_hold, "internal_hold": case.internal_hold}
    grounds = ",".join(name for name, is_set in held.items() if is_set)
    return Refuse(reason=Reason.NOT_ELIGIBLE, restricted=grounds)
