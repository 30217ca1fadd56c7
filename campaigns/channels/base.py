"""The shape of a vendor: frozen messages out, outcomes and receipts back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol, TypeAlias, runtime_checkable

# Codes of `Unavailable` that say the account is at fault, not the message:
# every further message would meet the same answer, so a breaker should open
# at once instead of counting up.
ACCOUNT_FAULTS: Final = frozenset({"tls", "unauthorised", "out_of_service", "sender_refused"})
# Code of `Refused` that says so as well: the account's address leads on to another one.
REDIRECT: Final = "redirect"


class Channel(StrEnum):
    """The media a touch can use."""

    SMS = "sms"
    PUSH = "push"
    EMAIL = "email"
    WECOM = "wecom"
    IN_APP = "in_app"
    TASK = "task"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountConfig:
    """One account at one vendor, as the tables store it.

    `secrets` never appear in a repr, so that a logged account tells nothing.
    `private_hosts` are the hosts inside the house that a webhook may name, by the
    installation's setting and not by the account's.
    """

    key: str
    vendor: str
    base_url: str
    secrets: Mapping[str, str] = field(repr=False, default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    private_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message with its content frozen.

    key: the client reference, 32 hex digits, the same on every attempt.
    address: e-mail address, phone number in E.164, or device token.
    content: by channel.  email: `subject`, `html`, `text`, `from`, and
        optionally `reply_to`, `unsubscribe_url`, `date` (ISO 8601; pass the
        touch's own time so that attempts are equal byte for byte).
        sms: `text`, optionally `signature`.  push: `title`, `body`,
        optionally `url`.  in_app: as push.  task: anything.
    """

    key: str
    address: str
    content: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The vendor said yes; `segments` is what it will charge for."""

    key: str
    provider_id: str
    segments: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Not sent, for ever: the message or the address is at fault.

    is_address_dead: nobody has this address, so that no other message would arrive either.
    has_opted_out: its owner told the vendor or his operator that he wants none.
    """

    key: str
    code: str
    message: str
    is_address_dead: bool = False
    has_opted_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """Proved unsent; the same message may be tried again, not before `retry_after`.

    is_recipients: this one address has had its fill; the vendor works, and its others may be
        written to.
    """

    key: str
    code: str
    message: str
    retry_after: timedelta | None = None
    is_recipients: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """May or may not have been sent.  Ask with `find`; never resend blindly.

    `is_unlisted`: the vendor gave a code that it never documented, and may give it to everybody.
    """

    key: str
    code: str
    message: str
    is_unlisted: bool = False


Outcome: TypeAlias = Accepted | Refused | Unavailable | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The vendor accepted a message with this key."""

    provider_id: str
    accepted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The vendor knows no such key; proof only once `Limits.settle` has passed."""


class ReceiptKind(StrEnum):
    """What a vendor reports about a message afterwards."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    # Bounced for good: no such mailbox, number or device.
    UNDELIVERABLE = "undeliverable"
    FAILED = "failed"
    OPENED = "opened"
    CLICKED = "clicked"
    COMPLAINED = "complained"
    REPLIED = "replied"
    UNSUBSCRIBED = "unsubscribed"
    DISMISSED = "dismissed"  # the customer put an in-app message away
    # One item of a signed array that cannot be read: kept, with the reason in
    # `detail`, so that its neighbours are not lost with it.
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One report, verified.  `detail` is the bounce reason, the link or the reply's text.

    `address` is who replied, in the form of `Outgoing.address`, where a vendor
    names the person and not the message: it is personal data.
    """

    provider_event_id: str
    key: str | None
    provider_id: str | None
    kind: ReceiptKind
    at: datetime
    detail: str
    address: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an account can bear and what it promises.

    batch_max: messages in one `send`.
    concurrency: requests or connections `send` holds open at once.
    honours_key: the vendor drops a second message with the same key.
    can_find: `find` can ask about a key.
    settle: how long after an attempt "absent" proves that it was not sent.
    per_request: messages that travel in one request.
    reports_by_id: receipts name the vendor's own id and not our key.
    """

    batch_max: int
    concurrency: int
    honours_key: bool
    can_find: bool
    settle: timedelta
    per_request: int = 1
    reports_by_id: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What a vendor wants to read at our receipts door before it calls a post taken."""

    content_type: str
    body: bytes


@runtime_checkable
class Acknowledged(Protocol):
    """A provider whose vendor repeats a post until it reads its own words."""

    acknowledgement: Acknowledgement


@runtime_checkable
class Listening(Protocol):
    """A provider whose vendor reports on a connection that we hold open."""

    async def listen(self) -> None:
        """Hold it open from now on; raises ChannelError where that fails."""
        ...


class Provider(Protocol):
    """One account at one vendor, ready to send."""

    @property
    def name(self) -> str:
        """The vendor's name in the registry."""
        ...

    @property
    def channel(self) -> Channel:
        """The medium it serves."""
        ...

    @property
    def limits(self) -> Limits:
        """What it can bear and promises."""
        ...

    async def send(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        """Hand over at most `limits.batch_max` messages; one outcome each, in any order.

        Trouble on the network is an outcome, never an exception.
        """
        ...

    async def find(self, keys: Sequence[str]) -> dict[str, Found | Absent]:
        """Ask which keys were accepted; raises ChannelError when it cannot be asked now."""
        ...

    def read_receipts(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> list[Receipt]:
        """Verify the signature on the raw bytes, then read.

        Raises BadSignature, StaleReceipt or MalformedReceipt.
        """
        ...

    async def aclose(self) -> None:
        """Close kept connections."""
        ...
