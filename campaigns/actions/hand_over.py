"""Send prepared touches while the lease holds, and ask about the ambiguous ones.

Everything here runs on the channels' event loop; the worker's own thread prepares the next batch
meanwhile (`campaigns.actions.dispatch`).
"""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from campaigns.actions.gateway import Gateway, gateway_of
from campaigns.actions.lease import Lease, Watch
from campaigns.actions.outcomes import (
    ASK_AGAIN,
    Result,
    ambiguous,
    judge_answer,
    judge_outcome,
    untried,
)
from campaigns.actions.prepare import Prepared
from campaigns.channels.base import Outgoing, Provider
from campaigns.channels.errors import ChannelError
from campaigns.channels.fan_out import fan_out
from campaigns.channels.runner import process_loop
from campaigns.failpoints import reach
from campaigns.states import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast: nothing before ``wait`` seconds have passed, then ``per_second`` messages."""

    wait: float = 0.0
    per_second: float | None = None


class _Pacer:
    """Lets requests pass one after the other at a pace.

    What a stall held up is not made up for: a burst would exceed the rate. A request is one, too:
    it holds no more than a second's messages.
    """

    def __init__(self, pace: Pace, started: float) -> None:
        self._per_second, self._next = pace.per_second, started + pace.wait
        self._turn = asyncio.Lock()
        self._is_free = not pace.per_second and not pace.wait

    def most_in_one(self, per_request: int) -> int:
        """How many messages may travel in one request."""
        if self._per_second is None:
            return per_request
        return min(per_request, max(1, int(self._per_second)))

    async def pass_on(self, messages: int) -> None:
        """Wait until this many messages may go."""
        if self._is_free:
            return
        async with self._turn:
            delay = self._next - time.monotonic()
            if delay > 0:
                await asyncio.sleep(delay)
            if self._per_second:
                self._next = time.monotonic() + messages / self._per_second


def start_sending(
    prepared: Prepared, provider: Provider, lease: Lease, watch: Watch, pace: Pace
) -> Future[list[Result]]:
    """Send every prepared message and ask every question; what was not tried is deferred."""
    sending = _Sending(
        prepared=prepared,
        provider=provider,
        gateway=gateway_of(provider),
        lease=lease,
        watch=watch,
        pacer=_Pacer(pace, watch.started),
    )
    return process_loop().submit(sending.run())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    prepared: Prepared
    provider: Provider
    gateway: Gateway
    lease: Lease
    watch: Watch
    pacer: _Pacer

    async def run(self) -> list[Result]:
        limits, messages = self.provider.limits, self.prepared.outgoing
        size = self.pacer.most_in_one(limits.per_request)
        requests = [messages[start : start + size] for start in range(0, len(messages), size)]
        answers = await fan_out(items=requests, act=self._request, concurrency=limits.concurrency)
        asked = await self._ask(self.prepared.to_ask)
        return [result for answer in answers for result in answer] + asked

    async def _request(self, messages: Sequence[Outgoing]) -> list[Result]:
        """Those that travel together."""
        await self.pacer.pass_on(len(messages))
        async with self.gateway.lanes:
            if reason := self._reason_not_to():
                return [untried(m.key, self.watch.at(), reason) for m in messages]
            reach("dispatch.sending")
            outcomes = await self.provider.send(messages)
            reach("dispatch.sent")
            self.gateway.note(outcomes)
        at, limits = self.watch.at(), self.provider.limits
        earlier = self.prepared.attempts
        return [
            judge_outcome(outcome, earlier=earlier[outcome.key], limits=limits, at=at)
            for outcome in outcomes
        ]

    def _reason_not_to(self) -> Reason | None:
        if self.gateway.trip:
            return Reason.BREAKER_OPEN
        return None if self.lease.holds() else Reason.NOT_TRIED

    async def _ask(self, keys: Sequence[str]) -> list[Result]:
        """What became of the ambiguous ones, now that "not found" proves something."""
        if not keys:
            return []
        try:
            answers = await self.provider.find(keys)
        except ChannelError as error:
            return [ambiguous(key, ASK_AGAIN, self.watch.at(), error.code) for key in keys]
        return [judge_answer(key, answers.get(key), self.watch.at()) for key in keys]
