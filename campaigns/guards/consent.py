"""No message without the consent its purpose needs (PIPL 13-16; Advertising Law 43).

Statutory notices need none; for everything else silence is a no. The customer's jurisdiction says
how marketing needs it: in writing (TCPA) or with a recent look into the do-not-call register (PDPA
43), whether a business relationship stands for it and for how long (CASL 10), and whether an
objection holds for all channels (GDPR 21(3)).
"""

from datetime import datetime, timedelta

from campaigns.guards.verdict import Allow, Case, Refuse, Verdict
from campaigns.states import Reason
from compliance.contact import LIMITED_PURPOSES
from compliance.jurisdiction import IMPLIED, WRITTEN
from compliance.suitability.checks import add_months


def judge(case: Case, now: datetime) -> Verdict:
    if case.purpose == "statutory":
        return Allow(read={"consent": case.consent})
    if case.consent == "withdrawn":
        return Refuse(reason=Reason.CONSENT_WITHDRAWN)
    if case.consent != "granted":
        return Refuse(reason=Reason.NO_CONSENT)
    if case.purpose in LIMITED_PURPOSES and (objection := _objection_there(case)):
        where = case.policy.jurisdiction.rule_id
        read = {"jurisdiction": where, "form": case.consent_form or None}
        return Refuse(reason=objection, detail=where, read=read)
    return Allow(read={"consent": case.consent})


def _objection_there(case: Case) -> Reason | None:
    """What the customer's jurisdiction has against a consent that stands."""
    where = case.policy.jurisdiction
    if where.is_objection_absolute and case.has_objected:
        return Reason.OBJECTED
    if case.consent_form == IMPLIED and not _stands_for_a_yes(case):
        return Reason.NO_CONSENT
    is_proved = case.consent_form == WRITTEN or _is_off_the_register(case)
    if case.consent_name in where.written and not is_proved:
        return Reason.CONSENT_NOT_WRITTEN
    return None


def _stands_for_a_yes(case: Case) -> bool:
    """Whether a business relationship does there, and this one still."""
    months = case.policy.jurisdiction.implied.get(case.consent_name)
    if months is None or case.consent_since is None:
        return False
    return months == 0 or case.policy.on < add_months(case.consent_since, months)


def _is_off_the_register(case: Case) -> bool:
    days, checked_on = case.policy.jurisdiction.register_days, case.register_checked_on
    if not days or checked_on is None:
        return False
    return timedelta() <= case.policy.on - checked_on <= timedelta(days=days)
