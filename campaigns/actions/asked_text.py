"""What the gates on the text say of one that is asked about; nothing was reviewed of it."""

from collections.abc import Sequence
from typing import Final

from campaigns.actions.question import Question
from campaigns.actions.wording import Subject, read_notices, read_text
from campaigns.guards import notices
from campaigns.guards.verdict import Policy, Refuse
from campaigns.guards.wording import weighed
from compliance.contact import LIMITED_PURPOSES
from compliance.jurisdiction import Jurisdiction
from compliance.scan import UNNAMED_PRODUCT, rule_words
from compliance.suitability.values import CUSTOMER, Decision, Finding, Product

_WORDING: Final = "wording"


def read_asked_text(
    question: Question, product: Product | None, policy: Policy
) -> tuple[Sequence[Finding], Sequence[str]]:
    """What the wording rules find in it, and what they were not asked."""
    if not question.text:
        return (), (_WORDING,)
    subject = Subject(
        channel=question.channel,
        product=(product.kind or None) if product else None,
        is_named=product is not None or question.purpose not in LIMITED_PURPOSES,
    )
    read = read_text(question.text, subject, on=policy.on, lexicon=policy.lexicon)
    forbidden, to_review = weighed(question.purpose, *read)
    found = [(Decision.BLOCK, rule) for rule in sorted(forbidden)]
    found += [(Decision.REVIEW, rule) for rule in sorted(to_review)]
    about = {**rule_words(policy.lexicon), UNNAMED_PRODUCT: "speaks of a product, names none"}
    return [
        Finding(rule_id=rule, decision=decision, evidence={"about": about[rule]})
        for decision, rule in found
    ], ()


def missing_notices(
    question: Question, product: Product | None, policy: Policy, told: Sequence[Finding]
) -> Sequence[Finding]:
    """A text that lacks what must go with it would be refused before it is sent.

    What a reviewer is to do (a call to an elderly customer) stands in no text.
    """
    if not question.text or question.initiator == CUSTOMER:
        return ()
    owed = {
        finding.rule_id: finding.notices
        for finding in told
        if finding.decision is Decision.ALLOW_WITH_NOTICE
    }
    found = [
        (rule, notices.judge(_notice(question, tuple(due), product))) for rule, due in owed.items()
    ]
    if question.purpose in LIMITED_PURPOSES:
        where = policy.jurisdiction
        found.append((where.rule_id, notices.judge(_notice(question, (), product, where))))
    return [
        Finding(rule_id=rule, decision=Decision.BLOCK, evidence={"missing": gate.detail})
        for rule, gate in found
        if isinstance(gate, Refuse)
    ]


def _notice(
    question: Question,
    due: tuple[str, ...],
    product: Product | None,
    where: Jurisdiction | None = None,
) -> notices.Notice:
    points = product.risk_points if product else ""
    return read_notices(due, {"text": question.text}, question.channel, points, where=where)
