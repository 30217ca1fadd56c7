"""Why, or why not: every decision about a customer in order, with the values it read.

Read from the rows that the decisions left; nothing is kept for this page.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from attribution.errors import NoSuchCampaign, NoSuchCustomer
from attribution.queries.why import DECISIONS
from attribution.reports.why_words import sentence_of, summary
from campaigns.journeys.nodes.entry import Entry
from campaigns.models import EmergencyStop, Enrolment, Journey, Touch
from campaigns.queries.journeys import version_graph
from campaigns.reports.operations import standing_stops
from campaigns.states import TouchState
from compliance.sentences import Said
from customers.identifiers import redact
from customers.models import Customer
from customers.queries.database import rows
from customers.queries.people import kept_number
from segments.models import Membership

_SENT: Final = "accepted"
_UNSENT: Final = frozenset(
    {
        TouchState.REFUSED,
        TouchState.FAILED,
        TouchState.DEFERRED,
        TouchState.AMBIGUOUS,
        "judged",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision: ``code`` is its reason, empty where nothing objected; ``facts`` what it read.

    ``at`` is None for what holds now: journeys that the customer has not entered.
    """

    at: datetime | None
    kind: str
    journey: str
    code: str
    facts: Mapping[str, Any]

    @property
    def sentence(self) -> Said:
        """The decision in words."""
        return sentence_of(self.kind, self.journey, self.code, self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All decisions about one customer, or those of one journey."""

    customer_no: str
    journey: str | None
    decisions: Sequence[Decision]
    waiting: Sequence[str] = ()
    """What each message waits for that nothing was decided about yet: codes of `WAITING`."""

    @property
    def summary(self) -> Said:
        """The plain sentence on top."""
        decided = {d.facts["touch"] for d in self.decisions if d.kind == "queued"}
        sent = {d.facts["touch"] for d in self.decisions if d.kind == _SENT}
        why = {d.facts["touch"]: d.code for d in self.decisions if d.kind in _UNSENT and d.code}
        unsent = Counter(code for touch, code in why.items() if touch not in sent)
        return summary(
            self.customer_no, len(decided), len(sent), unsent=unsent, waiting=Counter(self.waiting)
        )

    def document(self) -> dict[str, object]:
        """As JSON: times in ISO 8601, sentences in English and Chinese."""
        return {
            "customer": self.customer_no,
            "journey": self.journey,
            "sentence": _both(self.summary),
            "timeline": [
                {
                    "at": decision.at.isoformat() if decision.at else None,
                    "kind": decision.kind,
                    "journey": decision.journey,
                    "code": decision.code,
                    "sentence": _both(decision.sentence),
                    "facts": decision.facts,
                }
                for decision in self.decisions
            ],
        }


def why(
    *, customer_no: str, journey_key: str | None = None, sees_restricted: bool = False
) -> Timeline:
    """The timeline of one customer. ``sees_restricted``: the reader may know restricted grounds.

    Raises
    ------
    NoSuchCustomer, NoSuchCampaign
    """
    if journey_key is not None and not Journey.objects.filter(key=journey_key).exists():
        raise NoSuchCampaign(f"No journey has the key {journey_key}.")
    customer = Customer.objects.filter(customer_no=kept_number(customer_no)).first()
    if customer is None:
        raise NoSuchCustomer(f"No customer has the number {customer_no}.")
    made = decisions([customer.pk], journey_key=journey_key, sees_restricted=sees_restricted)
    return Timeline(
        customer_no=customer_no,
        journey=journey_key,
        decisions=(*made.get(customer.pk, ()), *_not_entered(customer, journey_key)),
        waiting=list(_waiting(customer, journey_key)),
    )


def decisions(
    ids: Sequence[int], *, journey_key: str | None = None, sees_restricted: bool = False
) -> dict[int, list[Decision]]:
    """The decisions about these customers, each in order of time. Cost: one statement."""
    found: dict[int, list[Decision]] = {}
    params = {"ids": list(ids), "journey": journey_key, "sees_restricted": sees_restricted}
    for customer_id, at, kind, journey, code, facts in rows(DECISIONS, params):
        read = _as_read(facts)
        told = Decision(at=at, kind=kind, journey=journey, code=code, facts=read)
        found.setdefault(customer_id, []).append(told)
    return found


def _as_read(facts: str) -> dict[str, Any]:
    """The driver hands jsonb over as text; what a provider or a person wrote is masked."""
    read: dict[str, Any] = json.loads(facts)
    for name in ("detail", "answer", "error"):
        if isinstance(read.get(name), str):
            read[name] = redact(read[name])
    return read


def _not_entered(customer: Customer, journey_key: str | None) -> Iterable[Decision]:
    """Why the customer is not in the journeys that have gone live and that he never entered."""
    journeys = Journey.objects.exclude(live=None).order_by("key")
    if journey_key is not None:
        journeys = journeys.filter(key=journey_key)
    entered = Enrolment.objects.filter(customer=customer).values("journey")
    member_of = set(
        Membership.objects.filter(customer=customer, left_at=None).values_list(
            "segment__key", flat=True
        )
    )
    for journey in journeys.exclude(pk__in=entered).select_related("live"):
        graph = version_graph(journey.live_id or 0)
        entry = graph.nodes[graph.entry]
        segment = entry.segment if isinstance(entry, Entry) else None
        yield Decision(
            at=None,
            kind="not_entered",
            journey=journey.key,
            code=_why_not_in(journey, segment, member_of),
            facts={"segment": segment, "state": journey.state},
        )


def _waiting(customer: Customer, journey_key: str | None) -> Iterator[str]:
    """Why the messages that are queued or under way now have not gone yet."""
    touches = Touch.objects.filter(
        customer=customer, state__in=[TouchState.QUEUED, TouchState.HANDING_OVER]
    ).select_related("journey", "account")
    if journey_key is not None:
        touches = touches.filter(journey__key=journey_key)
    stops = standing_stops()
    for touch in touches.defer("content_cipher"):
        if touch.state == TouchState.HANDING_OVER:
            yield "under_way"
        elif any(_covers(stop, touch) for stop in stops):
            yield "stopped"
        elif touch.journey.state == Journey.State.PAUSED:
            yield "paused"
        else:
            yield "next" if touch.account.is_active else "account_off"


def _covers(stop: EmergencyStop, touch: Touch) -> bool:
    return (
        stop.channel in ("", touch.channel)
        and stop.account_id in (None, touch.account_id)
        and stop.journey_id in (None, touch.journey_id)
    )


def _why_not_in(journey: Journey, segment: str | None, member_of: set[str]) -> str:
    if journey.state != Journey.State.RUNNING:
        return "not_running"
    if segment is None:
        return "not_by_segment"
    return "not_yet" if segment in member_of else "not_in_segment"


def _both(said: Said) -> dict[str, str]:
    return {"en": said.in_language("en"), "zh": said.in_language("zh")}
