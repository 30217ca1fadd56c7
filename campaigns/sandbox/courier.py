"""Delivery receipts: signed, in arrays, repeated until they are taken."""

import asyncio
import hashlib
import hmac
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
import orjson

from campaigns.sandbox.ledger import Entry, Ledger

_MOST = 500
_PAUSE = 0.2  # seconds between posts to one account
_LONGEST_PAUSE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One receipt to be told; `seq` is 0 for those told by hand."""

    channel: str
    seq: int
    body: Mapping[str, str]


class Courier:
    """Posts receipts to `{url}/{account}/`, one post at a time for each account."""

    def __init__(self, *, ledger: Ledger, url: str, secret: str) -> None:
        self._ledger = ledger
        self._queues: dict[str, deque[Report]] = {}
        self._rounds: dict[str, asyncio.Task[None]] = {}
        self._session: aiohttp.ClientSession | None = None
        self.url = url.rstrip("/")
        self.secret = secret
        self.last_failure = ""
        for account, channel, seq, key in ledger.unreported:
            # The bounce of an address is not in the ledger; a restart reports delivery.
            self._put(account, _delivery(channel, seq, key, "delivered", time.time()))
        ledger.unreported.clear()

    @property
    def pending(self) -> int:
        """Receipts not taken yet."""
        return sum(len(queue) for queue in self._queues.values())

    def report(self, entry: Entry, event: str) -> None:
        """Queue the receipt of one accept."""
        self._put(entry.account, _delivery(entry.channel, entry.seq, entry.key, event, entry.at))

    def tell(self, *, account: str, body: Mapping[str, str]) -> None:
        """Queue a receipt made by hand."""
        self._put(account, Report(channel="", seq=0, body=body))

    def start(self) -> None:
        """Start rounds for what was queued before the loop ran."""
        for account in self._queues:
            self._start_round(account)

    async def drain(self, *, within: float) -> None:
        """Wait until nothing is pending, at most `within` seconds."""
        until = time.monotonic() + within
        while self.url and self.pending and time.monotonic() < until:
            await asyncio.sleep(0.02)

    async def aclose(self) -> None:
        """Stop the rounds; what is pending stays in the ledger."""
        for task in self._rounds.values():
            task.cancel()
        await asyncio.gather(*self._rounds.values(), return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _put(self, account: str, report: Report) -> None:
        queue = self._queues.get(account)
        if queue is None:
            queue = self._queues[account] = deque()
        queue.append(report)
        if account not in self._rounds:
            self._start_round(account)

    def _start_round(self, account: str) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # read back from the ledger before the loop runs: start() follows
        if account not in self._rounds:
            self._rounds[account] = loop.create_task(self._go_round(account))

    async def _go_round(self, account: str) -> None:
        queue = self._queues[account]
        failures = 0
        while True:
            ready = len(queue) >= _MOST and bool(self.url) and not failures
            # Even a full queue gives way once, so that posting starves nobody.
            await asyncio.sleep(0 if ready else min(_PAUSE * 2**failures, _LONGEST_PAUSE))
            if not queue or not self.url:
                continue
            batch = [queue[place] for place in range(min(len(queue), _MOST))]
            taken = await self._post(account, batch)
            failures = 0 if taken else min(failures + 1, 6)
            if taken:
                for _ in batch:
                    queue.popleft()
                self._note(account, batch)

    async def _post(self, account: str, batch: list[Report]) -> bool:
        body = orjson.dumps([report.body for report in batch])
        stamp = str(int(time.time()))
        mac = hmac.new(self.secret.encode(), stamp.encode() + b"." + body, hashlib.sha256)
        headers = {
            "Content-Type": "application/json",
            "X-Receipt-Timestamp": stamp,
            "X-Receipt-Signature": mac.hexdigest(),
        }
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        try:
            async with self._session.post(
                f"{self.url}/{account}/", data=body, headers=headers
            ) as response:
                await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.last_failure = str(error) or type(error).__name__
            return False
        if response.status // 100 != 2:
            self.last_failure = f"HTTP {response.status}"
            return False
        return True

    def _note(self, account: str, batch: list[Report]) -> None:
        channels = {report.channel for report in batch if report.seq}
        for channel in channels:
            seqs = [report.seq for report in batch if report.channel == channel]
            self._ledger.note_receipts(
                account=account, channel=channel, through=max(seqs), count=len(seqs)
            )


def _delivery(channel: str, seq: int, key: str, event: str, at: float) -> Report:
    provider_id = f"{channel}-{seq}"
    body = {
        "id": f"{provider_id}-{event}",
        "key": key,
        "provider_id": provider_id,
        "event": event,
        "at": datetime.fromtimestamp(at, UTC).isoformat(),
        "detail": "550 5.1.1 no such mailbox" if event == "bounced" else "",
    }
    return Report(channel=channel, seq=seq, body=body)
