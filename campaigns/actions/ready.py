"""Templates made ready for sending: compiled once for each node, their links on record."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from django.conf import settings

from campaigns.actions.judging import ReadyTemplates
from campaigns.channels.base import Channel
from campaigns.content.compose import Ready
from campaigns.content.links import prepare
from campaigns.content.locales import DEFAULT
from campaigns.content.render import Compiled, compile_parts
from campaigns.models import Journey, Link, TemplateVersion, Touch
from campaigns.queries.accounts import link_hosts
from compliance.queries import clock_now
from customers.queries.people import CustomerFacts

# The house's own business; attributes are said beside the rest.
_UNSAID: Final = frozenset({"id", "slot", "attributes", "aml_hold", "internal_hold"})


def ready_templates(batch_id: int, journey_id: int) -> ReadyTemplates:
    """Every template version the batch's touches use, by version and node."""
    used = Touch.objects.filter(batch_id=batch_id).values_list("template_version_id", "node")
    hosts = tuple(link_hosts())
    return {
        (version_id, node): _ready(version_id, journey_id, node, hosts)
        for version_id, node in used.distinct()
    }


def as_sent(version: TemplateVersion) -> Mapping[str, Mapping[str, str]]:
    """The parts of each variant as they are sent, the default one first."""
    return dict(version.built) or {DEFAULT: version.parts}


def variables(customer: CustomerFacts) -> dict[str, object]:
    """What a template may say about the customer: what is known, as plain values."""
    known = zip(customer._fields, customer, strict=True)
    said = {
        name: _plain(value) for name, value in known if value is not None and name not in _UNSAID
    }
    return {**customer.attributes, **said}


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return float(value)
        case date():
            return value.isoformat()
        case _:
            return value


@lru_cache(maxsize=512)
def _ready(template_version_id: int, journey_id: int, node: str, hosts: tuple[str, ...]) -> Ready:
    """The version compiled for this node, its links on record. Versions never change; hosts do."""
    version = TemplateVersion.objects.select_related("template").get(pk=template_version_id)
    channel = Channel(version.template.channel)
    journey_key = Journey.objects.values_list("key", flat=True).get(pk=journey_id)
    utm = {
        "utm_source": settings.UTM_SOURCE,
        "utm_medium": channel.value,
        "utm_campaign": journey_key,
        "utm_content": node,
    }
    targets: tuple[str, ...] = ()
    compiled: dict[str, Compiled] = {}
    for locale, parts in as_sent(version).items():
        prepared = prepare(parts, utm, hosts, targets)
        targets = prepared.targets
        compiled[locale] = compile_parts(channel, prepared.parts)
    return Ready(
        channel=channel,
        compiled=compiled.pop(DEFAULT),
        variants=compiled,
        tracks_opens=version.tracks_opens,
        hosts=hosts,
        link_ids=tuple(
            _link(journey_id, node, position, target, utm)
            for position, target in enumerate(targets)
        ),
    )


def _link(journey_id: int, node: str, position: int, target: str, utm: Mapping[str, str]) -> int:
    link, _made = Link.objects.get_or_create(
        journey_id=journey_id,
        node=node,
        target=target,
        defaults={"position": position, "utm": dict(utm), "created_at": clock_now()},
    )
    return int(link.pk)
