"""The message is one that a second person approved, and it still makes sense."""

from datetime import datetime

from campaigns.guards.verdict import Allow, Case, Refuse, Verdict
from campaigns.states import Reason


def judge(case: Case, now: datetime) -> Verdict:
    if not case.is_approved:
        return Refuse(reason=Reason.NOT_APPROVED)
    if case.expires_at is not None and now >= case.expires_at:
        return Refuse(reason=Reason.EXPIRED)
    return Allow()
