"""The closed sets of floor 1, each member with its meaning."""

from enum import StrEnum
from typing import Final

# Columns that say whether a customer is approached at all; compliance alone reads them.
HOLDS: Final = frozenset({"aml_hold", "internal_hold"})


class CustomerStatus(StrEnum):
    ACTIVE = "active"  # a customer like any other
    RESTRICTED = "restricted"  # kept for a retention duty; in no segment, model or export
    ERASED = "erased"  # identity destroyed
    MERGED = "merged"  # the same person as another customer, under whom everything stands now


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
    PENDING = "pending"  # asked for; counts once confirmed by the link of a double opt-in
    WITHDRAWN = "withdrawn"
    VOID = "void"  # as if nothing had been said: the merge that brought the word was undone


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


class TagSource(StrEnum):
    """Where a tag, or a value kept like one, comes from."""

    FILE = "file"
    API = "api"
    RULE = "rule"  # the rule of a segment, followed live
    STATISTIC = "statistic"  # counted out of what is kept of the customer
    MODEL = "model"


class Moved(StrEnum):
    """What a merge took from one customer to another."""

    IDENTITY = "identity"
    EVENT = "event"
    TAGGING = "tagging"
    ASSESSMENT = "assessment"
    CUSTOMER = "customer"  # who had been merged into the one that is merged now


class Doubt(StrEnum):
    """Why a merge needs a person."""

    ASKED = "asked"  # somebody of the staff proposed it
    TWO_NUMBERS = "two_numbers"  # two of them have a number of the institution
    CONTRADICTION = "contradiction"  # dates of birth or genders differ
    TOO_MANY = "too_many"  # more would stand as one than the rule allows


class ProposalState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


class ChangeKind(StrEnum):
    """What about a customer changed."""

    EVENT = "event"
    FIELD = "field"
    TAG = "tag"
    WHO = "who"  # whether he is an active customer at all


class AccountKind(StrEnum):
    CASH = "cash"
    MARGIN = "margin"
    OPTION = "option"
    BANK = "bank"
    WEALTH = "wealth"


class AssetQuality(StrEnum):
    """How far a day's figures can be trusted."""

    OK = "ok"
    GAP_ESTIMATED = "gap_estimated"  # a missing day was bridged
    FLOW_UNMATCHED = "flow_unmatched"  # inflow, outflow and result do not explain the change
    SHORT_HISTORY = "short_history"  # fewer than 60 days
    NEG_BASE = "neg_base"  # nothing to measure a return by


class TradeSide(StrEnum):
    BUY = "buy"
    SELL = "sell"


class TradeStatus(StrEnum):
    FILLED = "filled"
    PARTIAL = "partial"
    CANCELLED = "cancelled"


class FlowKind(StrEnum):
    TRANSFER = "transfer"  # to or from a bank
    DIVIDEND = "dividend"
    INTEREST = "interest"
    FEE = "fee"
    OTHER = "other"


class ProductStatus(StrEnum):
    PLANNED = "planned"
    OPEN = "open"  # may be bought
    CLOSED = "closed"
    MATURED = "matured"


class Aspect(StrEnum):
    """The kinds of rules of quality, in the order they look at a file."""

    TYPES = "types"  # cells are what their columns say
    RANGES = "ranges"  # numbers and days lie where they can
    UNIQUENESS = "uniqueness"  # no row stands twice
    REFERENCES = "references"  # accounts, products and customers that are named exist
    FRESHNESS = "freshness"  # the newest day is not long ago
    COMPLETENESS = "completeness"  # cells are filled
    VOLUME = "volume"  # about as many rows as usual
    RECONCILIATION = "reconciliation"  # sums agree


class Outcome(StrEnum):
    PASSED = "passed"
    WARNED = "warned"  # beyond the limit of a rule that does not block
    FAILED = "failed"


class UploadState(StrEnum):
    """Of a file that a person brought by the console."""

    NEW = "new"  # here; nobody has said yet what is to become of it
    CHECKING = "checking"  # a worker tries it and writes nothing
    CHECKED = "checked"  # what would become of it is known
    LOADING = "loading"  # a worker imports it
    DONE = "done"  # imported, blocked or waiting: its import says which
    REFUSED = "refused"  # it cannot be read as was said
    EXPIRED = "expired"  # nobody started it in time


class RatingState(StrEnum):
    """Of the ratings of products that one file tells."""

    UNCLAIMED = "unclaimed"  # the file came by the command line: nobody has answered for it yet
    PENDING = "pending"  # somebody has; a second person is to say yes
    APPROVED = "approved"  # they count
    RETURNED = "returned"  # they never did
    REPLACED = "replaced"  # a newer file of the source came first


class KycLevel(StrEnum):
    """How thoroughly the institution has looked at a customer (FATF Recommendation 10)."""

    SIMPLIFIED = "simplified"
    STANDARD = "standard"
    ENHANCED = "enhanced"


class ActionKind(StrEnum):
    """What an issuer does that changes what holders have."""

    DIVIDEND = "dividend"  # cash by unit
    BONUS = "bonus"  # further units by unit
    SPLIT = "split"  # units after by units before; below one it is a consolidation
    RIGHTS = "rights"  # units that may be bought by unit
    MERGER = "merger"
    REDEMPTION = "redemption"


def choices(kind: type[StrEnum]) -> list[tuple[str, str]]:
    """The members of a closed set as a model's field takes them."""
    return [(member.value, member.value) for member in kind]


class Block(StrEnum):
    """What the open API tells of a customer, by part; a key may see parts or fields of them."""

    IDENTITY = "identity"  # masked
    ASSETS = "assets"
    RISK = "risk"
    PREFERENCE = "preference"
    BEHAVIOUR = "behaviour"
    TIMELINE = "timeline"
    CLEAR = "clear"  # identifiers in clear, one by one, each with a reason
    AUDIT = "audit"  # not about customers: who of the staff did what


BY_NAME_ONLY = frozenset({Block.CLEAR, Block.AUDIT})
"""What a key sees only if it was made for it."""

DEFAULT_FIELDS = tuple(block.value for block in Block if block not in BY_NAME_ONLY)
