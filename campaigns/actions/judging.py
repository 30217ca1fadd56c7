"""What the gates say of a batch of touches: the facts read in a few statements, then pure code."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from campaigns.actions.templates import KIND as TEMPLATE
from campaigns.channels.base import Channel
from campaigns.content.compose import Ready
from campaigns.guards.chain import judge
from campaigns.guards.verdict import Case, Refuse, Verdict
from campaigns.models import Journey, TemplateVersion
from campaigns.queries import version_graph
from campaigns.states import Reason
from compliance.queries import is_approved
from customers.queries import CustomerFacts, addresses, current_consents, customer_facts
from customers.vocabulary import IdentityKind

# What a channel sends to, and under which name consent for it is given.
ADDRESS_KIND: Final = {
    Channel.EMAIL: IdentityKind.EMAIL,
    Channel.SMS: IdentityKind.PHONE,
    Channel.PUSH: IdentityKind.DEVICE,
    Channel.WECOM: IdentityKind.UNIONID,
}
CONSENT_CHANNEL: Final = {Channel.TASK: "phone"}

ReadyTemplates: TypeAlias = Mapping[tuple[int, str], Ready]


@dataclass(frozen=True, slots=True)
class OpenTouch:
    """A touch of the claimed batch, as `OPEN_TOUCHES` reads it."""

    id: int
    key: uuid.UUID
    customer_id: int
    node: str
    channel: str
    purpose: str
    template_version_id: int
    state: str
    attempts: int
    content_cipher: bytes | None
    content_hash: str
    due_at: datetime
    expires_at: datetime | None
    handed_at: datetime | None
    queued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the batch's gates and templates need, read in a handful of statements."""

    journey: Journey
    journey_name: str
    ready: ReadyTemplates
    customers: Mapping[int, CustomerFacts]
    consents: Mapping[str, Mapping[int, Mapping[str, str]]]
    addresses: Mapping[str, Mapping[int, str]]
    approved: Mapping[int, bool]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The deciding gate and its verdict; whom and where it goes to, as far as known."""

    gate: str
    verdict: Verdict
    customer: CustomerFacts | None = None
    address: str | None = None


def read_world(
    touches: Sequence[OpenTouch], *, ready: ReadyTemplates, journey_id: int, now: datetime
) -> World:
    """Everything the gates and templates ask of the batch.

    Cost: one statement each for customers, consents per purpose, addresses per channel; no
    statement per touch.
    """
    ids = [touch.customer_id for touch in touches]
    channels = {Channel(touch.channel) for touch in touches}
    versions = TemplateVersion.objects.select_related("template").filter(
        pk__in={touch.template_version_id for touch in touches}
    )
    journey = Journey.objects.get(pk=journey_id)
    return World(
        journey=journey,
        journey_name=_approved_name(journey),
        ready=ready,
        customers=customer_facts(ids),
        consents={
            purpose: current_consents(ids, purpose)
            for purpose in {touch.purpose for touch in touches}
        },
        addresses={
            channel: addresses(ids, ADDRESS_KIND[channel])
            for channel in channels
            if channel in ADDRESS_KIND
        },
        approved={
            version.pk: is_approved(
                kind=TEMPLATE, key=version.template.key, content_hash=version.content_hash
            )
            for version in versions
        },
        now=now,
    )


def _approved_name(journey: Journey) -> str:
    """The name in the live graph: that on the journey changes with every draft, unread."""
    return version_graph(journey.live_id).name if journey.live_id else journey.name


def judge_touch(touch: OpenTouch, world: World) -> Judgement:
    """What the gates say of one touch; nothing is read here."""
    if world.journey.state == Journey.State.STOPPED:
        return Judgement(gate="journey", verdict=Refuse(reason=Reason.JOURNEY_STOPPED))
    customer = world.customers.get(touch.customer_id)
    address = _address(touch, world, customer)
    gate, verdict = judge(_case(touch, world, customer, address), world.now)
    return Judgement(gate=gate, verdict=verdict, customer=customer, address=address)


def _case(
    touch: OpenTouch,
    world: World,
    customer: CustomerFacts | None,
    address: str | None,
) -> Case:
    channel = CONSENT_CHANNEL.get(Channel(touch.channel), touch.channel)
    return Case(
        purpose=touch.purpose,
        channel=touch.channel,
        expires_at=touch.expires_at,
        customer_status=customer.status if customer else None,
        personalise_off=customer.personalise_off if customer else False,
        consent=world.consents[touch.purpose].get(touch.customer_id, {}).get(channel),
        has_address=bool(address),
        is_personal=world.ready[touch.template_version_id, touch.node].compiled.is_personal,
        is_approved=world.approved.get(touch.template_version_id, False),
    )


def _address(touch: OpenTouch, world: World, customer: CustomerFacts | None) -> str | None:
    """Where the message goes; a task goes to the customer himself, by his number."""
    if touch.channel in world.addresses:
        return world.addresses[touch.channel].get(touch.customer_id)
    return customer.customer_no if customer else None
