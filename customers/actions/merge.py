"""Make customers who are one person one, and two again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from compliance.actions import record
from compliance.errors import NotPermitted, SelfReview
from compliance.models import User
from customers.actions.rotate import bring_home
from customers.errors import MergeRefused
from customers.models import MatchMark, Merge, MergeProposal
from customers.queries.aliases import link_late_aliases
from customers.queries.database import as_array, as_json, execute, may_go_alone, rows
from customers.queries.locks import lock_people
from customers.queries.merges import (
    ADD_MERGES,
    KNOWS_LITTLE,
    MOVE_ALL,
    MOVE_EVENTS,
    MOVE_IDENTITIES,
    NEXT_IDENTITIES,
    candidates,
    late_merges,
    mark,
    matches,
    parted,
)
from customers.queries.people import ANALYSE
from customers.queries.told import return_late, return_told
from customers.queries.unmerges import UNDO_ALL
from customers.queries.waiting import link_late_events
from customers.resolution import Group, choose_kept, resolve
from customers.vocabulary import CustomerStatus, Doubt, ProposalState

PERMISSION = "customers.change_mergeproposal"
IDENTITIES_AT_ONCE = 20_000
# No transaction that gives people identifiers or events stays open longer.
SETTLED_AFTER = timedelta(seconds=60)
_LOCK: Final = 7_261_833_008
_WORTH_A_LOOK: Final = 1_000


@transaction.atomic
def merge_matches(*, now: datetime) -> int:
    """Merge who is one person by the rules, as far as their identifiers are new; how many went.

    1. One worker at a time; a second one leaves it to the first, and is free for other work.
    2. What is shared is read set-based and decided in `customers.resolution`.
    3. Clear cases are merged, doubtful ones wait for a person.
    4. Events and identifiers that were being stored while a merge was made follow it, events
       those who were parted, and events and aliases the customers who were made meanwhile.
    """
    if not may_go_alone(_LOCK):
        return 0
    MatchMark.objects.get_or_create(pk=1)
    after = mark()
    until, settled = rows(
        NEXT_IDENTITIES,
        {"after": after, "settled": now - SETTLED_AFTER, "most": IDENTITIES_AT_ONCE},
    )[0]
    link_late_aliases(now=now)
    link_late_events(now=now)
    return_late(now - SETTLED_AFTER)
    if late := late_merges(now - SETTLED_AFTER):
        for statement in (MOVE_IDENTITIES, MOVE_EVENTS):
            execute(statement, {"merges": as_array(late)})
    if until is None:
        return 0
    _tell_planner(until - after)
    found = matches(after=after, until=until)
    ids = {customer for match in found for customer in match.customers}
    groups = resolve(matches=found, candidates=candidates(ids), parted=parted(ids)) if ids else ()
    _propose(groups, now)
    gone = _merge([group for group in groups if not group.doubt], actor="", now=now)
    MatchMark.objects.filter(pk=1).update(identity_id=settled or after)
    return gone


def _tell_planner(at_hand: int) -> None:
    """What it knows of young tables is of before their first file, and its plans take minutes."""
    if at_hand >= _WORTH_A_LOOK and rows(KNOWS_LITTLE, {"at_hand": at_hand})[0][0]:
        execute(ANALYSE, {})


@transaction.atomic
def propose_merge(*, customer_ids: Sequence[int], maker: User, now: datetime) -> MergeProposal:
    """Ask a second person to declare customers to be one.

    Raises
    ------
    NotPermitted : the maker's role keeps no identities.
    MergeRefused : fewer than two of them are active customers.
    """
    _may(maker)
    return _asked(customer_ids, maker.username, now)


@transaction.atomic
def propose_merge_by_key(*, customer_ids: Sequence[int], key: str, now: datetime) -> MergeProposal:
    """As `propose_merge`, for a key of the open API: it asks, a person decides.

    Raises MergeRefused.
    """
    return _asked(customer_ids, f"key:{key}", now)


def _asked(customer_ids: Sequence[int], maker: str, now: datetime) -> MergeProposal:
    ids = sorted(candidates(set(customer_ids)))
    if len(ids) < 2 or len(ids) < len(set(customer_ids)):
        raise MergeRefused("not_active", _("Only active customers can be merged, two or more."))
    proposal, is_new = MergeProposal.objects.get_or_create(
        customers=ids,
        state=ProposalState.OPEN,
        defaults={
            "doubt": Doubt.ASKED,
            "rule": "person",
            "made_by": maker,
            "made_at": now,
        },
    )
    if is_new:
        record(
            actor=maker,
            action="merge.propose",
            subject=str(proposal.pk),
            now=now,
            detail={"customers": ids},
        )
    return proposal


@transaction.atomic
def decide_merge(
    *, proposal: MergeProposal, checker: User, approve: bool, now: datetime
) -> MergeProposal:
    """The person's word on a doubtful merge.

    Raises
    ------
    NotPermitted : the checker's role keeps no identities.
    SelfReview : the checker proposed it.
    MergeRefused : it is decided already, or one of the customers is active no more.
    """
    _may(checker)
    held = MergeProposal.objects.select_for_update().get(pk=proposal.pk)
    if held.state != ProposalState.OPEN:
        raise MergeRefused("decided", _("This merge is decided already."))
    if held.made_by == checker.username:
        raise SelfReview(_("Whoever made it cannot approve it. Ask a second person."))
    held.state = ProposalState.APPROVED if approve else ProposalState.REJECTED
    held.decided_by, held.decided_at = checker.username, now
    if approve:
        people = candidates(held.customers)
        if len(people) < len(held.customers):
            raise MergeRefused("not_active", _("One of these customers is active no more."))
        kept = choose_kept(list(people.values()))
        gone = tuple(one for one in held.customers if one != kept)
        group = Group(kept=kept, gone=gone, rule=held.rule)
        if _merge([group], actor=checker.username, now=now) < len(gone):
            # Erased, or merged, between the look and the lock.
            raise MergeRefused("not_active", _("One of these customers is active no more."))
    held.save()
    record(
        actor=checker.username,
        action=f"merge.{held.state}",
        subject=str(held.pk),
        now=now,
        detail={"customers": held.customers},
    )
    return held


@transaction.atomic
def unmerge(*, merge: Merge, actor: User, now: datetime) -> Merge:
    """Make two of one again: everything the merge moved goes back to where it was, and what was
    told meanwhile by a name of the one that leaves is his.

    Raises
    ------
    NotPermitted : the actor's role keeps no identities.
    MergeRefused : it was undone, or the one that stayed was merged or erased since.
    """
    _may(actor)
    locked = lock_people([merge.kept_id, merge.gone_id])
    # The two may have been merged once more since.
    is_undone = merge.undoes_id or Merge.objects.filter(undoes=merge).exists()
    if is_undone or locked[merge.gone_id] != (CustomerStatus.MERGED, merge.kept_id):
        raise MergeRefused(
            "not_standing",
            _("This merge stands no more. If a later merge took its place, undo that one first."),
        )
    if locked[merge.kept_id].status != CustomerStatus.ACTIVE:
        raise MergeRefused("not_active", _("The customer that stayed is active no more."))
    undone = Merge.objects.create(
        kept_id=merge.kept_id,
        gone_id=merge.gone_id,
        undoes=merge,
        rule=merge.rule,
        made_by=actor.username,
        at=now,
    )
    for statement in UNDO_ALL:
        execute(statement, _used(statement, merge=merge.pk, zone=settings.TIME_ZONE, now=now))
    return_told(
        merge=merge.pk,
        kept=merge.kept_id,
        gone=merge.gone_id,
        since=merge.at - SETTLED_AFTER,
    )
    bring_home([merge.kept_id, merge.gone_id])
    record(
        actor=actor.username,
        action="merge.undo",
        subject=str(merge.pk),
        now=now,
        detail={"kept": merge.kept_id, "gone": merge.gone_id},
    )
    return undone


def _merge(groups: Sequence[Group], *, actor: str, now: datetime) -> int:
    pairs = [
        {"kept": group.kept, "gone": gone, "rule": group.rule}
        for group in groups
        for gone in group.gone
    ]
    if not pairs:
        return 0
    held = lock_people({one for group in groups for one in (group.kept, *group.gone)})
    active = {pk for pk, one in held.items() if one.status == CustomerStatus.ACTIVE}
    # Somebody may have been erased while he was compared.
    pairs = [pair for pair in pairs if {pair["kept"], pair["gone"]} <= active]
    if not pairs:
        return 0
    made = rows(ADD_MERGES, {"rows": as_json(pairs), "actor": actor, "now": now})
    merges = as_array([row[0] for row in made])
    for statement in MOVE_ALL:
        execute(statement, _used(statement, merges=merges, now=now))
    return len(made)


def _used(statement: str, **values: object) -> dict[str, object]:
    """The driver refuses values that a statement does not ask for."""
    return {name: value for name, value in values.items() if f"%({name})s" in statement}


def _propose(groups: Sequence[Group], now: datetime) -> None:
    """Put the doubtful ones before a person."""
    MergeProposal.objects.bulk_create(
        [
            MergeProposal(
                customers=sorted((group.kept, *group.gone)),
                doubt=group.doubt,
                rule=group.rule,
                made_at=now,
            )
            for group in groups
            if group.doubt
        ],
        ignore_conflicts=True,
    )


def _may(actor: User) -> None:
    if not actor.has_perm(PERMISSION):
        raise NotPermitted(_("Your role may not merge customers. Ask compliance."))
