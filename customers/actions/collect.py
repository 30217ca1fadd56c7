"""Take in what tracking clients send: identities, traits, events, and what must be looked at."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from compliance.sentences import Said
from customers.actions.masking import masked_event, without_contacts
from customers.actions.partitions import ensure_partitions
from customers.actions.people import Person, put_people
from customers.actions.pseudonyms import under_pseudonyms
from customers.actions.record_events import Recorded, record_events
from customers.actions.withheld import LONGEST_NO, Ignored, Telling, find_withheld
from customers.identifiers import redact
from customers.models import Source
from customers.queries.aliases import earlier_ids, link_waiting_aliases
from customers.queries.database import as_json, execute
from customers.queries.events import (
    ADD_QUARANTINE,
    QUARANTINE_BINDING,
    known_messages,
    month_of,
)
from customers.queries.identities import (
    LINK_IDENTITIES,
    Owner,
    find_owners,
    identity_row,
    keyring,
    pseudonym_of,
)
from customers.queries.people import Stored
from customers.queries.person_keys import fresh_slots
from customers.queries.plan import plan_in_force
from customers.queries.quarantine import people_named
from customers.tracking import reasons
from customers.tracking.parse import Message, Rejection
from customers.tracking.plan import Plan, check_event
from customers.tracking.traits import Described, sort_traits
from customers.vocabulary import KeyScope, UnknownEvents

_ABOUT_PEOPLE = frozenset({"identify", "alias"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What became of one request."""

    stored: int
    duplicates: int
    rejections: tuple[Rejection, ...]
    """What could not be read, and what does not keep to the tracking plan; by index."""
    ignored: tuple[Ignored, ...]


def collect(
    *,
    source: Source,
    messages: Sequence[Message],
    rejections: Sequence[Rejection],
    now: datetime,
    plan: Plan | None = None,
    may_repeat: bool = False,
) -> Collected:
    """Store everything of one request in one transaction, durable when this returns.

    0. Ids that are phone numbers or e-mail addresses are replaced by pseudonyms.
    1. What does not keep to the tracking plan is refused.
    2. Identify calls make or describe their customers; a browser key's say is limited. Of what is
       said of one field, the newest by the event's time counts, in whichever order it comes. A call
       that is sent again tells nothing new.
    3. Anonymous ids and aliases are linked to the customer, unless another one owns them. An alias
       of somebody unknown waits until he is known.
    4. Events are stored with their customer where there is one, personal data masked. A request
       of nothing else is one statement.
    5. What was refused goes to quarantine whole and encrypted; of an event that says what its key
       may not say, that part goes there and the rest is taken.

    Parameters
    ----------
    plan : the tracking plan in force where the caller has it already
    may_repeat : what a known call says counts all the same, since a person mended it
    """
    in_force = plan_in_force() if plan is None else plan
    messages = under_pseudonyms(messages)
    messages, broken = _split(messages, plan=in_force, source=source)
    rejections = sorted([*rejections, *broken], key=lambda rejection: rejection.index)
    telling = [message for message in messages if message.event.kind in _ABOUT_PEOPLE]
    from_server = source.scope != KeyScope.INGEST
    events = [masked_event(message, from_server=from_server) for message in messages]
    if not telling and not rejections:
        recorded = record_events(source=source, events=events, now=now)
        return _collected(recorded, rejections, ())
    ensure_partitions(months={month_of(event.occurred_at) for event in events})
    with transaction.atomic():
        tellings = [_understood(message, from_server=from_server) for message in telling]
        fresh = tellings if may_repeat else _fresh(source, tellings)
        owners = _describe(source, tellings, fresh, now)
        _link(source, [one.message for one in fresh], owners, now)
        ignored = find_withheld(tellings=tellings, owners=owners)
        recorded = record_events(source=source, events=events, now=now)
        alarming = [] if from_server else _alarming(ignored, fresh)
        _quarantine(source, [*rejections, *alarming], now)
    return _collected(recorded, rejections, ignored)


def _collected(
    recorded: Recorded, rejections: Sequence[Rejection], ignored: Sequence[Ignored]
) -> Collected:
    return Collected(
        stored=recorded.stored,
        duplicates=recorded.duplicates,
        rejections=tuple(rejections),
        ignored=tuple(ignored),
    )


def _split(
    messages: Sequence[Message], *, plan: Plan, source: Source
) -> tuple[Sequence[Message], list[Rejection]]:
    """The messages that keep to the plan, and the others with why."""
    may_be_unknown = source.unknown_events == UnknownEvents.STORE
    if may_be_unknown and not plan.events:
        return messages, []
    good, bad = [], []
    for message in messages:
        wrong = check_event(message.event, plan, may_be_unknown=may_be_unknown)
        if wrong is None:
            good.append(message)
        else:
            bad.append(
                Rejection(
                    index=message.index,
                    message_id=message.event.message_id,
                    said=wrong,
                    payload=message.payload(),
                )
            )
    return good, bad


def _understood(message: Message, *, from_server: bool) -> Telling:
    if message.event.kind != "identify":
        return Telling(message=message)
    described = sort_traits(message.traits, from_server=from_server)
    if message.may_hold_contact:
        described = without_contacts(described, message.traits)
    return Telling(message=message, described=described)


