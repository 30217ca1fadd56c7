"""No customer is approached more often than the caps allow (F rules of the rulebook)."""

from datetime import datetime

from campaigns.guards.verdict import ALLOW, Allow, Case, Read, Refuse, Verdict
from campaigns.states import Reason
from compliance.contact import LIMITED_PURPOSES


def judge(case: Case, now: datetime) -> Verdict:
    if case.purpose not in LIMITED_PURPOSES:
        return ALLOW
    for cap, used in case.used:
        if used >= cap.most:
            read: Read = {"cap": cap.rule_id, "used": used, "most": cap.most}
            return Refuse(reason=Reason.CAPPED, detail=cap.rule_id, read=read)
    return Allow(read={cap.rule_id: used for cap, used in case.used})
