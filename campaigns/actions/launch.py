"""A journey from draft to running: save, submit, review, publish; pause, resume, stop."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from campaigns.actions.templates import hash_of
from campaigns.errors import GraphError, NotPublishable, StateConflict
from campaigns.guards.purpose import may_serve
from campaigns.journeys import sentences
from campaigns.journeys.check import Problem, Severity, assuming, check, experiments, problem
from campaigns.journeys.engine import branch_rules
from campaigns.journeys.graph import MAX_NAME, Graph, Json
from campaigns.journeys.nodes.send import Send
from campaigns.journeys.parse import parse
from campaigns.models import Enrolment, Journey, JourneyVersion, Touch
from campaigns.queries.dispatch import HOLD_OPEN_BATCHES
from campaigns.queries.journeys import approved_templates, experiment_keys, references
from campaigns.states import Reason, TouchState
from compliance.actions import ask_review, decide_review, record
from compliance.errors import NotPermitted
from compliance.models import Review, User
from compliance.queries import is_approved
from compliance.reader import say
from customers.queries.database import rows
from segments.errors import RuleError
from segments.queries.rules import check_new_rule

KIND = "journey"
# Shorter than its column: keys of goals and reviews are made from it.
_KEY = re.compile(r"[-a-zA-Z0-9_]{1,64}")


@transaction.atomic
def save_draft(
    *,
    journey_key: str,
    name: str,
    graph: Json,
    maker: User,
    now: datetime,
    description: str | None = None,
) -> JourneyVersion:
    """Save the graph as the journey's newest draft; a submitted version is left as it is.

    ``description``: None leaves the one there is.

    Raises
    ------
    GraphError : the JSON is wrong; the error carries a pointer.
    """
    parse(graph)
    # Messages may say the name: it is approved with the rest, not changed under way.
    graph = {"name": name, **graph} if isinstance(graph, Mapping) else graph
    if not _KEY.fullmatch(journey_key) or not 0 < len(name) <= MAX_NAME:
        raise GraphError(sentences.BAD_NAME, most=MAX_NAME)
    journey, made = Journey.objects.get_or_create(
        key=journey_key,
        defaults={
            "name": name,
            "description": description or "",
            "created_at": now,
            "updated_at": now,
        },
    )
    if not made:
        journey.name, journey.updated_at = name, now
        if description is not None:
            journey.description = description
        journey.save(update_fields=["name", "description", "updated_at"])
    last = journey.versions.select_for_update().order_by("-number").first()
    fields = {"graph": graph, "graph_hash": hash_of(graph), "made_by": maker, "made_at": now}
    if last and last.submitted_at is None:
        for field, value in fields.items():
            setattr(last, field, value)
        last.save()
        return last
    if last and last.graph_hash == fields["graph_hash"]:
        return last
    return JourneyVersion.objects.create(
        journey=journey, number=last.number + 1 if last else 1, **fields
    )


@transaction.atomic
def set_pace(*, journey: Journey, per_minute: int | None, actor: User, now: datetime) -> None:
    """Messages a minute over all the journey's channels, from now on; None: no limit of its own."""
    _require_permission(actor)
    journey.per_minute, journey.updated_at = per_minute, now
    journey.save(update_fields=["per_minute", "updated_at"])
    _tell(actor, "pace", journey, now, per_minute=per_minute)


def problems_of(
    graph: Graph, *, journey: Journey | None = None, assumed: Collection[str] = ()
) -> list[Problem]:
    """Everything that is wrong with the graph, its references and its rules.

    With the ``journey`` also what it would take from the live versions of others. ``assumed``
    keys are taken as known, whatever they name.
    """
    found = check(graph, assuming(references(), graph, assumed))
    taken = experiment_keys(journey) if journey else frozenset()
    for node_id, experiment in experiments(graph).items():
        if experiment.key in taken:
            found.append(problem(sentences.EXPERIMENT_TAKEN, node_id, key=experiment.key))
    found += _for_another_purpose(graph)
    for (node_id, label), rule in branch_rules(graph).items():
        try:
            check_new_rule(rule, assumed=assumed)
        except RuleError as error:
            # The rule's own code says more than that a rule is wrong.
            sentence = replace(sentences.BAD_RULE, code=error.code)
            found.append(problem(sentence, node_id, label=label, why=error.said))
    return found


def _for_another_purpose(graph: Graph) -> Iterator[Problem]:
    """Sends of what was approved for a purpose that lets it say more than this journey may."""
    sends = {key: node for key, node in graph.nodes.items() if isinstance(node, Send)}
    known = approved_templates([node.template for node in sends.values()]) if sends else {}
    for node_id, node in sends.items():
        version = known.get(node.template)
        if version is None:
            continue
        product = node.product or version.product
        if not may_serve(version.purpose, graph.priority, product):
            yield problem(
                sentences.WRONG_PURPOSE,
                node_id,
                key=node.template,
                meant=sentences.PURPOSE_WORDS[version.purpose],
                priority=sentences.PURPOSE_WORDS[graph.priority],
            )


@transaction.atomic
def submit(*, journey: Journey, version: JourneyVersion, maker: User, now: datetime) -> Review:
    """Put a version before a second person. From here on it cannot be changed.

    Raises
    ------
    NotPublishable : the checks find errors.
    """
    _require_sound(parse(version.graph), journey)
    if version.submitted_at is None:
        version.submitted_at = now
        version.save(update_fields=["submitted_at"])
    return ask_review(
        kind=KIND,
        key=_subject(journey, version),
        content_hash=version.graph_hash,
        maker=maker,
        now=now,
    )


