"""The closed sets of floor 1, each member with its meaning."""

from enum import StrEnum


class CustomerStatus(StrEnum):
    ACTIVE = "active"  # a customer like any other
    RESTRICTED = "restricted"  # kept for a retention duty; in no segment, model or export
    ERASED = "erased"  # identity destroyed


class IdentityKind(StrEnum):
    CUSTOMER_NO = "customer_no"  # the institution's own number; authoritative
    USER_ID = "user_id"  # a tracking client's userId
    ANONYMOUS_ID = "anonymous_id"  # a browser or app before it logs in
    PHONE = "phone"  # E.164
    EMAIL = "email"
    DEVICE = "device"  # push token
    OPENID = "openid"
    UNIONID = "unionid"


class Purpose(StrEnum):
    MARKETING = "marketing"
    SERVICE = "service"
    STATUTORY = "statutory"
    EDUCATION = "education"


class ConsentState(StrEnum):
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class AttributeType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


class KeyScope(StrEnum):
    INGEST = "ingest"  # a write key: may record events and nothing else
    READ = "read"
    MANAGE = "manage"
    INTERNAL = "internal"  # the product itself: links, receipts, file imports


class QuarantineState(StrEnum):
    HELD = "held"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


class PropertyType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATETIME = "datetime"  # ISO 8601, a date or a date and time
    LIST = "list"
    OBJECT = "object"


class UnknownEvents(StrEnum):
    """What becomes of a source's events that the tracking plan does not name."""

    STORE = "store"
    QUARANTINE = "quarantine"


class QuarantineAct(StrEnum):
    REPLAY = "replay"
    DISCARD = "discard"


class EventKind(StrEnum):
    TRACK = "track"
    IDENTIFY = "identify"
    PAGE = "page"
    SCREEN = "screen"
    GROUP = "group"
    ALIAS = "alias"
