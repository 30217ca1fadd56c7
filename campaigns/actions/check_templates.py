"""What messages use now, held against the checks as they stand: for before and after an upgrade."""

from collections.abc import Iterator
from dataclasses import dataclass

from campaigns.actions.ready import as_sent
from campaigns.actions.templates import refuse_without_way_out
from campaigns.channels.base import Channel
from campaigns.content.links import prepare
from campaigns.content.render import compile_parts
from campaigns.errors import TemplateError
from campaigns.guards.purpose import judged_as
from campaigns.models import Enrolment, Journey, TemplateVersion, Touch
from campaigns.queries.accounts import link_hosts
from campaigns.queries.journeys import approved_templates, version_graph
from campaigns.states import OPEN_STATES
from compliance.contact import LIMITED_PURPOSES
from compliance.sentences import Said

_LIVE = (Journey.State.RUNNING, Journey.State.PAUSED)
_UNDER_WAY = (Enrolment.State.ACTIVE, Enrolment.State.WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Why messages of a version would be put aside: in which variant ("": the default) and part."""

    template: str
    number: int
    journeys: tuple[str, ...]
    locale: str
    part: str
    said: Said


def objections() -> tuple[int, list[Objection]]:
    """How many versions live journeys and waiting touches use, and what is wrong with them.

    The first objection to each variant is told. Raises `EngineUnavailable`.
    """
    used = _used()
    versions = TemplateVersion.objects.select_related("template").in_bulk(used.keys())
    hosts = link_hosts()
    found = [
        Objection(
            template=version.template.key,
            number=version.number,
            journeys=tuple(sorted(used[pk])),
            locale=locale,
            part=error.path,
            said=error.said,
        )
        for pk, version in sorted(versions.items())
        for locale, error in _refusals(version, hosts)
    ]
    return len(versions), found


def _used() -> dict[int, set[str]]:
    """The journeys that send each version: the newest approved ones, and those of waiting touches.

    Customers under way in an earlier version of a journey go on by that one.
    """
    live = dict(Journey.objects.filter(state__in=_LIVE).values_list("pk", "key"))
    graphs = {
        (pk, version)
        for pk, version in Journey.objects.filter(pk__in=live).values_list("pk", "live_id")
        if version
    }
    under_way = Enrolment.objects.filter(journey_id__in=live, state__in=_UNDER_WAY)
    graphs |= set(under_way.values_list("journey_id", "version_id").distinct())
    named: dict[str, set[str]] = {}
    for journey_id, version_id in graphs:
        for node in version_graph(version_id).nodes.values():
            if template := getattr(node, "template", ""):
                named.setdefault(template, set()).add(live[journey_id])
    used = {version.pk: named[key] for key, version in approved_templates(sorted(named)).items()}
    waiting = Touch.objects.filter(batch__due_at__isnull=False, state__in=OPEN_STATES)
    for pk, key in waiting.values_list("template_version_id", "journey__key").distinct():
        used.setdefault(pk, set()).add(key)
    return used


def _refusals(version: TemplateVersion, hosts: list[str]) -> Iterator[tuple[str, TemplateError]]:
    channel = Channel(version.template.channel)
    is_limited = judged_as(version.purpose, version.product) in LIMITED_PURPOSES
    for locale, parts in as_sent(version).items():
        try:
            compile_parts(channel, prepare(parts, {}, hosts).parts)
            if is_limited and channel is Channel.EMAIL:
                refuse_without_way_out(parts, locale)
        except TemplateError as error:
            yield locale, error
