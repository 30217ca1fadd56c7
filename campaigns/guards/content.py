"""The message is one that a second person approved for such a purpose, and it still makes sense."""

from datetime import datetime

from campaigns.guards.purpose import may_serve
from campaigns.guards.verdict import ALLOW, Case, Refuse, Verdict
from campaigns.states import Reason


def judge(case: Case, now: datetime) -> Verdict:
    if not case.is_approved:
        return Refuse(reason=Reason.NOT_APPROVED)
    if not may_serve(case.approved_for, case.purpose, case.product_code):
        read = {"approved_for": case.approved_for}
        return Refuse(reason=Reason.NOT_APPROVED, detail=case.approved_for, read=read)
    if case.expires_at is not None and now >= case.expires_at:
        return Refuse(reason=Reason.EXPIRED)
    return ALLOW
