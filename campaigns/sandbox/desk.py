"""The desk where every channel hands in: ledger, inbox and receipt in one act."""

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from campaigns.sandbox.courier import Courier
from campaigns.sandbox.faults import Fault, Faults, named_fault
from campaigns.sandbox.forms import HOUSE, Form
from campaigns.sandbox.inbox import Inbox
from campaigns.sandbox.ledger import Ledger

_BOUNCING = re.compile(r"\bbounce\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message a client hands in.

    `form` is how its vendor reports over HTTP, with `facts` of the request it needs; None where
    the vendor reports otherwise.
    """

    channel: str
    account: str
    key: str
    address: str
    content: Mapping[str, str]
    form: Form | None = HOUSE
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def content_sha256(self) -> str:
        """What tells whether two attempts brought the same content."""
        text = orjson.dumps(dict(self.content), option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(text).hexdigest()


class Desk:
    """What all protocols of the sandbox share."""

    def __init__(self, *, ledger: Ledger, courier: Courier, faults: Faults, dedupe: bool) -> None:
        self.ledger = ledger
        self.courier = courier
        self.faults = faults
        self._dedupe = dedupe
        self._inboxes: dict[str, Inbox] = {}
        self._late_serial = 0
        self._late_arrivals: dict[int, Sequence[Arrival]] = {}

    def accept(self, arrival: Arrival) -> str:
        """Record one message and return its provider id."""
        channel, key = arrival.channel, arrival.key
        known = self.ledger.find(channel=channel, key=key) if self._dedupe else None
        if known is not None:
            self.ledger.note_replay(channel=channel, key=key, content_sha256=arrival.content_sha256)
            return known[0]
        entry = self.ledger.accept(
            channel=channel,
            account=arrival.account,
            key=key,
            address=arrival.address,
            content_sha256=arrival.content_sha256,
        )
        self.inbox(channel).add(entry, dict(arrival.content))
        if arrival.form is not None:
            event = "bounced" if _BOUNCING.search(arrival.address) else "delivered"
            self.courier.report(entry, event, form=arrival.form, facts=arrival.facts)
        return entry.provider_id

    def accept_late(self, arrivals: Sequence[Arrival]) -> None:
        """Record messages some seconds from now, whose client has been cut off."""
        loop = asyncio.get_running_loop()
        self._late_serial += 1
        seconds = self.faults.late_seconds()
        loop.call_later(seconds, self._arrive, self._late_serial)
        self._late_arrivals[self._late_serial] = arrivals

    def pick_fault(self, arrivals: Sequence[Arrival]) -> Fault | None:
        """Return the fault of this request, drawn or asked for, and note it.

        Refusals are a matter of single messages: see `refuses`.
        """
        asked = (self.faults.asked_for(address=a.address, key=a.key) for a in arrivals)
        # A list, so that every key is struck, not only those up to the first hit.
        fault = next(filter(None, list(asked)), None) or self.faults.draw()
        if fault is not None:
            self._note_fault(fault, arrivals)
        return fault

    def refuses(self, arrival: Arrival) -> bool:
        """Return whether this message is refused for ever, and note it."""
        if named_fault(arrival.address) is Fault.REFUSE or self.faults.draw_refusal():
            self._note_fault(Fault.REFUSE, [arrival])
            return True
        return False

    def inbox(self, channel: str) -> Inbox:
        """Return the channel's inbox, beside the ledger's file."""
        if channel not in self._inboxes:
            path = self.ledger.path
            self._inboxes[channel] = Inbox(Path(f"{path.with_suffix('')}.{channel}.jsonl"))
        return self._inboxes[channel]

    @property
    def late_pending(self) -> int:
        """Messages that will be recorded later."""
        return sum(len(arrivals) for arrivals in self._late_arrivals.values())

    def settle(self) -> None:
        """Record all late messages now."""
        for serial in list(self._late_arrivals):
            self._arrive(serial)

    def close(self) -> None:
        """Record what is late and close the files."""
        self.settle()
        for inbox in self._inboxes.values():
            inbox.close()
        self.ledger.close()

    def _note_fault(self, fault: Fault, arrivals: Sequence[Arrival]) -> None:
        self.ledger.note_fault(
            channel=arrivals[0].channel,
            fault=fault,
            keys=[arrival.key for arrival in arrivals],
            contents_sha256=[arrival.content_sha256 for arrival in arrivals],
        )

    def _arrive(self, serial: int) -> None:
        # Empty when `settle` came before the timer.
        for arrival in self._late_arrivals.pop(serial, ()):
            self.accept(arrival)
