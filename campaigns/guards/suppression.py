"""No message to an address whose owner complained, or that does not exist.

A statutory notice is owed whether or not the last message arrived: it is tried all the same.
"""

from datetime import datetime

from campaigns.guards.verdict import Allow, Case, Refuse, Verdict
from campaigns.states import Reason


def judge(case: Case, now: datetime) -> Verdict:
    if case.suppressed and case.purpose != "statutory":
        return Refuse(reason=Reason.SUPPRESSED, detail=case.suppressed)
    return Allow()
