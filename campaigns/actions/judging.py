"""What the gates say of a batch of touches: the facts read in a few statements, then pure code."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, TypeAlias, TypedDict
from zoneinfo import ZoneInfo

from django.conf import settings

from campaigns.actions.contacts import Tally, count, hold_customers, keep
from campaigns.actions.policies import policy_of, rules_at
from campaigns.actions.templates import KIND as TEMPLATE
from campaigns.actions.wording import Subject, read_message, read_notices
from campaigns.channels.base import Channel
from campaigns.channels.sms.prices import PriceList
from campaigns.content.compose import Ready
from campaigns.guards import notices, wording
from campaigns.guards.chain import judge
from campaigns.guards.verdict import Allow, Case, Defer, Policy, Refuse, Verdict
from campaigns.models import Journey, TemplateVersion, Touch
from campaigns.queries.contacts import KEEP_RESTRICTED
from campaigns.queries.dispatch import OpenTouch
from campaigns.queries.journeys import is_targeted, version_graph
from campaigns.queries.receipts import NO_STOP, Stop, suppressed
from campaigns.states import Reason
from compliance.calendar import zone
from compliance.contact import LIMITED_PURPOSES
from compliance.jurisdiction import Jurisdiction
from compliance.queries import is_approved, products
from compliance.suitability.values import Product
from customers.identifiers import Keyring
from customers.queries.consents import Statement, current_statements
from customers.queries.database import as_json, execute
from customers.queries.identities import Address, hashed_addresses, keyring_for_many
from customers.queries.people import CustomerFacts, customer_facts
from customers.vocabulary import ConsentState, IdentityKind

log = logging.getLogger(__name__)

# What a channel sends to, and under which name consent for it is given.
ADDRESS_KIND: Final = {
    Channel.EMAIL: IdentityKind.EMAIL,
    Channel.SMS: IdentityKind.PHONE,
    Channel.PUSH: IdentityKind.DEVICE,
    Channel.WECOM: IdentityKind.UNIONID,
}
CONSENT_CHANNEL: Final[Mapping[str, str]] = {Channel.TASK: "phone"}
# Whose suppression stops a channel: a call goes to the number, too.
STOPPED_BY: Final = {**ADDRESS_KIND, Channel.TASK: IdentityKind.PHONE}

ReadyTemplates: TypeAlias = Mapping[tuple[int, str], Ready]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the batch's gates and templates need, read in a handful of statements."""

    journey: Journey
    journey_name: str
    is_targeted: bool
    ready: ReadyTemplates
    customers: Mapping[int, CustomerFacts]
    statements: Mapping[str, Mapping[int, Mapping[str, Statement]]]
    addresses: Mapping[str, Mapping[int, Address]]
    stops: Mapping[str, Mapping[int, Stop]]
    approved: Mapping[int, bool]
    approved_for: Mapping[int, str]
    house: Policy
    policies: Mapping[int, Policy]
    products: Mapping[str, Product]
    zones: Mapping[int, ZoneInfo]
    tally: Tally
    now: datetime
    restricted: list[dict[str, object]]
    alerts: set[Reason]
    ring: Keyring
    prices: PriceList = field(default_factory=PriceList)


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
    journey = Journey.objects.get(pk=journey_id)
    rules = rules_at(now)
    house = policy_of(None, rules)
    hold_customers(touches)
    ring = keyring_for_many()
    customers = customer_facts(ids, ring=ring)
    by_region = {
        region: policy_of(region, rules) for region in {who.region for who in customers.values()}
    }
    zones = {
        person: zone(facts.time_zone, settings.TIME_ZONE) for person, facts in customers.items()
    }
    policies = {person: by_region[facts.region] for person, facts in customers.items()}
    tally = count(
        touches, policies=policies, journey=(journey_id, journey.key), zones=zones, now=now
    )
    channels = {Channel(touch.channel) for touch in touches}
    versions = TemplateVersion.objects.select_related("template").filter(
        pk__in={touch.template_version_id for touch in touches}
    )
    known: dict[str, dict[int, Address]] = {
        channel: hashed_addresses(ids, ADDRESS_KIND[channel], ring=ring)
        for channel in channels
        if channel in ADDRESS_KIND
    }
    return World(
        journey=journey,
        journey_name=_approved_name(journey),
        is_targeted=is_targeted(journey),
        ready=ready,
        customers=customers,
        statements={
            purpose: current_statements(ids, purpose)
            for purpose in {touch.purpose for touch in touches}
        },
        addresses=known,
        stops={channel: _stops(channel, ids, known) for channel in channels},
        approved={
            version.pk: is_approved(
                kind=TEMPLATE, key=version.template.key, content_hash=version.content_hash
            )
            for version in versions
        },
        approved_for={version.pk: version.purpose for version in versions},
        house=house,
        policies=policies,
        products=products({touch.product for touch in touches if touch.product}),
        zones=zones,
        tally=tally,
        now=now,
        restricted=[],
        alerts=set(),
        ring=ring,
    )


