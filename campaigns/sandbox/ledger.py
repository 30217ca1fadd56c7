"""The ledger: one JSON line for every accept, written before the answer.

Lines are `accept`, `fault` (for reconciliation), `receipts` (how far delivery
receipts were taken) and `replay` (a repeated key under --dedupe).  An existing
file is read back at start, so that a killed sandbox forgets nothing.
"""

import hashlib
import os
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import orjson

from campaigns.sandbox.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One accept.  `seq` counts within the channel from 1."""

    channel: str
    seq: int
    account: str
    key: str
    address: str
    at: float  # seconds since 1970

    @property
    def provider_id(self) -> str:
        """The id the vendor gives: unique over the ledger's life."""
        return f"{self.channel}-{self.seq}"


@dataclass(slots=True)
class ChannelBook:
    """What is known of one channel: the first accept of each key, and all times."""

    first_seq: dict[str, int] = field(default_factory=dict)
    times: "array[float]" = field(default_factory=lambda: array("d"))
    delivered: int = 0

    @property
    def accepted(self) -> int:
        """Accepts, doubles included."""
        return len(self.times)


class Ledger:
    """The file, and the counts over it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.books: dict[str, ChannelBook] = {}
        self.faults: dict[str, int] = {}
        self.replays = 0
        self.receipts_through: dict[str, int] = {}
        self.unreported: list[tuple[str, str, int, str]] = []
        if path.exists():
            self._reload()
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def accept(
        self, *, channel: str, account: str, key: str, address: str, content_sha256: str
    ) -> Entry:
        """Record one accept; it is in the file when this returns."""
        at = datetime.now(UTC).timestamp()
        book = self.books.setdefault(channel, ChannelBook())
        entry = Entry(
            channel=channel,
            seq=book.accepted + 1,
            account=account,
            key=key,
            address=address,
            at=at,
        )
        digest = hashlib.sha256(address.encode("utf-8", "replace")).hexdigest()
        self._write(
            {
                "type": "accept",
                "channel": channel,
                "seq": entry.seq,
                "key": key,
                "account": account,
                "address_sha256": digest,
                "content_sha256": content_sha256,
                "at": at,
            }
        )
        book.first_seq.setdefault(key, entry.seq)
        book.times.append(at)
        return entry

    def note_fault(
        self,
        *,
        channel: str,
        fault: Fault,
        keys: Sequence[str],
        contents_sha256: Sequence[str] = (),
    ) -> None:
        """Record that these keys met a fault, each with the content that came with it."""
        self.faults[fault.value] = self.faults.get(fault.value, 0) + 1
        now = datetime.now(UTC).timestamp()
        told = {"channel": channel, "fault": fault, "keys": keys, "at": now}
        self._write({"type": "fault", **told, "contents_sha256": contents_sha256})

    def note_replay(self, *, channel: str, key: str, content_sha256: str) -> None:
        """Record that a key already accepted was answered from the book."""
        self.replays += 1
        told = {"channel": channel, "key": key, "content_sha256": content_sha256}
        self._write({"type": "replay", **told})

    def note_receipts(self, *, account: str, channel: str, through: int, count: int) -> None:
        """Record that receipts of the account up to this accept were taken."""
        book = self.books.setdefault(channel, ChannelBook())
        book.delivered += count
        line = {"account": account, "channel": channel, "through": through, "count": count}
        self._write({"type": "receipts", **line})

    def find(self, *, channel: str, key: str) -> tuple[str, datetime] | None:
        """Return provider id and time of the key's first accept."""
        book = self.books.get(channel)
        seq = book.first_seq.get(key) if book else None
        if book is None or seq is None:
            return None
        return f"{channel}-{seq}", datetime.fromtimestamp(book.times[seq - 1], UTC)

    def counts(self) -> dict[str, object]:
        """Return accepts, distinct keys and doubles, in all and by channel."""
        by_channel = {name: _count(book) for name, book in sorted(self.books.items())}
        totals = {
            name: sum(counts[name] for counts in by_channel.values())
            for name in ("accepted", "distinct_keys", "duplicates", "receipts_delivered")
        }
        return {**totals, "by_channel": by_channel, "faults": self.faults, "replays": self.replays}

    def flush(self) -> None:
        """Force the file to the disk."""
        os.fsync(self._file)

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        os.close(self._file)

    def _write(self, line: dict[str, object]) -> None:
        # One write call a line with O_APPEND: whole lines survive a kill -9.
        os.write(self._file, orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def _reload(self) -> None:
        accepts: list[tuple[str, str, int, str]] = []
        through: dict[tuple[str, str], int] = {}
        for line in _lines(self.path):
            match line:
                case {"type": "accept", "channel": str(channel), "key": str(key)}:
                    book = self.books.setdefault(channel, ChannelBook())
                    book.times.append(float(str(line["at"])))
                    book.first_seq.setdefault(key, book.accepted)
                    accepts.append((str(line["account"]), channel, book.accepted, key))
                case {"type": "receipts", "channel": str(channel), "account": str(account)}:
                    through[account, channel] = int(str(line["through"]))
                    book = self.books.setdefault(channel, ChannelBook())
                    book.delivered += int(str(line["count"]))
                case {"type": "fault", "fault": str(fault)}:
                    self.faults[fault] = self.faults.get(fault, 0) + 1
                case {"type": "replay"}:
                    self.replays += 1
                case _:
                    continue
        self.unreported = [one for one in accepts if one[2] > through.get((one[0], one[1]), 0)]


def _count(book: ChannelBook) -> dict[str, int]:
    return {
        "accepted": book.accepted,
        "distinct_keys": len(book.first_seq),
        "duplicates": book.accepted - len(book.first_seq),
        "receipts_delivered": book.delivered,
    }


def _lines(path: Path) -> Iterator[dict[str, object]]:
    with path.open("rb") as file:
        for raw in file:
            # A torn last line was never answered for: its client saw no accept.
            if raw.endswith(b"\n"):
                yield orjson.loads(raw)
