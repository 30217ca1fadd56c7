"""From one call of the tracking specification to one event.

What cannot be taken raises `EventRefused` with a code; nothing is guessed about who it was. The
documented normalisations are: surrounding white space of names and ids goes, ids are NFC, a time
in the future becomes the time of receipt (the original is kept in the context), a time without a
zone is UTC, a missing message id is made up, UTM tags of the page's address become the campaign
where the client names none.
"""

import re
import unicodedata
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from compliance.sentences import Said
from customers.errors import BodyRefused, EventRefused
from customers.tracking import reasons
from customers.tracking.campaign import campaign_of
from customers.tracking.event import NewEvent
from customers.tracking.storable import EVENT_BYTES, checked, kept, may_hold_contact

FUTURE_ALLOWED = timedelta(minutes=5)
OLDEST_LIVE = timedelta(days=3660)
OLDEST_IMPORTED = datetime(2000, 1, 1, tzinfo=UTC)
KINDS = frozenset({"track", "identify", "page", "screen", "group", "alias"})
_SKEW_TOLD = timedelta(minutes=1)
_NAMES = {
    "identify": "Identified",
    "page": "Page Viewed",
    "screen": "Screen Viewed",
    "group": "Grouped",
    "alias": "Aliased",
}
_NOBODY = frozenset({"null", "undefined", "nan", "none", "[object object]"})
_CONTROL = re.compile("[\0-\x1f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a call says about all of its events."""

    kind: str | None
    """None in a batch, where each message names its own."""
    received_at: datetime
    sent_at: Any = None
    context: Mapping[str, Any] = field(default_factory=dict)
    context_json: bytes = b""
    """Both as `batch_context` gives them."""
    is_import: bool = False
    """Backfill: times are taken as they are and may lie far back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One call understood: the event, and what it says about identity."""

    index: int
    event: NewEvent
    traits: Mapping[str, Any] = field(default_factory=dict)
    previous_id: str | None = None
    call: Mapping[str, Any] = field(default_factory=dict)
    """As it was sent."""
    may_hold_contact: bool = True
    """False where neither phone number nor e-mail address is in it for certain."""

    def payload(self) -> str:
        """The call as the quarantine keeps it: whole, with what its address and its batch said,
        and with its time on our clock."""
        whole = {
            **self.call,
            "type": self.event.kind,
            "messageId": self.event.message_id,
            "timestamp": self.event.occurred_at.isoformat(),
            "context": self.event.context,
        }
        return kept(whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """One call that goes to quarantine."""

    index: int
    message_id: str
    said: Said
    payload: str


def batch_context(told: object) -> tuple[dict[str, Any], bytes]:
    """What a batch says of all its messages, and it as JSON.

    Raises BodyRefused: it would go into every event, and none could be stored.
    """
    if told is None or told == []:
        return {}, b""
    try:
        return checked(told)
    except EventRefused as error:
        raise BodyRefused(reasons.BATCH_CONTEXT) from error


def parse_message(item: object, *, index: int, envelope: Envelope) -> Message | Rejection:
    """Check one call. Raises BodyRefused for one so deep that it could not even be held."""
    try:
        return _message(item, index, envelope)
    except EventRefused as refusal:
        message_id = item.get("messageId") if isinstance(item, dict) else None
        whole = _whole(item, envelope) if isinstance(item, dict) else item
        return Rejection(
            index=index,
            message_id=_printable(message_id) if isinstance(message_id, str) else "",
            said=refusal.said,
            payload=kept(whole),
        )


def _whole(item: Mapping[str, Any], envelope: Envelope) -> dict[str, Any]:
    """The call with what its address and its batch said, so that it can be taken in again later:
    its type, the batch's context below its own, and our time where its own clock is wrong."""
    whole = {"type": envelope.kind, **item}
    own = item.get("context") or {}
    if envelope.context and isinstance(own, dict):
        whole["context"] = {**envelope.context, **own}
    with suppress(EventRefused):
        occurred_at, original = _occurred_at(item, envelope)
        if original:
            whole["timestamp"] = occurred_at.isoformat()
    return whole


def _printable(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text.replace("\0", "\ufffd"))[:256]


def _message(call: object, index: int, envelope: Envelope) -> Message:
    item, encoded = checked(call)
    said = encoded + envelope.context_json
    if len(said) > EVENT_BYTES:
        raise EventRefused(reasons.TOO_LARGE)
    kind = envelope.kind or item.get("type")
    if not isinstance(kind, str) or kind not in KINDS:
        raise EventRefused(reasons.UNKNOWN_TYPE)
    user_id = _identifier(item, "userId")
    anonymous_id = _identifier(item, "anonymousId")
    if user_id is None and anonymous_id is None:
        raise EventRefused(reasons.MISSING_IDENTITY)
    context = {**envelope.context, **_mapping(item, "context")}
    traits = _traits(item, context)
    occurred_at, original = _occurred_at(item, envelope)
    if original:
        context["original_timestamp"] = original
    properties = _properties(item, kind, traits)
    # Most events come from no address with tags: one look is cheaper than reading addresses.
    if b"utm_" in said.lower() and (campaign := campaign_of(context, properties)):
        context["campaign"] = campaign
    event = NewEvent(
        message_id=_message_id(item),
        kind=kind,
        name=_text(item, "event") if kind == "track" else _NAMES[kind],
        user_id=user_id,
        anonymous_id=anonymous_id,
        occurred_at=occurred_at,
        properties=properties,
        context=context,
    )
    previous_id = _identifier(item, "previousId") if kind == "alias" else None
    if kind == "alias" and (previous_id is None or user_id is None):
        raise EventRefused(reasons.MISSING_IDENTITY)
    return Message(
        index=index,
        event=event,
        traits=traits if kind == "identify" else {},
        previous_id=previous_id,
        call=item,
        may_hold_contact=may_hold_contact(said),
    )


def _traits(item: Mapping[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    """What the call says of the person, also by its context, which loses it."""
    by_context = context.pop("traits", None)
    traits = _mapping(item, "traits") or by_context or {}
    if not isinstance(traits, dict):
        raise EventRefused(reasons.INVALID_TRAITS)
    return traits


def _identifier(item: Mapping[str, Any], key: str) -> str | None:
    value = item.get(key)
    # SDKs send "" for "nobody yet". Blanks are something else: a broken id.
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise EventRefused(reasons.INVALID[key])
    name = value.strip() if value.isascii() else unicodedata.normalize("NFC", value).strip()
    if not 0 < len(name) <= 256 or _CONTROL.search(name) or _holds_invisible(name):
        raise EventRefused(reasons.INVALID[key])
    # Programs write so where they know nobody; taken as a name, it would make one of many people.
    if name.lower() in _NOBODY:
        raise EventRefused(reasons.NAMES_NOBODY)
    return name


def _holds_invisible(name: str) -> bool:
    """What cannot be seen would make one person two, as in a file's customer number."""
    return not name.isascii() and any(unicodedata.category(letter) == "Cf" for letter in name)


def _message_id(item: Mapping[str, Any]) -> str:
    value = item.get("messageId")
    if value is None or value == "":
        return f"touchstone-{uuid.uuid4()}"
    if not isinstance(value, str) or len(value) > 256 or value.isspace():
        raise EventRefused(reasons.INVALID["messageId"])
    return value


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    text = value.strip() if isinstance(value, str) else ""
    if not 0 < len(text) <= 256:
        raise EventRefused(reasons.INVALID[key])
    return text


def _mapping(item: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = item.get(key)
    # PHP writes an empty object as an empty list.
    if value is None or value == []:
        return {}
    if not isinstance(value, dict):
        raise EventRefused(reasons.INVALID[key])
    return dict(value)


def _properties(item: Mapping[str, Any], kind: str, traits: Mapping[str, Any]) -> dict[str, Any]:
    match kind:
        case "page" | "screen":
            named = {key: item[key] for key in ("name", "category") if item.get(key) is not None}
            return {**named, **_mapping(item, "properties")}
        case "identify":
            return dict(traits)
        case "group":
            return {"group_id": _text(item, "groupId"), **traits}
        case "alias":
            return {"previous_id": item.get("previousId")}
        case _:
            return _mapping(item, "properties")


def _occurred_at(item: Mapping[str, Any], envelope: Envelope) -> tuple[datetime, str | None]:
    """The event's time on our clock, and the client's own words when they were changed.

    ``received_at - (sent_at - timestamp)``: a client's clock may be wrong, but it is wrong by the
    same amount in both of its times.
    """
    now = envelope.received_at
    told = _said(item.get("timestamp"), item.get("originalTimestamp"))
    if told is None:
        return now, None
    moment = _moment(told)
    sent = _said(item.get("sentAt"), envelope.sent_at)
    original = None
    if sent is not None and not envelope.is_import:
        skew = now - _moment(sent)
        original = str(told) if abs(skew) > _SKEW_TOLD else None
        try:
            moment += skew
        except OverflowError as error:
            raise EventRefused(reasons.INVALID_TIMESTAMP) from error
    oldest = OLDEST_IMPORTED if envelope.is_import else now - OLDEST_LIVE
    if moment < oldest:
        raise EventRefused(reasons.TOO_OLD)
    if moment > now + FUTURE_ALLOWED:
        return now, str(told)
    return moment, original


def _said(*times: object) -> object:
    """The first time that is said at all; clients send null and "" for none."""
    return next((one for one in times if one is not None and one != ""), None)


def _moment(value: object) -> datetime:
    text = value.strip().upper() if isinstance(value, str) else ""
    if not _MOMENT.fullmatch(text):
        raise EventRefused(reasons.INVALID_TIMESTAMP)
    try:
        moment = datetime.fromisoformat(text)
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return zoned.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise EventRefused(reasons.INVALID_TIMESTAMP) from error