def _fresh(source: Source, tellings: Sequence[Telling]) -> list[Telling]:
    """The calls that were not sent before, each of a request's once."""
    once = {telling.message.event.message_id: telling for telling in reversed(tellings)}
    known = known_messages(source.pk, list(once))
    return [
        telling
        for telling in tellings
        if (message_id := telling.message.event.message_id) not in known
        and once[message_id] is telling
    ]


def _describe(
    source: Source, tellings: Sequence[Telling], fresh: Sequence[Telling], now: datetime
) -> dict[str, Owner]:
    """The customers behind the userIds of the request, after its fresh identify calls."""
    user_ids = [t.message.event.user_id for t in tellings if t.message.event.user_id is not None]
    owners = find_owners(user_ids)
    people: dict[str, Person] = {}
    for telling in sorted(fresh, key=lambda telling: telling.message.event.occurred_at):
        event = telling.message.event
        if event.kind != "identify" or event.user_id is None or len(event.user_id) > LONGEST_NO:
            continue
        # Two userIds of one request may be the same customer, by an alias.
        owner = owners.get(event.user_id)
        number = owner.customer_no if owner else event.user_id
        before = people.get(number, Person(customer_no=number))
        # A clock that is minutes fast says nothing that a later word could not correct.
        people[number] = _with(before, telling.described, at=min(event.occurred_at, now))
    if not people:
        return owners
    put_people(
        people=list(people.values()),
        source=f"key:{source.key}",
        may_replace_contacts=source.scope != KeyScope.INGEST,
        now=now,
    )
    return find_owners(user_ids)


def _with(person: Person, described: Described, *, at: datetime) -> Person:
    """The person with what one more call says of him."""
    keys = [
        *described.columns,
        *described.contacts,
        *(f"attributes.{key}" for key in described.attributes),
    ]
    return replace(
        person,
        columns={**person.columns, **described.columns},
        contacts={**person.contacts, **described.contacts},
        attributes={**person.attributes, **described.attributes},
        told_at={**person.told_at, **dict.fromkeys(keys, at)},
    )


def _link(
    source: Source, messages: Sequence[Message], owners: Mapping[str, Owner], now: datetime
) -> None:
    """Remember which browser, and which earlier id, is whose."""
    ring = keyring()
    links: dict[tuple[str, str], dict[str, Any]] = {}
    known: dict[str, Stored] = {}
    for message in messages:
        owner = owners.get(message.event.user_id or "")
        if owner is None:
            continue
        for kind, value in _identifiers(message):
            links[kind, value] = identity_row(owner.customer_id, owner.slot, kind, value, ring)
        if message.previous_id:
            known[message.previous_id] = Stored(owner.customer_id, owner.slot)
    if links:
        execute(
            LINK_IDENTITIES,
            {"rows": as_json(list(links.values())), "source": f"key:{source.key}", "now": now},
        )
    # Others may have been told of the id that only now is somebody's.
    link_waiting_aliases(known=known, now=now)


def _identifiers(message: Message) -> list[tuple[str, str]]:
    found = []
    if message.event.kind == "identify" and message.event.anonymous_id:
        found.append(("anonymous_id", message.event.anonymous_id))
    if message.previous_id:
        found += earlier_ids(message.previous_id)
    return found


def _alarming(ignored: Sequence[Ignored], fresh: Sequence[Telling]) -> list[Rejection]:
    """The parts of calls with which somebody may have tried to be, or to change, another.

    A call that is sent again tries nothing: an alias of before its customer was known is no claim.
    """
    new, found = {telling.message.index for telling in fresh}, []
    for one in ignored:
        if one.message.index not in new:
            continue
        fields = [name for name, why in one.fields.items() if why.code in reasons.ALARMING]
        if not fields:
            continue
        event = one.message.event
        told = {name: one.message.traits[name] for name in fields if name in one.message.traits}
        part = {
            "type": event.kind,
            "userId": event.user_id,
            "anonymousId": event.anonymous_id,
            "previousId": one.message.previous_id,
            "messageId": event.message_id,
            "traits": told,
        }
        said = Said(sentence=reasons.UNTRUSTED, details={"fields": ", ".join(fields)})
        found.append(
            Rejection(
                index=one.message.index,
                message_id=event.message_id,
                said=said,
                payload=json.dumps({k: v for k, v in part.items() if v is not None}),
            )
        )
    return found


def _quarantine(source: Source, rejections: Sequence[Rejection], now: datetime) -> None:
    if not rejections:
        return
    batch = [
        {
            "message_id": pseudonym_of(rejection.message_id),
            "code": rejection.said.code,
            "message": redact(str(rejection.said)),
            "details": {
                name: redact(told) if isinstance(told, str) else told
                for name, told in rejection.said.details.items()
            },
            "payload": _sealed(rejection.payload, slot),
            "named": people_named(rejection.payload),
        }
        for rejection, slot in zip(rejections, fresh_slots(len(rejections)), strict=True)
    ]
    execute(ADD_QUARANTINE, {"rows": as_json(batch), "source_id": source.pk, "now": now})


def _sealed(payload: str, slot: int) -> str:
    """A payload as the quarantine keeps it: encrypted, since it may name a person, with a key of
    its own, since whose it is may not be known."""
    return base64.b64encode(keyring().seal(payload, QUARANTINE_BINDING, slot=slot)).decode()
