"""Judge and render a batch of touches: the part of dispatch before the provider hears of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from django.conf import settings

from campaigns.actions.judging import (
    Judgement,
    ReadyTemplates,
    World,
    judge_content,
    judge_touch,
    keep_records,
    read_world,
)
from campaigns.actions.ready import variables
from campaigns.channels.base import Channel, Outgoing
from campaigns.channels.sms.prices import PriceList
from campaigns.channels.sms.segments import full_text, measure
from campaigns.content.compose import Addressing, Ready, Recipient, compose_batch
from campaigns.content.final import fault_of
from campaigns.content.locales import chosen
from campaigns.content.render import MissingVariable
from campaigns.errors import ContentChanged, TemplateError, UnsafeMessage
from campaigns.guards.purpose import judged_as
from campaigns.guards.verdict import Allow, Defer, Refuse, Verdict
from campaigns.queries.accounts import link_key
from campaigns.queries.content import Frozen, freeze, thaw
from campaigns.queries.dispatch import OpenTouch
from campaigns.states import Reason, TouchState
from compliance.contact import LIMITED_PURPOSES
from customers.errors import UnknownKey
from customers.queries.people import CustomerFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The verdict on one touch, and its frozen content if it goes out for the first time."""

    touch_id: int
    state: TouchState
    due_at: datetime
    reason: Reason = Reason.NONE
    verdict: Mapping[str, object]
    content_hash: str = ""
    sealed: bytes = b""
    segments: int = 0
    unit_cost: Decimal | None = None
    error: UnsafeMessage | None = None  # for which it is put aside

    @property
    def is_handed(self) -> bool:
        """Whether it goes to the provider."""
        return self.state is TouchState.HANDING_OVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What to write, what to send, what to ask; ``attempts`` counts earlier ones by key."""

    judged: tuple[Judged, ...]
    outgoing: tuple[Outgoing, ...]
    attempts: Mapping[str, int]
    to_ask: tuple[str, ...] = ()


# The parts of each new message by touch, or why there are none.
Composed: TypeAlias = Mapping[int, dict[str, str] | Refuse | UnsafeMessage]


def prepare_touches(
    touches: Sequence[OpenTouch],
    *,
    ready: ReadyTemplates,
    journey_id: int,
    prices: PriceList,
    now: datetime,
) -> Prepared:
    """Run the gates on every touch and render those that pass; ``prices`` are the account's.

    Cost: one statement each for customers, consents per purpose, addresses per channel; no
    statement per touch. Content that was frozen before is sent as it was, byte for byte.
    """
    if not touches:
        return Prepared(judged=(), outgoing=(), attempts={})
    world = read_world(touches, ready=ready, journey_id=journey_id, now=now)
    world = replace(world, prices=prices)
    judgements = [judge_touch(touch, world) for touch in touches]
    composed = _composed(list(zip(touches, judgements, strict=True)), world)
    texts = _Texts(world)
    judged: list[Judged] = []
    outgoing: list[Outgoing] = []
    for touch, judgement in zip(touches, judgements, strict=True):
        verdict, message = _settled(touch, judgement, composed, texts)
        judged.append(verdict)
        if message:
            outgoing.append(message)
    keep_records(world, handed={item.touch_id for item in judged if item.is_handed})
    return Prepared(
        judged=tuple(judged),
        outgoing=tuple(outgoing),
        attempts={touch.key.hex: touch.attempts for touch in touches},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the gates on the text say of a message, and what it takes to send it."""

    gate: str
    verdict: Verdict
    segments: int


@dataclass(frozen=True, slots=True)
class _Texts:
    """The gates on the text; what says the same to everybody is read once for the batch."""

    world: World
    known: dict[tuple[object, ...], _Told] = field(default_factory=dict)

    def told(
        self, touch: OpenTouch, content: Mapping[str, str], allowed: Allow, customer: CustomerFacts
    ) -> _Told:
        """Of one message, as it would go out."""
        ready = self.world.ready[touch.template_version_id, touch.node]
        if touch.content_cipher or not ready.is_alike:
            return self._read(touch, content, allowed)
        where = self.world.policies.get(touch.customer_id, self.world.house).jurisdiction
        kind = (
            *(touch.template_version_id, touch.node, touch.channel, touch.purpose, touch.product),
            *(chosen(ready.variants, customer.locale), where.rule_id, allowed.notices),
        )
        found = self.known.get(kind)
        if found is None:
            found = self.known[kind] = self._read(touch, content, allowed)
        return found

    def _read(self, touch: OpenTouch, content: Mapping[str, str], allowed: Allow) -> _Told:
        gate, verdict = judge_content(touch, content, allowed, self.world)
        return _Told(gate=gate, verdict=verdict, segments=_segments(touch.channel, content))


def _settled(
    touch: OpenTouch, judgement: Judgement, composed: Composed, texts: _Texts
) -> tuple[Judged, Outgoing | None]:
    match judgement.verdict:
        case Allow():
            return _message(touch, judgement, composed, texts)
        case Refuse() as refusal:
            return _refused(touch, judgement.gate, refusal), None
        case Defer(until=until, reason=reason):
            return Judged(
                touch_id=touch.id,
                state=TouchState.DEFERRED,
                due_at=until,
                reason=reason,
                verdict={
                    "gate": judgement.gate,
                    "until": until.isoformat(),
                    "read": judgement.verdict.read,
                },
            ), None


