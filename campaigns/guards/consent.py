"""No message without the consent its purpose needs (PIPL 13-16; Advertising Law 43).

Statutory notices need none; for everything else silence is a no. Where the customer's jurisdiction
says so, marketing needs it in writing (TCPA), or an objection holds for all channels (GDPR 21(3)).
"""

from datetime import datetime

from campaigns.guards.verdict import Allow, Case, Refuse, Verdict
from campaigns.states import Reason
from compliance.contact import LIMITED_PURPOSES


def judge(case: Case, now: datetime) -> Verdict:
    if case.purpose == "statutory":
        return Allow(read={"consent": case.consent})
    if case.consent == "withdrawn":
        return Refuse(reason=Reason.CONSENT_WITHDRAWN)
    if case.consent != "granted":
        return Refuse(reason=Reason.NO_CONSENT)
    if case.purpose in LIMITED_PURPOSES:
        where = case.policy.jurisdiction
        read = {"jurisdiction": where.rule_id}
        if where.is_objection_absolute and case.has_objected:
            return Refuse(reason=Reason.OBJECTED, detail=where.rule_id, read=read)
        if case.consent_name in where.written and not case.is_consent_written:
            return Refuse(reason=Reason.CONSENT_NOT_WRITTEN, detail=where.rule_id, read=read)
    return Allow(read={"consent": case.consent})
