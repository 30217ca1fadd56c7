"""Answers on record: kept as given, confirmed by the customer, dropped when their time is over."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.actions.policies import rules_at
from campaigns.actions.question import Answer, Question
from campaigns.errors import NotOnRecord, StateConflict
from campaigns.models import Confirmation, Decision
from campaigns.queries.decisions import ALLOW_PRUNING, PRUNE_DECISIONS
from compliance.keeping import Kept
from compliance.suitability.checks import add_months
from compliance.suitability.values import CUSTOMER
from customers.queries.database import execute

WARNING: Final = "written_risk_warning"
AT_ONCE: Final = 5_000
BATCHES: Final = 20


def keep_answer(
    *, question: Question, answer: Answer, at: datetime, asked_by: str, now: datetime
) -> Decision:
    """Put an answer on record as it is given. ``at``: the moment it was asked for."""
    return Decision.objects.create(
        customer_id=answer.customer_id,
        product=question.product,
        verdict=answer.decision,
        question={
            "channel": question.channel,
            "purpose": question.purpose,
            "initiator": question.initiator,
            "is_personal": question.is_personal,
            "at": at.isoformat(),
            "text_hash": hashlib.sha256(question.text.encode()).hexdigest()
            if question.text
            else "",
        },
        answer={
            "evidence": [
                {"rule_id": f.rule_id, "decision": f.decision, "values": dict(f.evidence)}
                for f in answer.findings
            ],
            "notices": list(answer.notices),
            "not_applied": list(answer.not_applied),
            "not_before": answer.not_before.isoformat() if answer.not_before else None,
            "jurisdiction": answer.jurisdiction,
            "judged_as": answer.judged_as,
        },
        rules=dict(answer.rules),
        rules_hash=answer.rules_hash,
        asked_by=asked_by,
        decided_at=now,
    )


@transaction.atomic
def confirm_warning(
    *,
    number: UUID,
    warning: str,
    evidence: Mapping[str, Any],
    confirmed_at: datetime,
    recorded_by: str,
    now: datetime,
) -> Confirmation:
    """Put on record that the customer was warned in writing and confirmed (S-04).

    Raises
    ------
    NotOnRecord : there is no such answer.
    StateConflict : it asked for no such warning, is confirmed already, or is younger than that.
    """
    kept = Decision.objects.select_for_update().filter(pk=number).first()
    if kept is None:
        raise NotOnRecord("decision", _("There is no such decision."))
    if WARNING not in kept.answer["notices"] or kept.question["initiator"] != CUSTOMER:
        raise StateConflict(_("This decision asks for no written warning."))
    if Confirmation.objects.filter(decision=kept).exists():
        raise StateConflict(_("This decision is confirmed already."))
    if not kept.decided_at <= confirmed_at <= now:
        raise StateConflict(_("The customer confirms after the decision and not in the future."))
    return Confirmation.objects.create(
        decision=kept,
        warning=warning,
        evidence=dict(evidence),
        recorded_by=recorded_by,
        confirmed_at=confirmed_at,
        recorded_at=now,
    )


def prune_decisions(*, now: datetime) -> int:
    """Drop answers older than the rulebook says they are kept, in batches; how many.

    Where the rule is not in force nothing is dropped.
    """
    at = rules_at(now)
    rule = at.book.records.get(Kept.ANSWERS)
    if rule is None:
        return 0
    since = add_months(at.on, -int(rule.params["months"]))
    before = now - timedelta(days=(at.on - since).days)
    dropped = 0
    for _batch in range(BATCHES):
        with transaction.atomic():
            execute(ALLOW_PRUNING, {})
            done = execute(PRUNE_DECISIONS, {"before": before, "most": AT_ONCE})
        dropped += done
        if done < AT_ONCE:
            break
    return dropped
