"""Journeys as published, and what their checks refer to."""

from collections.abc import Sequence
from functools import lru_cache

from django.db.models import OuterRef, Subquery

from campaigns.journeys.check import References, experiments
from campaigns.journeys.graph import Graph
from campaigns.journeys.nodes.branch import Branch
from campaigns.journeys.nodes.entry import Entry
from campaigns.journeys.parse import parse
from campaigns.models import Journey, JourneyVersion, TemplateVersion
from campaigns.queries.accounts import default_accounts
from compliance.models import Review
from segments.models import Segment


@lru_cache(maxsize=256)
def version_graph(version_id: int) -> Graph:
    """The parsed graph of a version. Versions never change, so it is read once per process."""
    return parse(JourneyVersion.objects.values_list("graph", flat=True).get(pk=version_id))


def approved_templates(keys: Sequence[str] | None = None) -> dict[str, TemplateVersion]:
    """The newest approved version of each template, by the template's key."""
    verdicts = Review.objects.filter(
        subject_kind="template",
        subject_key=OuterRef("template__key"),
        subject_hash=OuterRef("content_hash"),
    )
    decided = verdicts.exclude(verdict=Review.Verdict.PENDING).order_by("-id")
    versions = (
        TemplateVersion.objects.select_related("template")
        .annotate(newest_verdict=Subquery(decided.values("verdict")[:1]))
        .filter(newest_verdict=Review.Verdict.APPROVED)
    )
    if keys is not None:
        versions = versions.filter(template__key__in=keys)
    newest: dict[str, TemplateVersion] = {}
    for version in versions.order_by("number"):
        newest[version.template.key] = version
    return newest


def references() -> References:
    """What a journey may name."""
    return References(
        segments=frozenset(
            Segment.objects.filter(archived_at=None, tag=None).values_list("key", flat=True)
        ),
        templates={key: version.template.channel for key, version in approved_templates().items()},
        channels=frozenset(default_accounts()),
    )


def is_targeted(journey: Journey) -> bool:
    """Whether customers' data decide who gets the journey's messages, or which.

    Not so where everybody enters and nothing branches by a rule. Who comes in by the API was
    chosen by somebody else, and nobody can tell by what.
    """
    if journey.live_id is None:
        return True
    graph = version_graph(journey.live_id)
    if graph.lifecycle:
        return True
    nodes = graph.nodes.values()
    entered = {node.segment for node in nodes if isinstance(node, Entry)}
    named = {key for key in entered if key is not None}
    rules = dict(Segment.objects.filter(key__in=named).values_list("key", "rule"))
    by_entry = None in entered or any(_chooses(rules.get(key)) for key in named)
    return by_entry or any(
        _chooses(rule) for node in nodes if isinstance(node, Branch) for rule in node.cases.values()
    )


def _chooses(rule: object) -> bool:
    """Whether a rule asks anything of the customer: all of `everyone` and `sample` does not."""
    if not isinstance(rule, dict):
        return True
    match next(iter(rule), ""):
        case "everyone" | "sample":
            return False
        case "all" | "any" as word:
            return any(_chooses(part) for part in rule[word])
        case _:
            return True


def experiment_keys(journey: Journey) -> frozenset[str]:
    """The experiments that the live versions of all other journeys run."""
    live = Journey.objects.exclude(pk=journey.pk).values_list("live", flat=True)
    return frozenset(
        experiment.key
        for version_id in live.filter(live__isnull=False)
        for experiment in experiments(version_graph(version_id)).values()
    )
