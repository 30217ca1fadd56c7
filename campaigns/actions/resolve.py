"""Acts by hand on touches: ask the provider, send the failed again, mark as sent, send again.

What failed and was proved unsent may be sent again by one person; where the outcome of an attempt
is unknown two persons answer for it. Every act names its touches one by one, is kept and audited;
the key of a touch stays the same, so that a provider that honours keys still drops a second
message.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from campaigns.channels.errors import AccountInvalid
from campaigns.channels.runner import process_loop
from campaigns.errors import StateConflict, WhyMissing
from campaigns.models import Intervention, ProviderAccount, Touch
from campaigns.operations import (
    ASK_SOON,
    LOCK_BATCHES,
    MARK_SENT,
    OPEN_BATCHES,
    SEND_AGAIN,
)
from campaigns.queries.accounts import account_config
from campaigns.states import Reason, TouchState
from compliance.actions import record
from compliance.errors import NotPermitted, SelfReview
from compliance.models import User
from customers.errors import UnknownKey
from customers.queries.database import execute, rows

MOST = 10_000  # touches in one act: beyond it a person narrows the filter
SHOWN = 20

Act = Intervention.Act
# Refused by the provider is as unsent as failed: the account may be in order again by now. But an
# attempt before the last one may have got through.
_PROVED_UNSENT = (Reason.ATTEMPTS_EXHAUSTED, Reason.PROVIDER_REFUSED)
_OVER = (TouchState.FAILED, TouchState.REFUSED)
_UNKNOWN = (Reason.OUTCOME_UNKNOWN, Reason.QUARANTINED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What an act would touch: numbers by account and state, the first ids, what it leaves out.

    unaskable: of those left out, how many wait for an answer that their provider cannot give.
    """

    act: Intervention.Act
    ids: tuple[int, ...]
    by_account: tuple[tuple[str, int], ...]
    left_out: int
    unaskable: int
    expired: int

    @property
    def shown(self) -> tuple[int, ...]:
        """The first ids, for a page."""
        return self.ids[:SHOWN]


def needs_two(act: Intervention.Act) -> bool:
    """Whether a second person has to agree: a message could go twice, or never."""
    return act not in {Act.ASK, Act.RESEND_FAILED}


def dry_run(*, act: Intervention.Act, touches: QuerySet[Touch], now: datetime) -> DryRun:
    """What `act` would do to these touches, without doing it.

    Raises
    ------
    StateConflict : more than `MOST` touches fit.
    """
    chosen = touches.order_by("pk").values_list(
        "pk", "account__key", "state", "reason", "may_be_sent", "account"
    )
    found = list(chosen[: MOST + 1])
    if len(found) > MOST:
        raise StateConflict(
            _("More than %(most)d touches are chosen. Narrow the filter.") % {"most": MOST}
        )
    askable = _askable_accounts() if act == Act.ASK else set()
    fits = [
        (pk, key)
        for pk, key, state, reason, in_doubt, account in found
        if _fits(act, state, reason, account, askable, in_doubt=in_doubt)
    ]
    ids = tuple(pk for pk, _key in fits)
    return DryRun(
        act=act,
        ids=ids,
        by_account=tuple(sorted(Counter(key for _pk, key in fits).items())),
        left_out=len(found) - len(fits),
        unaskable=sum(
            act == Act.ASK and state == TouchState.AMBIGUOUS and account not in askable
            for _pk, _key, state, _reason, _in_doubt, account in found
        ),
        expired=Touch.objects.filter(pk__in=ids, expires_at__lte=now).count(),
    )


def propose(
    *,
    act: Intervention.Act,
    touch_ids: Sequence[int],
    why: str,
    actor: User,
    now: datetime,
) -> Intervention:
    """Do what one person may do at once; put the rest before a second one.

    Returns
    -------
    Intervention : done (``changed`` says how many touches) or pending.

    Raises
    ------
    NotPermitted : the role may not act on touches.
    WhyMissing : a second person is to agree, and is told no reason.
    StateConflict : no touch is in the state the act is for, or more than `MOST` are named.
    """
    if not actor.has_perm("campaigns.change_touch"):
        raise NotPermitted(_("Your role may not act on touches. Ask an operator."))
    if needs_two(act) and not why.strip():
        raise WhyMissing(_("Say why: a second person decides by it."))
    plan = dry_run(act=act, touches=Touch.objects.filter(pk__in=touch_ids), now=now)
    if not plan.ids:
        raise StateConflict(_("None of these touches is in the state this act is for."))
    with transaction.atomic():
        made = Intervention.objects.create(
            act=act, touch_ids=list(plan.ids), why=why, made_by=actor, made_at=now
        )
        at_once = not needs_two(act)
        if at_once:
            _hold(made)  # before the audit trail, which who holds these waits for
        _tell(actor, "propose", made, now, why=why)
        if at_once:
            _carry_out(made, actor, now)
    return made