def _refused(touch: OpenTouch, gate: str, verdict: Refuse) -> Judged:
    return Judged(
        touch_id=touch.id,
        state=TouchState.REFUSED,
        due_at=touch.due_at,
        reason=verdict.reason,
        verdict={"gate": gate, "detail": verdict.detail, "read": verdict.read},
    )


def _put_aside(touch: OpenTouch, error: UnsafeMessage) -> Judged:
    """Not sent, and not lost either: a person mends the template or the list, and replays it."""
    return Judged(
        touch_id=touch.id,
        state=TouchState.FAILED,
        due_at=touch.due_at,
        reason=Reason.QUARANTINED,
        verdict={"gate": "content", "detail": error.message, "read": {"code": error.code}},
        error=error,
    )


def _message(
    touch: OpenTouch, judgement: Judgement, composed: Composed, texts: _Texts
) -> tuple[Judged, Outgoing | None]:
    if judgement.customer is None or judgement.address is None:
        return _refused(touch, "recipient", Refuse(reason=Reason.GATE_ERROR)), None
    key, content_hash, sealed = touch.key.hex, "", b""
    content = _frozen(touch) if touch.content_cipher else composed[touch.id]
    if isinstance(content, Refuse):
        return _refused(touch, "content" if touch.content_cipher else "render", content), None
    if isinstance(content, UnsafeMessage):
        return _put_aside(touch, content), None
    assert isinstance(judgement.verdict, Allow)
    told = texts.told(touch, content, judgement.verdict, judgement.customer)
    if isinstance(told.verdict, Refuse):
        return _refused(touch, told.gate, told.verdict), None
    world = texts.world
    if not touch.content_cipher:
        frozen = freeze(content, key, slot=judgement.customer.slot, ring=world.ring)
        content_hash, sealed = frozen.content_hash, frozen.sealed
    judged = Judged(
        touch_id=touch.id,
        state=TouchState.HANDING_OVER,
        due_at=touch.due_at,
        verdict={
            "gate": "",
            "read": {**judgement.verdict.read, **told.verdict.read},
        },
        content_hash=content_hash,
        sealed=sealed,
        segments=told.segments,
        unit_cost=world.prices.unit_cost(judgement.address),
    )
    return judged, Outgoing(key=key, address=judgement.address, content=content)


def _frozen(touch: OpenTouch) -> dict[str, str] | Refuse:
    """What an earlier attempt sent, if it is still that."""
    kept = Frozen(content_hash=touch.content_hash, sealed=touch.content_cipher or b"")
    try:
        return thaw(kept, touch.key.hex)
    except (UnknownKey, ContentChanged) as error:
        return Refuse(reason=Reason.GATE_ERROR, detail=str(error))


def _composed(found: Sequence[tuple[OpenTouch, Judgement]], world: World) -> Composed:
    """What goes out for the first time, by touch; all that share a template in one call."""
    alike: dict[tuple[int, str], list[Recipient]] = defaultdict(list)
    advertising = {
        touch.id
        for touch, _ in found
        if judged_as(touch.purpose, touch.product) in LIMITED_PURPOSES
    }
    for touch, judgement in found:
        is_new = isinstance(judgement.verdict, Allow) and not touch.content_cipher
        if is_new and judgement.customer is not None:
            use = touch.template_version_id, touch.node
            alike[use].append(_recipient(touch, judgement.customer, world.ready[use]))
    journey = {"key": world.journey.key, "name": world.journey_name}
    addressing = Addressing(public_url=settings.PUBLIC_URL, key=link_key())
    composed: dict[int, dict[str, str] | Refuse | UnsafeMessage] = {}
    for use, recipients in alike.items():
        ready = world.ready[use]
        done = compose_batch(ready, recipients, journey=journey, addressing=addressing)
        for recipient, content in zip(recipients, done, strict=True):
            if isinstance(content, TemplateError):
                composed[recipient.touch_id] = _refusal(content)
                continue
            fault = fault_of(
                ready,
                recipient,
                content,
                said={"journey": journey},
                public_url=addressing.public_url,
                is_advertisement=recipient.touch_id in advertising,
            )
            composed[recipient.touch_id] = fault or content
    return composed


def _recipient(touch: OpenTouch, customer: CustomerFacts, ready: Ready) -> Recipient:
    return Recipient(
        touch_id=touch.id,
        customer=variables(customer) if ready.is_personal else {},
        queued_at=touch.queued_at.isoformat(),
        locale=customer.locale,
    )


def _refusal(error: TemplateError) -> Refuse:
    is_missing = isinstance(error, MissingVariable)
    reason = Reason.MISSING_VARIABLE if is_missing else Reason.RENDER_FAILED
    return Refuse(reason=reason, detail=error.message)


def _segments(channel: str, content: Mapping[str, str]) -> int:
    """What will be billed, should the provider never tell."""
    if channel != Channel.SMS:
        return 1
    return measure(full_text(content)).segments
