"""Say what of an identify or alias call was not taken, and why.

Found by looking at what is stored afterwards, so that it is true whatever rule withheld it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from compliance.sentences import Sentence
from customers.errors import IdentifierError
from customers.identifiers import normalise
from customers.queries.claims import Claim, Holder, holders
from customers.queries.identities import Owner, keyring
from customers.queries.people import attribute_types
from customers.tracking import reasons
from customers.tracking.parse import Message
from customers.tracking.traits import Described, snake
from customers.vocabulary import AttributeType

LONGEST_NO = 128  # of a customer number


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A call that says something about a person, and how its traits were understood."""

    message: Message
    described: Described = field(default_factory=Described)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Fields of one call that were not taken, as the client wrote them, and why."""

    message: Message
    fields: Mapping[str, Sentence]


def find_withheld(*, tellings: Sequence[Telling], owners: Mapping[str, Owner]) -> list[Ignored]:
    """What was not taken of the calls of one request, after the rest was stored.

    Parameters
    ----------
    owners : the customers behind the calls' userIds
    """
    found: dict[int, dict[str, Sentence]] = {
        telling.message.index: dict(telling.described.ignored) for telling in tellings
    }
    described: list[Telling] = []
    claims: list[Claim] = []
    for telling in tellings:
        owner = owners.get(telling.message.event.user_id or "")
        fields = found[telling.message.index]
        if owner is None:
            if telling.message.traits:
                is_long = len(telling.message.event.user_id or "") > LONGEST_NO
                fields["userId"] = reasons.USER_ID_TOO_LONG if is_long else reasons.NO_CUSTOMER
            continue
        described.append(telling)
        claims += _contacts(telling, owner, fields) + _links(telling, owner)
    for claim, holder in zip(claims, holders(claims), strict=True):
        if holder != Holder.OWN:
            found[claim.index][claim.field] = _why(claim, holder)
    _add_attributes(described, found)
    return [
        Ignored(message=telling.message, fields=found[telling.message.index])
        for telling in tellings
        if found[telling.message.index]
    ]


def _contacts(telling: Telling, owner: Owner, fields: dict[str, Sentence]) -> list[Claim]:
    ring, claims = keyring(), []
    spelling = {snake(key): key for key in telling.message.traits}
    for kind, value in telling.described.contacts.items():
        name = spelling.get(kind) or spelling.get("mobile", kind)
        try:
            value_hash = ring.lookup_hash(kind, normalise(kind, value))
        except IdentifierError:
            fields[name] = reasons.CONTACT_INVALID
            continue
        claims.append(
            Claim(
                index=telling.message.index,
                field=name,
                customer_id=owner.customer_id,
                kind=kind,
                value_hash=value_hash,
            )
        )
    return claims


def _links(telling: Telling, owner: Owner) -> list[Claim]:
    message, ring = telling.message, keyring()
    given = []
    if message.event.kind == "identify" and message.event.anonymous_id:
        given.append(("anonymousId", "anonymous_id", message.event.anonymous_id))
    if message.previous_id:
        given.append(("previousId", "user_id", message.previous_id))
    return [
        Claim(
            index=message.index,
            field=name,
            customer_id=owner.customer_id,
            kind=kind,
            value_hash=ring.lookup_hash(kind, value),
        )
        for name, kind, value in given
    ]


def _why(claim: Claim, holder: Holder) -> Sentence:
    if claim.kind not in {"phone", "email"}:
        return reasons.IDENTITY_OF_ANOTHER
    return reasons.CONTACT_OF_ANOTHER if holder == Holder.ANOTHER else reasons.CONTACT_KNOWN


def _add_attributes(tellings: Sequence[Telling], found: dict[int, dict[str, Sentence]]) -> None:
    """Attributes that the catalogue knows with another type, or has no room for."""
    if not any(telling.described.attributes for telling in tellings):
        return
    known = attribute_types()
    for telling in tellings:
        spelling = {snake(key): key for key in telling.message.traits}
        for name, value in telling.described.attributes.items():
            if name not in known:
                found[telling.message.index][spelling[name]] = reasons.CATALOGUE_FULL
            elif not _is_of(known[name], value):
                found[telling.message.index][spelling[name]] = reasons.VALUE_NOT_STORABLE


def _is_of(kind: str, value: str | float | bool) -> bool:
    match kind:
        case AttributeType.TEXT:
            return isinstance(value, str)
        case AttributeType.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case AttributeType.BOOLEAN:
            return isinstance(value, bool)
        case _:
            return False
