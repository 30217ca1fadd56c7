"""What the advisor's workbench shows: the day's tasks, and one customer in short."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from campaigns.models import AdvisorTask, Call, Journey, Touch
from campaigns.queries.content import note_of
from compliance.models import User
from customers.identifiers import mask
from customers.models import Consent, Event, Tagging
from customers.queries.identities import addresses
from customers.queries.people import CustomerFacts, customer_facts
from customers.vocabulary import IdentityKind

SHOWN: Final = 50
COUNTED: Final = 1_000
NEWEST: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One task in a list. ``at`` is what the clock runs towards: a later call, or the SLA's end."""

    id: int
    customer_no: str
    name: str
    risk_level: str
    queue: str
    journey: str
    at: datetime
    is_overdue: bool
    is_agreed: bool
    """``at`` is a time agreed with the customer."""
    attempts: int
    held_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoable:
    """The advisor's newest outcome, while it can be taken back."""

    call_id: int
    disposition: str
    customer_no: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The day's tasks: one's own, then those anybody may take, each the most urgent first.

    ``overdue`` and ``today`` count both kinds; what is overdue is not due today as well. Counts
    stop at `COUNTED`, lists at `SHOWN`.
    """

    mine: Sequence[Card]
    waiting: Sequence[Card]
    overdue: int
    today: int
    done: int
    queues: Sequence[str]
    queue: str
    undoable: Undoable | None

    @property
    def is_cut(self) -> bool:
        """Whether more wait than are shown."""
        return len(self.waiting) == SHOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One customer in short; what identifies him is masked."""

    customer_id: int
    customer_no: str
    name: str
    phone: str
    risk_level: str
    risk_valid_until: date | None
    is_risk_expired: bool
    lifecycle: str
    city: str
    tags: Sequence[str]
    consents: Sequence[tuple[str, str, str]]
    """Purpose, channel, state; the newest statement of each."""
    touches: Sequence[tuple[datetime, str, str, str]]
    """Time, campaign, channel, state."""
    events: Sequence[tuple[datetime, str]]
    calls: Sequence[tuple[datetime, str, str, str]]
    """Earlier attempts at this task: time, who, disposition, note."""


def board(*, advisor: User, queue: str, now: datetime) -> Board:
    """The day's tasks as this advisor sees them; ``queue`` narrows what is not his own yet.

    Cost: a fixed handful of statements, whatever the number of tasks.
    """
    open_tasks = _open_tasks().annotate(at=Coalesce("call_at", "due_at")).order_by("at", "id")
    tonight = timezone.localtime(now).replace(hour=23, minute=59, second=59, microsecond=999999)
    waiting = open_tasks.exclude(claimed_until__gt=now)
    if queue:
        waiting = waiting.filter(queue=queue)
    mine = open_tasks.filter(claimed_by=advisor, claimed_until__gt=now)
    theirs = waiting | mine
    midnight = tonight.replace(hour=0, minute=0, second=0, microsecond=0)
    done = AdvisorTask.objects.filter(done_by=advisor, done_at__gte=midnight)
    return Board(
        mine=_cards(mine, now),
        waiting=_cards(waiting, now),
        overdue=_count(theirs.filter(at__lt=now)),
        today=_count(theirs.filter(at__gte=now, at__lte=tonight)),
        done=_count(done),
        queues=sorted(_queues()),
        queue=queue,
        undoable=_undoable(advisor, now),
    )


