"""Delivery receipts: in the vendor's form, repeated until they are taken."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice, takewhile

import aiohttp

from campaigns.sandbox.forms import HOUSE, Form, Post
from campaigns.sandbox.ledger import Entry, Ledger

_MOST = 500
_PAUSE = 0.2  # seconds between posts to one account
_LONGEST_PAUSE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One receipt to be told; `seq` is 0 for those told by hand."""

    channel: str
    seq: int
    body: Mapping[str, object]
    form: Form = HOUSE


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
            # Neither address nor request is in the ledger; a restart reports delivery, our way.
            entry = Entry(
                channel=channel, seq=seq, account=account, key=key, address="", at=time.time()
            )
            self.report(entry, "delivered", form=HOUSE, facts={})
        ledger.unreported.clear()

    @property
    def pending(self) -> int:
        """Receipts not taken yet."""
        return sum(len(queue) for queue in self._queues.values())

    def report(self, entry: Entry, event: str, *, form: Form, facts: Mapping[str, str]) -> None:
        """Queue the receipt of one accept."""
        body = form.item(entry, event, facts)
        report = Report(channel=entry.channel, seq=entry.seq, body=body, form=form)
        self._put(entry.account, report)

    def tell(self, *, account: str, body: Mapping[str, object]) -> None:
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
            batch = _of_one_form(queue)
            taken = await self._tell(account, batch)
            failures = 0 if taken else min(failures + 1, 6)
            if taken:
                for _ in batch:
                    queue.popleft()
                self._note(account, batch)

    async def _tell(self, account: str, batch: list[Report]) -> bool:
        form = batch[0].form
        items = [report.body for report in batch]
        posts = form.posts(items, url=f"{self.url}/{account}/", secret=self.secret)
        return all([await self._post(form, post) for post in posts])

    async def _post(self, form: Form, post: Post) -> bool:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        try:
            async with self._session.post(
                post.url, data=post.body, headers=post.headers
            ) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.last_failure = str(error) or type(error).__name__
            return False
        taken = form.is_taken(response.status, body)
        if not taken:
            self.last_failure = f"HTTP {response.status}"
        return taken

    def _note(self, account: str, batch: list[Report]) -> None:
        channels = {report.channel for report in batch if report.seq}
        for channel in channels:
            seqs = [report.seq for report in batch if report.channel == channel]
            self._ledger.note_receipts(
                account=account, channel=channel, through=max(seqs), count=len(seqs)
            )


def _of_one_form(queue: deque[Report]) -> list[Report]:
    """The queue's head as far as one post can hold it."""
    form = queue[0].form
    return list(takewhile(lambda report: report.form is form, islice(queue, _MOST)))