def review(
    *,
    journey: Journey,
    version: JourneyVersion,
    checker: User,
    approve: bool,
    opinion: str,
    now: datetime,
) -> Review:
    """The second person's verdict: neither who made it nor who submitted it may give it.

    Raises `ComplianceError` (see `decide_review`).
    """
    return decide_review(
        kind=KIND,
        key=_subject(journey, version),
        author=version.made_by,
        content_hash=version.graph_hash,
        checker=checker,
        approve=approve,
        opinion=opinion,
        now=now,
    )


@transaction.atomic
def publish(*, journey: Journey, actor: User, now: datetime) -> JourneyVersion:
    """Make the newest submitted version live and let customers in; a paused journey stays paused.

    Raises
    ------
    NotPublishable : it isn't approved, or the checks find errors.
    NotPermitted : the actor may not change journeys.
    StateConflict : the journey was stopped for good.
    """
    _require_permission(actor)
    locked = Journey.objects.select_for_update().get(pk=journey.pk)
    if locked.state == Journey.State.STOPPED:
        raise StateConflict(_not_now(locked))
    version = locked.versions.filter(submitted_at__isnull=False).order_by("-number").first()
    if version is None or not is_approved(
        kind=KIND, key=_subject(locked, version), content_hash=version.graph_hash
    ):
        raise NotPublishable([_("A second person must approve this version first.")])
    _require_sound(parse(version.graph), locked)
    version.published_at, version.published_by = now, actor
    version.save(update_fields=["published_at", "published_by"])
    locked.live, locked.updated_at = version, now
    if locked.state != Journey.State.PAUSED:
        # Whoever paused it had a reason; only resuming ends that.
        locked.state = Journey.State.RUNNING
    locked.save(update_fields=["live", "state", "updated_at"])
    _tell(actor, "publish", locked, now, version=version.number)
    return version


@transaction.atomic
def pause(*, journey: Journey, actor: User, now: datetime) -> None:
    """Hand nothing over and move nobody until resumed."""
    _change(journey, actor, now, Journey.State.RUNNING, Journey.State.PAUSED, "pause")


@transaction.atomic
def resume(*, journey: Journey, actor: User, now: datetime) -> None:
    """Go on where everybody stands; what became due meanwhile is judged anew."""
    _change(journey, actor, now, Journey.State.PAUSED, Journey.State.RUNNING, "resume")


@transaction.atomic
def stop(*, journey: Journey, actor: User, now: datetime) -> None:
    """End the journey for good: everybody under way leaves it, nothing queued is sent.

    1. The journey's row keeps workers from moving anybody on (see `advance`).
    2. Its open batches are held in the order in which workers hold them, runs and touches then.
    3. The audit trail comes last: nothing is waited for with it.
    """
    _require_permission(actor)
    locked = Journey.objects.select_for_update().get(pk=journey.pk)
    if locked.state not in {Journey.State.RUNNING, Journey.State.PAUSED}:
        raise StateConflict(_("The journey is not running."))
    rows(HOLD_OPEN_BATCHES, {"journey": locked.pk})
    Enrolment.objects.filter(journey=locked, state__in=["active", "waiting"]).update(
        state=Enrolment.State.EXITED,
        exit_reason="journey_stopped",
        due_at=None,
        finished_at=now,
        # What a worker decided before the stop must not be written after it.
        fence=F("fence") + 1,
    )
    Touch.objects.filter(journey=locked, state__in=[TouchState.QUEUED, TouchState.DEFERRED]).update(
        state=TouchState.REFUSED, reason=Reason.JOURNEY_STOPPED
    )
    _put(locked, actor, now, Journey.State.STOPPED, "stop")


def _change(
    journey: Journey, actor: User, now: datetime, before: str, after: str, verb: str
) -> None:
    _require_permission(actor)
    locked = Journey.objects.select_for_update().get(pk=journey.pk)
    if locked.state != before:
        raise StateConflict(_not_now(locked))
    _put(locked, actor, now, after, verb)


def _put(locked: Journey, actor: User, now: datetime, after: str, verb: str) -> None:
    locked.state, locked.updated_at = Journey.State(after), now
    locked.save(update_fields=["state", "updated_at"])
    _tell(actor, verb, locked, now)


def _not_now(journey: Journey) -> str:
    state = {"state": journey.get_state_display()}
    return _("The journey is %(state)s; that is not possible now.") % state


def _require_sound(graph: Graph, journey: Journey) -> None:
    found = problems_of(graph, journey=journey)
    errors = [say(one.said) for one in found if one.severity is Severity.ERROR]
    if errors:
        raise NotPublishable(errors)


def _require_permission(actor: User) -> None:
    if not actor.has_perm("campaigns.change_journey"):
        raise NotPermitted(_("Your role may not run journeys. Ask a marketer."))


def _subject(journey: Journey, version: JourneyVersion) -> str:
    return f"{journey.key}/{version.number}"


def _tell(actor: User, verb: str, journey: Journey, now: datetime, **detail: object) -> None:
    record(
        actor=actor.username,
        action=f"journey.{verb}",
        subject=journey.key,
        now=now,
        detail=dict(detail),
    )
