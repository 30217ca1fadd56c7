"""May this be said to this customer, of this product if any, by this channel? All gates at once.

Unlike before a send, every gate is asked and nothing is counted; the answer holds for the moment
it was given. Whoever asks keeps it (`decisions.keep_answer`).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.actions.asked_text import missing_notices, read_asked_text
from campaigns.actions.contacts import contacts_of, last_marketed
from campaigns.actions.judging import (
    CONSENT_CHANNEL,
    consent_facts,
    reach_of,
)
from campaigns.actions.policies import policy_of, rules_at
from campaigns.actions.question import Answer, Question
from campaigns.channels.base import Channel
from campaigns.errors import NotOnRecord
from campaigns.guards.chain import ask
from campaigns.guards.purpose import judged_as
from campaigns.guards.verdict import Case, Defer, Policy, Refuse, Verdict
from campaigns.states import Reason
from compliance.calendar import zone
from compliance.contact import LIMITED_PURPOSES
from compliance.queries import products
from compliance.suitability.judge import judge as judge_offer
from compliance.suitability.judge import judge_unnamed
from compliance.suitability.values import (
    CUSTOMER,
    WEIGHT,
    Ask,
    Decision,
    Finding,
    Opinion,
    Product,
)
from customers.queries.consents import current_statements
from customers.queries.people import CustomerFacts, customer_facts, staying_ids
from customers.vocabulary import Purpose

# By what rule each gate speaks, where its verdict doesn't say.
_RULES: Final = {"recipient": "P-6", "eligibility": "not_eligible", "consent": "P-1"}
# Gates that only bound what the institution does of its own accord.
_PUSH_ONLY: Final = ("consent", "suppression", "quiet_hours", "frequency")
_PERSONALISATION: Final = "P-4"
_SUITABILITY: Final = "suitability"


def decide(*, question: Question, now: datetime) -> Answer:
    """Ask every gate that the question concerns.

    Raises
    ------
    NotOnRecord : the customer or the product.
    """
    customer, product = _looked_up(question)
    question = replace(question, purpose=judged_as(question.purpose, question.product))
    policy = policy_of(customer.region, rules_at(now))
    case = _case(question, customer, product, policy, now)
    held = ask("eligibility", case, now)
    if isinstance(held, Refuse):
        # Nothing beside it: what else holds of him could tell one hold from another.
        return _answer(question, customer, [_refusal("eligibility", held)], (), None, policy)
    findings, skipped, not_before = _gates(question, case, now)
    told, unasked = _offer(question, customer, product, policy, now)
    worded, unread = read_asked_text(question, product, policy)
    found = [*findings, *told, *worded, *missing_notices(question, product, policy, told)]
    skipped = [*skipped, *unasked, *unread]
    return _answer(question, customer, found, skipped, not_before, policy)


def _looked_up(question: Question) -> tuple[CustomerFacts, Product | None]:
    ids = staying_ids([question.customer_no])
    known = products({question.product} - {""})
    if question.customer_no not in ids:
        raise NotOnRecord("customer", _("There is no such customer."))
    if question.product and question.product not in known:
        raise NotOnRecord("product", _("There is no such product."))
    customer_id = ids[question.customer_no]
    return customer_facts([customer_id])[customer_id], known.get(question.product)


def _case(
    question: Question,
    customer: CustomerFacts,
    product: Product | None,
    policy: Policy,
    now: datetime,
) -> Case:
    where = zone(customer.time_zone, settings.TIME_ZONE)
    said = current_statements([customer.id], question.purpose).get(customer.id, {})
    has_address, stop = reach_of(question.channel, customer.id)
    return Case(
        purpose=question.purpose,
        channel=question.channel,
        expires_at=None,
        customer_status=customer.status,
        personalise_off=customer.personalise_off,
        **consent_facts(_consent_name(question.channel), said),
        has_address=has_address or question.initiator == CUSTOMER,
        suppressed=stop.why,
        suppressed_at=stop.at,
        is_personal=question.is_personal or _is_named(customer, question.text),
        is_targeted=question.initiator != CUSTOMER,
        is_approved=True,
        aml_hold=customer.aml_hold,
        internal_hold=customer.internal_hold,
        client=customer,
        product_code=question.product,
        product=product,
        policy=policy,
        zone=where,
        used=contacts_of(
            customer.id,
            rules=policy.contact,
            channel=question.channel,
            product=question.product,
            zone=where,
            now=now,
        ),
    )


def _is_named(customer: CustomerFacts, text: str) -> bool:
    """A text with his name in it says something of him, whatever the question tells."""
    name = (customer.name or "").strip()
    return bool(name) and name in text


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
    question: Question,
    customer: CustomerFacts,
    product: Product | None,
    policy: Policy,
    now: datetime,
) -> tuple[Sequence[Finding], Sequence[str]]:
    if question.purpose not in LIMITED_PURPOSES:
        return (), (_SUITABILITY,)
    if product is None and question.purpose != Purpose.MARKETING:
        return (), (_SUITABILITY,)
    opinion = _opinion(question, customer, product, policy, now)
    return opinion.findings, opinion.not_applied


def _opinion(
    question: Question,
    customer: CustomerFacts,
    product: Product | None,
    policy: Policy,
    now: datetime,
) -> Opinion:
    asked = Ask(
        on=policy.on,
        channel=question.channel,
        initiator=question.initiator,
        local_on=now.astimezone(zone(customer.time_zone, settings.TIME_ZONE)).date(),
    )
    rules = policy.suitability
    if product is None:
        return judge_unnamed(client=customer, ask=asked, rules=rules)
    if question.initiator == CUSTOMER:
        marketed_at = last_marketed(customer.id, product.code)
        asked = replace(asked, marketed_days_ago=_days_since(marketed_at, now))
    return judge_offer(client=customer, product=product, ask=asked, rules=rules)


def _days_since(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(now - at, timedelta()).days


def _answer(
    question: Question,
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
        judged_as=question.purpose,
    )
