"""No product is marketed to whom it does not suit (rules S-01 to S-12 of the rulebook).

Marketing that names no product is judged by what S-13 asks of the person alone; education and what
serves the customer may then go to anybody. No warning makes a push lawful that is not, and what
the rules allow only with a notice goes on to `notices`.
"""

from datetime import datetime
from typing import Final, assert_never

from campaigns.guards.verdict import ALLOW, Allow, Case, Read, Refuse, Verdict
from campaigns.states import Reason
from compliance.contact import LIMITED_PURPOSES
from compliance.suitability.judge import judge as judge_offer
from compliance.suitability.judge import judge_unnamed
from compliance.suitability.values import Ask, Decision, Opinion

_MARKETING: Final = "marketing"


def judge(case: Case, now: datetime) -> Verdict:
    if case.purpose not in LIMITED_PURPOSES:
        return ALLOW
    if not case.product_code and case.purpose != _MARKETING:
        return ALLOW
    if case.product_code and case.product is None:
        return Refuse(reason=Reason.PRODUCT_UNKNOWN, detail=case.product_code)
    if case.client is None:
        return Refuse(reason=Reason.GATE_ERROR, detail="nothing is known of the customer")
    local_on = now.astimezone(case.zone).date()
    ask = Ask(on=case.policy.on, channel=case.channel, local_on=local_on)
    rules = case.policy.suitability
    if case.product is None:
        return _verdict(
            judge_unnamed(client=case.client, ask=ask, rules=rules), Reason.MARKETING_BARRED
        )
    return _verdict(
        judge_offer(client=case.client, product=case.product, ask=ask, rules=rules),
        Reason.UNSUITABLE,
    )


def _verdict(opinion: Opinion, blocked: Reason) -> Verdict:
    match opinion.decision:
        case Decision.BLOCK:
            return _refused(blocked, opinion)
        case Decision.REVIEW:
            return _refused(Reason.NEEDS_REVIEW, opinion)
        case Decision.ALLOW_WITH_NOTICE:
            rules = ",".join(opinion.deciding)
            read = {**opinion.read, "notices": ",".join(opinion.notices), "notices_by": rules}
            return Allow(read=read, notices=opinion.notices)
        case Decision.ALLOW:
            return Allow(read=opinion.read)
    assert_never(opinion.decision)


def _refused(reason: Reason, opinion: Opinion) -> Refuse:
    deciding = opinion.deciding
    read: dict[str, str | int | None] = dict(opinion.read)
    for finding in opinion.findings:
        if finding.rule_id in deciding:
            read.update(finding.evidence)
    return Refuse(reason=reason, detail=",".join(deciding), read=_plain(read))


def _plain(read: Read) -> Read:
    return {name: value for name, value in read.items() if value is not None or name == "level"}
