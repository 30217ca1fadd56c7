"""No message without the consent its purpose needs (PIPL 13-16; Advertising Law 43).

Statutory notices need none; for everything else silence is a no.
"""

from datetime import datetime

from campaigns.guards.verdict import Allow, Case, Refuse, Verdict
from campaigns.states import Reason


def judge(case: Case, now: datetime) -> Verdict:
    if case.purpose == "statutory" or case.consent == "granted":
        return Allow(read={"consent": case.consent})
    if case.consent == "withdrawn":
        return Refuse(reason=Reason.CONSENT_WITHDRAWN)
    return Refuse(reason=Reason.NO_CONSENT)
