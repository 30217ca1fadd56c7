"""No product is marketed to whom it does not suit (rules S-01 to S-12 of the rulebook).

A message that names no product has nothing to be judged by.
"""

from datetime import datetime
from typing import Final

from campaigns.guards.verdict import Allow, Case, Read, Refuse, Verdict
from campaigns.states import Reason
from compliance.contact import LIMITED_PURPOSES
from compliance.suitability.judge import judge as judge_offer
from compliance.suitability.values import Ask, Decision, Opinion

_ALLOW: Final = Allow()


def judge(case: Case, now: datetime) -> Verdict:
    if not case.product_code or case.purpose not in LIMITED_PURPOSES:
        return _ALLOW
    if case.product is None:
        return Refuse(reason=Reason.PRODUCT_UNKNOWN, detail=case.product_code)
    if case.client is None:
        return Refuse(reason=Reason.GATE_ERROR, detail="nothing is known of the customer")
    opinion = judge_offer(
        client=case.client,
        product=case.product,
        ask=Ask(on=case.policy.on, channel=case.channel),
        rules=case.policy.suitability,
    )
    match opinion.decision:
        case Decision.BLOCK:
            return _refused(Reason.UNSUITABLE, opinion)
        case Decision.REVIEW:
            return _refused(Reason.NEEDS_REVIEW, opinion)
        case _:
            return Allow(read=opinion.read)


def _refused(reason: Reason, opinion: Opinion) -> Refuse:
    deciding = opinion.deciding
    read: dict[str, str | int | None] = dict(opinion.read)
    for finding in opinion.findings:
        if finding.rule_id in deciding:
            read.update(finding.evidence)
    return Refuse(reason=reason, detail=",".join(deciding), read=_plain(read))


def _plain(read: Read) -> Read:
    return {name: value for name, value in read.items() if value is not None or name == "level"}