def _stops(
    channel: Channel, ids: Sequence[int], known: Mapping[str, Mapping[int, Address]]
) -> dict[int, Stop]:
    """Who of these must not be reached by the channel, whatever he consented to."""
    kind = STOPPED_BY.get(channel)
    if kind is None:
        return {}
    at = known.get(channel) or hashed_addresses(ids, kind)
    return suppressed(kind, {who: address.value_hash for who, address in at.items()})


def stop_of(channel: str, customer_id: int) -> Stop:
    """What stands against writing to one customer by this channel; `NO_STOP` if nothing does."""
    if channel not in set(Channel):
        return NO_STOP
    return _stops(Channel(channel), [customer_id], {}).get(customer_id, NO_STOP)


def reach_of(channel: str, customer_id: int) -> tuple[bool, Stop]:
    """Whether there is an address for writing to one customer, and what stands against it.

    Ways that are no channel of ours, and those that go by his number, need none.
    """
    if channel not in set(Channel):
        return True, NO_STOP
    medium = Channel(channel)
    if medium not in ADDRESS_KIND:
        return True, stop_of(channel, customer_id)
    known = hashed_addresses([customer_id], ADDRESS_KIND[medium])
    stops = _stops(medium, [customer_id], {medium: known}) if known else {}
    has_address = any(address.value for address in known.values())
    return has_address, stops.get(customer_id, NO_STOP)


def _approved_name(journey: Journey) -> str:
    """The name in the live graph: that on the journey changes with every draft, unread."""
    return version_graph(journey.live_id).name if journey.live_id else journey.name


def judge_touch(touch: OpenTouch, world: World) -> Judgement:
    """What the gates say of one touch; nothing is read here. What is allowed counts at once."""
    if world.journey.state == Journey.State.STOPPED:
        return Judgement(gate="journey", verdict=Refuse(reason=Reason.JOURNEY_STOPPED))
    customer = world.customers.get(touch.customer_id)
    address = _address(touch, world, customer)
    gate, verdict = judge(_case(touch, world, customer, address), world.now)
    if isinstance(verdict, Refuse) and verdict.restricted:
        world.restricted.append({"touch_id": touch.id, "grounds": verdict.restricted})
    if isinstance(verdict, Defer) and verdict.reason is Reason.NO_CALENDAR:
        world.alerts.add(verdict.reason)
    if isinstance(verdict, Allow):
        # Before it is rendered: the next touch of the batch may be for the same customer.
        world.tally.take(touch, world.zones[touch.customer_id], world.now)
    return Judgement(gate=gate, verdict=verdict, customer=customer, address=address)


def judge_call(touch: Touch, now: datetime) -> tuple[str, Verdict]:
    """Whether the customer of a task may be called now; which gate objects, if one does.

    Days may lie between the hand-over of a task and the call: what bounds the call is asked anew.
    Caps are not: the task was counted when it was handed over.
    """
    person = touch.customer_id
    customer = customer_facts([person]).get(person)
    policy = policy_of(customer.region if customer else None, rules_at(now))
    channel = CONSENT_CHANNEL.get(Channel(touch.channel), touch.channel)
    stop = stop_of(touch.channel, person)
    case = Case(
        purpose=touch.purpose,
        channel=touch.channel,
        expires_at=None,
        customer_status=customer.status if customer else None,
        personalise_off=False,
        **consent_facts(channel, current_statements([person], touch.purpose).get(person, {})),
        has_address=True,
        suppressed=stop.why,
        suppressed_at=stop.at,
        is_personal=False,
        is_targeted=False,
        is_approved=True,
        aml_hold=customer.aml_hold if customer else False,
        internal_hold=customer.internal_hold if customer else False,
        client=customer,
        product_code=touch.product,
        product=products({touch.product} - {""}).get(touch.product),
        policy=policy,
        zone=zone(customer.time_zone if customer else None, settings.TIME_ZONE),
        used=(),
    )
    return judge(case, now)


