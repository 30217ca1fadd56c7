"""Take the numbers of a segment's members out of the house: with a reason, and many with two.

Whoever may see customers in the console gets, beside each number, what he sees there: name, phone
and address, masked. Nobody gets them in clear.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from compliance.actions import record
from compliance.keeping import Kept
from compliance.models import User
from compliance.queries import kept_for
from customers.queries.contacts import MaskedContacts, masked_contacts
from segments.errors import NotPossible, Refusal
from segments.models import MemberExport, Segment
from segments.queries.members import Interval, members_at, named_at

SHORTEST_WHY: Final = 3
SEES_PEOPLE: Final = "customers.view_customer"
_A_DAY: Final = timedelta(days=1)
_PAGE: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedMember:
    """One row; ``contacts`` is None for whoever may not see customers."""

    stay: Interval
    contacts: MaskedContacts | None


@transaction.atomic
def ask_export(
    *, segment: Segment, at: datetime, why: str, actor: User, now: datetime
) -> MemberExport:
    """Ask for who was in at that time; up to the set number of rows nobody else need agree.

    The number is of a day and a person, so that no large export is taken as many small ones.

    Raises
    ------
    NotPossible : no reason is given, the time is to come, or nobody was in.
    """
    reason = " ".join(why.replace("\x00", "").split())[:400]
    if len(reason) < SHORTEST_WHY:
        raise NotPossible(Refusal.NO_REASON)
    if at > now:
        raise NotPossible(Refusal.TO_COME)
    rows = named_at(segment, at)
    if not rows:
        raise NotPossible(Refusal.NOBODY_THEN)
    most = _left_today(actor, now)
    is_few = rows <= most
    verdict = MemberExport.Verdict.ALONE if is_few else MemberExport.Verdict.PENDING
    export = MemberExport.objects.create(
        segment=segment,
        at=at,
        rows=rows,
        alone_up_to=most,
        why=reason,
        asked_by=actor,
        asked_at=now,
        verdict=verdict,
        expires_at=now + kept_for(Kept.EXPORTS, now=now) if is_few else None,
    )
    _record(export, actor, "ask", now, {"rows": rows, "at": at.isoformat(), "why": reason})
    return export


@transaction.atomic
def review_export(
    *, export: MemberExport, checker: User, approve: bool, opinion: str, now: datetime
) -> None:
    """The second person's word.

    Raises
    ------
    NotPossible : it was decided already, or the same person asked.
    """
    locked = MemberExport.objects.select_for_update().get(pk=export.pk)
    if locked.verdict != MemberExport.Verdict.PENDING:
        raise NotPossible(Refusal.DECIDED)
    if locked.asked_by_id == checker.pk:
        raise NotPossible(Refusal.OWN_EXPORT)
    locked.verdict = MemberExport.Verdict.APPROVED if approve else MemberExport.Verdict.RETURNED
    locked.decided_by, locked.decided_at, locked.opinion = checker, now, opinion
    locked.expires_at = now + kept_for(Kept.EXPORTS, now=now) if approve else None
    locked.save(update_fields=["verdict", "decided_by", "decided_at", "opinion", "expires_at"])
    _record(locked, checker, locked.verdict, now, {"opinion": opinion})


@transaction.atomic
def fetch_export(*, export: MemberExport, actor: User, now: datetime) -> Iterator[ExportedMember]:
    """The members, read page by page; that they were fetched, and with what, is on record first.

    Never more than was asked for; who was erased, restricted or merged since is not among them.

    Raises
    ------
    NotPossible : somebody else asked for it, nobody allowed it, or its time is over.
    """
    locked = MemberExport.objects.select_for_update().get(pk=export.pk)
    if locked.asked_by_id != actor.pk:
        raise NotPossible(Refusal.OTHERS_EXPORT)
    if locked.expires_at is None:
        raise NotPossible(Refusal.NOT_ALLOWED)
    if locked.expires_at <= now:
        raise NotPossible(Refusal.EXPIRED)
    locked.fetched += 1
    locked.save(update_fields=["fetched"])
    with_contacts = actor.has_perm(SEES_PEOPLE)
    _record(locked, actor, "fetch", now, {"rows": locked.rows, "masked_contacts": with_contacts})
    return _pages(locked, with_contacts=with_contacts)


def _left_today(actor: User, now: datetime) -> int:
    """How many rows this person may still take alone; who asks twice at once waits here."""
    User.objects.select_for_update().get(pk=actor.pk)
    taken = MemberExport.objects.filter(
        asked_by=actor, verdict=MemberExport.Verdict.ALONE, asked_at__gt=now - _A_DAY
    ).aggregate(rows=Sum("rows"))["rows"]
    return max(0, settings.EXPORT_ROWS_ALONE - (taken or 0))


def _pages(export: MemberExport, *, with_contacts: bool) -> Iterator[ExportedMember]:
    after, left = 0, export.rows
    while left:
        page = members_at(export.segment, export.at, after=after, most=min(_PAGE, left))
        contacts = masked_contacts([one.customer_id for one in page]) if with_contacts else {}
        for one in page:
            yield ExportedMember(stay=one, contacts=contacts.get(one.customer_id))
        if not page:
            return
        after, left = page[-1].customer_id, left - len(page)


def _record(
    export: MemberExport, actor: User, act: str, now: datetime, detail: dict[str, object]
) -> None:
    record(
        actor=actor.username,
        action=f"segment.export.{act}",
        subject=export.segment.key,
        now=now,
        detail={"export": export.pk, **detail},
    )
