"""The customer can and may be written to at all."""

from datetime import datetime

from campaigns.guards.verdict import Allow, Case, Refuse, Verdict
from campaigns.states import Reason


def judge(case: Case, now: datetime) -> Verdict:
    if case.customer_status != "active":
        return Refuse(reason=Reason.CUSTOMER_INACTIVE, detail=case.customer_status or "missing")
    if not case.has_address:
        return Refuse(reason=Reason.NO_ADDRESS)
    if case.personalise_off and case.is_personal:
        return Refuse(reason=Reason.PERSONALISATION_OFF)
    return Allow()