@transaction.atomic
def decide(
    *, intervention: Intervention, actor: User, agree: bool, opinion: str, now: datetime
) -> Intervention:
    """The second person's word; agreeing does it, for those touches still in their state.

    Raises
    ------
    NotPermitted : the role may not decide.
    SelfReview : the same person proposed it.
    StateConflict : it is decided already.
    """
    if not actor.has_perm("campaigns.change_intervention"):
        raise NotPermitted(_("Your role may not decide this. Ask an operator or compliance."))
    locked = Intervention.objects.select_for_update().get(pk=intervention.pk)
    if locked.verdict != Intervention.Verdict.PENDING:
        raise StateConflict(_("It is decided already."))
    if locked.made_by_id == actor.pk:
        raise SelfReview(_("Whoever proposed it cannot agree to it. Ask a second person."))
    locked.decided_by, locked.decided_at, locked.opinion = actor, now, opinion
    if agree:
        _hold(locked)
        _carry_out(locked, actor, now)
    else:
        locked.verdict = Intervention.Verdict.REJECTED
        locked.save()
        _tell(actor, "reject", locked, now, opinion=opinion)
    return locked


def _fits(
    act: Intervention.Act,
    state: str,
    reason: str,
    account_id: int,
    askable: Collection[int],
    *,
    in_doubt: bool,
) -> bool:
    is_over = state in _OVER and reason in _PROVED_UNSENT
    match act:
        case Act.ASK:
            return state == TouchState.AMBIGUOUS and account_id in askable
        case Act.RESEND_FAILED:
            return is_over and not in_doubt
        case Act.RESEND:
            return state == TouchState.AMBIGUOUS or (is_over and in_doubt)
        case _:
            return state == TouchState.AMBIGUOUS


def _askable_accounts() -> set[int]:
    """Accounts whose vendor can be asked about a key; one that cannot be built cannot."""
    found = set()
    for account in ProviderAccount.objects.filter(is_active=True):
        try:
            if process_loop().provider(account_config(account)).limits.can_find:
                found.add(account.pk)
        except (AccountInvalid, UnknownKey):
            continue
    return found


def _hold(item: Intervention) -> None:
    """Batches first, touches then, as workers lock them."""
    execute(LOCK_BATCHES, {"ids": item.touch_ids})
    list(
        Touch.objects.select_for_update()
        .filter(pk__in=item.touch_ids)
        .order_by("pk")
        .values_list("pk")
    )


def _carry_out(item: Intervention, actor: User, now: datetime) -> None:
    """What is done to touches that are held; one that moved on is left alone."""
    named = {"ids": item.touch_ids, "now": now}
    match Act(item.act):
        case Act.ASK:
            item.changed = len(rows(ASK_SOON, named))
        case Act.MARK_SENT:
            item.changed = len(rows(MARK_SENT, named))
        case Act.RESEND:
            item.changed = _send_again(
                named, [TouchState.AMBIGUOUS, *_OVER], _UNKNOWN + _PROVED_UNSENT, in_doubt=True
            )
        case Act.RESEND_FAILED:
            item.changed = _send_again(named, _OVER, _PROVED_UNSENT, in_doubt=False)
    item.verdict = Intervention.Verdict.DONE
    item.save()
    _tell(actor, "done", item, now, changed=item.changed)


def _send_again(
    named: dict[str, object],
    states: Sequence[TouchState],
    reasons: Sequence[Reason],
    *,
    in_doubt: bool,
) -> int:
    among = {"states": [str(s) for s in states], "reasons": [str(r) for r in reasons]}
    sent = rows(SEND_AGAIN, {**named, **among, "in_doubt": in_doubt})
    execute(OPEN_BATCHES, named)
    return len(sent)


def _tell(actor: User, verb: str, item: Intervention, now: datetime, **detail: object) -> None:
    record(
        actor=actor.username,
        action=f"touches.{verb}",
        subject=f"{item.act}/{item.pk}",
        now=now,
        detail={"count": len(item.touch_ids), "touches": item.touch_ids, **detail},
    )
