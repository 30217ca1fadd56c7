"""The customer can and may be written to at all.

Who refuses personalisation gets no text that speaks of him, and no marketing that his data chose
him for (PIPL 24): what everybody gets still reaches him.
"""

from datetime import datetime

from campaigns.guards.verdict import ALLOW, Case, Refuse, Verdict
from campaigns.states import Reason
from compliance.contact import LIMITED_PURPOSES


def judge(case: Case, now: datetime) -> Verdict:
    if case.customer_status != "active":
        return Refuse(reason=Reason.CUSTOMER_INACTIVE, detail=case.customer_status or "missing")
    if not case.has_address:
        return Refuse(reason=Reason.NO_ADDRESS)
    is_chosen = case.is_targeted and case.purpose in LIMITED_PURPOSES
    if case.personalise_off and (case.is_personal or is_chosen):
        return Refuse(reason=Reason.PERSONALISATION_OFF)
    return ALLOW