def _case(
    touch: OpenTouch,
    world: World,
    customer: CustomerFacts | None,
    address: str | None,
) -> Case:
    channel = CONSENT_CHANNEL.get(touch.channel, touch.channel)
    said = world.statements[touch.purpose].get(touch.customer_id, {})
    stop = world.stops[touch.channel].get(touch.customer_id, NO_STOP)
    return Case(
        purpose=touch.purpose,
        channel=touch.channel,
        expires_at=touch.expires_at,
        customer_status=customer.status if customer else None,
        personalise_off=customer.personalise_off if customer else False,
        **consent_facts(channel, said),
        has_address=bool(address),
        suppressed=stop.why,
        suppressed_at=stop.at,
        is_personal=world.ready[touch.template_version_id, touch.node].is_personal,
        is_targeted=world.is_targeted,
        is_approved=world.approved.get(touch.template_version_id, False),
        approved_for=world.approved_for.get(touch.template_version_id, touch.purpose),
        aml_hold=customer.aml_hold if customer else False,
        internal_hold=customer.internal_hold if customer else False,
        client=customer,
        product_code=touch.product,
        product=world.products.get(touch.product),
        policy=world.policies.get(touch.customer_id, world.house),
        zone=world.zones[touch.customer_id] if customer else zone(None, settings.TIME_ZONE),
        used=world.tally.of(touch),
    )


class ConsentFacts(TypedDict):
    """What a `Case` holds of consent."""

    consent_name: str
    consent: str | None
    consent_form: str
    consent_since: date | None
    own_word_at: datetime | None
    register_checked_on: date | None
    has_objected: bool


def consent_facts(channel: str, said: Mapping[str, Statement]) -> ConsentFacts:
    """What the customer's newest words mean for the channel of this name."""
    here = said.get(channel)
    return {
        "consent_name": channel,
        "consent": here.state if here else None,
        "consent_form": here.form if here else "",
        "consent_since": here.since if here else None,
        "own_word_at": here.at if here and here.is_own else None,
        "register_checked_on": here.checked_on if here else None,
        "has_objected": here is not None
        and any(
            word.state == ConsentState.WITHDRAWN and word.number > here.number
            for word in said.values()
        ),
    }


def judge_content(
    touch: OpenTouch, content: Mapping[str, str], allowed: Allow, world: World
) -> tuple[str, Verdict]:
    """What the gates on the text say of the message as it would go out, and which spoke."""
    product = world.products.get(touch.product)
    reading = read_message(
        content,
        Subject(
            channel=touch.channel,
            product=(product.kind or None) if product else None,
            is_named=bool(touch.product) or touch.purpose not in LIMITED_PURPOSES,
        ),
        version_id=touch.template_version_id,
        purpose=touch.purpose,
        on=world.house.on,
        lexicon=world.house.lexicon,
    )
    verdict = wording.judge(reading)
    if not isinstance(verdict, Allow):
        return "wording", verdict
    where = _asking(touch, world)
    if not allowed.notices and where is None:
        return "", verdict
    points = product.risk_points if product else ""
    told = notices.judge(read_notices(allowed.notices, content, touch.channel, points, where=where))
    return ("", verdict) if isinstance(told, Allow) else ("notices", told)


def _asking(touch: OpenTouch, world: World) -> Jurisdiction | None:
    """The customer's jurisdiction, if it asks for words in such a message."""
    where = world.policies.get(touch.customer_id, world.house).jurisdiction
    is_asking = touch.purpose in LIMITED_PURPOSES and touch.channel in where.must_say
    return where if is_asking else None


def keep_records(world: World, *, handed: Collection[int]) -> None:
    """Write what counts towards the caps, and grounds that only compliance may read."""
    keep(world.tally, handed=handed, now=world.now)
    if Reason.NO_CALENDAR in world.alerts:
        log.error("touches wait: the trading days of %d are not on record", world.house.on.year)
    if world.restricted:
        execute(KEEP_RESTRICTED, {"rows": as_json(world.restricted), "now": world.now})


def _address(touch: OpenTouch, world: World, customer: CustomerFacts | None) -> str | None:
    """Where the message goes; a task goes to the customer himself, by his number."""
    if touch.channel in world.addresses:
        known = world.addresses[touch.channel].get(touch.customer_id)
        return known.value if known else None
    return customer.customer_no if customer else None
