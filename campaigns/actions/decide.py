"""May this product be promoted to this customer, by this channel, now? The gates, asked at once.

Unlike before a send, every gate is asked and nothing is counted; the answer holds for the moment
it was given. Whoever asks keeps it (`decisions.keep_answer`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.actions.contacts import contacts_of, last_marketed
from campaigns.actions.judging import (
    CONSENT_CHANNEL,
    consent_facts,
    stop_of,
)
from campaigns.actions.policies import policy_of, rules_at
from campaigns.actions.wording import Subject, read_notices, read_text
from campaigns.channels.base import Channel
from campaigns.errors import NotOnRecord
from campaigns.guards import notices
from campaigns.guards.chain import ask
from campaigns.guards.verdict import Case, Defer, Policy, Refuse, Verdict
from campaigns.states import Reason
from compliance.calendar import zone
from compliance.contact import LIMITED_PURPOSES
from compliance.jurisdiction import Jurisdiction
from compliance.queries import products
from compliance.scan import rule_words
from compliance.suitability.judge import judge as judge_offer
from compliance.suitability.values import (
    CUSTOMER,
    INSTITUTION,
    WEIGHT,
    Ask,
    Decision,
    Finding,
    Product,
)
from customers.queries.consents import current_statements
from customers.queries.people import CustomerFacts, customer_facts, customer_ids

# By what rule each gate speaks, where its verdict doesn't say.
_RULES: Final = {"recipient": "P-6", "eligibility": "not_eligible", "consent": "P-1"}
# Gates that only bound what the institution does of its own accord.
_PUSH_ONLY: Final = ("consent", "suppression", "quiet_hours", "frequency")
_PERSONALISATION: Final = "P-4"
_WORDING: Final = "wording"
_SUITABILITY: Final = "suitability"
Values: TypeAlias = Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. ``text``: what would be said, judged by the wording rules if given."""

    customer_no: str
    product: str
    channel: str
    purpose: str = "marketing"
    initiator: str = INSTITUTION
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The heaviest of all findings. ``not_before``: from when hours alone no longer object.

    ``rules``: the versions that officers made; ``rules_hash``: of all rules it was given by;
    ``jurisdiction``: by whose numbers.
    """

    customer_id: int
    decision: Decision
    findings: Sequence[Finding]
    notices: Sequence[str] = ()
    not_applied: Sequence[str] = ()
    not_before: datetime | None = None
    rules: Mapping[str, int] = field(default_factory=dict)
    rules_hash: str = ""
    jurisdiction: str = ""


def decide(*, question: Question, now: datetime) -> Answer:
    """Ask every gate that the question concerns.

    Raises
    ------
    NotOnRecord : the customer or the product.
    """
    customer, product = _looked_up(question)
    policy = policy_of(customer.region, rules_at(now))
    case = _case(question, customer, product, policy, now)
    held = ask("eligibility", case, now)
    if isinstance(held, Refuse):
        # Nothing beside it: what else holds of him could tell one hold from another.
        return _answer(customer, [_refusal("eligibility", held)], (), None, policy)
    findings, skipped, not_before = _gates(question, case, now)
    told, unasked = _offer(question, customer, product, policy, now)
    worded, unread = _worded(question, product, policy)
    found = [*findings, *told, *worded, *_unnoticed(question, product, policy, told)]
    return _answer(customer, found, [*skipped, *unasked, *unread], not_before, policy)


def _looked_up(question: Question) -> tuple[CustomerFacts, Product]:
    ids = customer_ids([question.customer_no])
    known = products({question.product})
    if question.customer_no not in ids:
        raise NotOnRecord("customer", _("There is no such customer."))
    if question.product not in known:
        raise NotOnRecord("product", _("There is no such product."))
    customer_id = ids[question.customer_no]
    return customer_facts([customer_id])[customer_id], known[question.product]


def _case(
    question: Question, customer: CustomerFacts, product: Product, policy: Policy, now: datetime
) -> Case:
    where = zone(customer.time_zone, settings.TIME_ZONE)
    said = current_statements([customer.id], question.purpose).get(customer.id, {})
    stop = stop_of(question.channel, customer.id)
    return Case(
        purpose=question.purpose,
        channel=question.channel,
        expires_at=None,
        customer_status=customer.status,
        personalise_off=customer.personalise_off,
        **consent_facts(_consent_name(question.channel), said),
        has_address=True,
        suppressed=stop.why,
        suppressed_at=stop.at,
        is_personal=False,
        is_targeted=question.initiator != CUSTOMER,
        is_approved=True,
        aml_hold=customer.aml_hold,
        internal_hold=customer.internal_hold,
        client=customer,
        product_code=product.code,
        product=product,
        policy=policy,
        zone=where,
        used=contacts_of(
            customer.id,
            rules=policy.contact,
            channel=question.channel,
            product=product.code,
            zone=where,
            now=now,
        ),
    )


def _consent_name(channel: str) -> str:
    return CONSENT_CHANNEL.get(Channel(channel), channel) if channel in set(Channel) else channel


def _gates(
    question: Question, case: Case, now: datetime
) -> tuple[list[Finding], list[str], datetime | None]:
    findings: list[Finding] = []
    skipped: list[str] = []
    not_before = None
    for gate in ("recipient", *_PUSH_ONLY):
        if gate in _PUSH_ONLY and question.initiator == CUSTOMER:
            skipped.append(gate)
            continue
        verdict = ask(gate, case, now)
        if isinstance(verdict, Defer):
            not_before = verdict.until
        if isinstance(verdict, Defer | Refuse):
            findings.append(_refusal(gate, verdict))
    return findings, skipped, not_before


def _refusal(gate: str, verdict: Verdict) -> Finding:
    assert isinstance(verdict, Defer | Refuse)
    values = dict(verdict.read)
    if verdict.reason is Reason.PERSONALISATION_OFF:
        gate = _PERSONALISATION
    rule = values.pop("cap", None) or values.pop("window", None) or _RULES.get(gate, gate)
    return Finding(
        rule_id=str(rule),
        decision=Decision.BLOCK,
        evidence={**values, "reason": verdict.reason.value},
    )


def _offer(
    question: Question, customer: CustomerFacts, product: Product, policy: Policy, now: datetime
) -> tuple[Sequence[Finding], Sequence[str]]:
    if question.purpose not in LIMITED_PURPOSES:
        return (), (_SUITABILITY,)
    is_his_wish = question.initiator == CUSTOMER
    marketed_at = last_marketed(customer.id, product.code) if is_his_wish else None
    opinion = judge_offer(
        client=customer,
        product=product,
        ask=Ask(
            on=policy.on,
            channel=question.channel,
            initiator=question.initiator,
            marketed_days_ago=_days_since(marketed_at, now),
        ),
        rules=policy.suitability,
    )
    return opinion.findings, opinion.not_applied


def _days_since(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(now - at, timedelta()).days


def _worded(
    question: Question, product: Product, policy: Policy
) -> tuple[Sequence[Finding], Sequence[str]]:
    if not question.text:
        return (), (_WORDING,)
    subject = Subject(channel=question.channel, product=product.kind or None)
    forbidden, to_review = read_text(question.text, subject, on=policy.on, lexicon=policy.lexicon)
    found = [(Decision.BLOCK, rule) for rule in sorted(forbidden)]
    found += [(Decision.REVIEW, rule) for rule in sorted(to_review)]
    about = rule_words(policy.lexicon)
    return [
        Finding(rule_id=rule, decision=decision, evidence={"about": about[rule]})
        for decision, rule in found
    ], ()


def _unnoticed(
    question: Question, product: Product, policy: Policy, told: Sequence[Finding]
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
    question: Question, due: tuple[str, ...], product: Product, where: Jurisdiction | None = None
) -> notices.Notice:
    return read_notices(
        due, {"text": question.text}, question.channel, product.risk_points, where=where
    )


def _answer(
    customer: CustomerFacts,
    findings: Sequence[Finding],
    not_applied: Sequence[str],
    not_before: datetime | None,
    policy: Policy,
) -> Answer:
    return Answer(
        customer_id=customer.id,
        decision=max(
            (f.decision for f in findings), key=WEIGHT.__getitem__, default=Decision.ALLOW
        ),
        findings=findings,
        notices=[notice for finding in findings for notice in finding.notices],
        not_applied=not_applied,
        not_before=not_before,
        rules=policy.packs,
        rules_hash=policy.digest,
        jurisdiction=policy.jurisdiction.rule_id,
    )