def summary(*, task: AdvisorTask, now: datetime) -> Summary:
    """Who is to be called, what he allows, and what happened with him lately."""
    customer_id = task.touch.customer_id
    facts = customer_facts([customer_id])[customer_id]
    phone = addresses([customer_id], IdentityKind.PHONE).get(customer_id, "")
    today = timezone.localtime(now).date()
    valid_until = facts.risk_valid_until
    return Summary(
        customer_id=customer_id,
        customer_no=facts.customer_no,
        name=_name(facts),
        phone=mask(IdentityKind.PHONE, phone) if phone else "",
        risk_level=facts.risk_level or "",
        risk_valid_until=valid_until,
        is_risk_expired=valid_until is not None and valid_until < today,
        lifecycle=facts.lifecycle or "",
        city=facts.city or facts.region or "",
        tags=list(
            Tagging.objects.filter(customer_id=customer_id)
            .exclude(valid_until__lte=now)
            .order_by("tag")
            .values_list("tag", flat=True)[:NEWEST]
        ),
        consents=_consents(customer_id),
        touches=_touches(task),
        events=list(
            Event.objects.filter(customer_id=customer_id)
            .order_by("-occurred_at")
            .values_list("occurred_at", "name")[:NEWEST]
        ),
        calls=[
            (call.at, call.by.get_username(), call.disposition, note_of(call))
            for call in task.calls.filter(undone_at=None)
            .select_related("by", "task")
            .order_by("-id")[:NEWEST]
        ],
    )


def _open_tasks() -> QuerySet[AdvisorTask]:
    """Open tasks of campaigns that run."""
    return (
        AdvisorTask.objects.filter(
            done_at__isnull=True, touch__journey__state=Journey.State.RUNNING
        )
        .select_related("touch__journey", "claimed_by")
        .defer("touch__content_cipher", "script")
    )


def _cards(tasks: QuerySet[AdvisorTask], now: datetime) -> list[Card]:
    shown = list(tasks[:SHOWN])
    facts = customer_facts([task.touch.customer_id for task in shown])
    tried = Counter(
        Call.objects.filter(task__in=shown, undone_at=None).values_list("task_id", flat=True)
    )
    return [
        Card(
            id=task.pk,
            customer_no=facts[task.touch.customer_id].customer_no,
            name=_name(facts[task.touch.customer_id]),
            risk_level=facts[task.touch.customer_id].risk_level or "",
            queue=task.queue,
            journey=task.touch.journey.name,
            at=task.call_at or task.due_at,
            is_overdue=(task.call_at or task.due_at) < now,
            is_agreed=task.call_at is not None,
            attempts=tried[task.pk],
            held_by=task.claimed_by.get_username() if task.claimed_by else "",
        )
        for task in shown
    ]


def _name(facts: CustomerFacts) -> str:
    return mask("name", facts.name) if facts.name else ""


def _count(tasks: QuerySet[AdvisorTask]) -> int:
    return tasks.order_by().values("pk")[:COUNTED].count()


def _queues() -> set[str]:
    open_tasks = AdvisorTask.objects.filter(done_at__isnull=True).order_by()
    return set(open_tasks.values_list("queue", flat=True).distinct()[:SHOWN])


def _undoable(advisor: User, now: datetime) -> Undoable | None:
    call = (
        Call.objects.filter(by=advisor, at__gte=now - Call.UNDO, undone_at=None, settled_at=None)
        .exclude(disposition="forbidden")
        .select_related("task__touch__customer")
        .order_by("-id")
        .first()
    )
    if call is None:
        return None
    return Undoable(
        call_id=call.pk,
        disposition=call.disposition,
        customer_no=call.task.touch.customer.customer_no,
        until=call.at + Call.UNDO,
    )


def _consents(customer_id: int) -> list[tuple[str, str, str]]:
    newest = (
        Consent.objects.filter(customer_id=customer_id)
        .order_by("purpose", "channel", "-id")
        .distinct("purpose", "channel")
    )
    return list(newest.values_list("purpose", "channel", "state"))


def _touches(task: AdvisorTask) -> list[tuple[datetime, str, str, str]]:
    newest = (
        Touch.objects.filter(customer_id=task.touch.customer_id)
        .exclude(pk=task.touch_id)
        .order_by("-queued_at")
    )
    return list(newest.values_list("queued_at", "journey__name", "channel", "state")[:NEWEST])
