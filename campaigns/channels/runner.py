"""One event loop per process, so that synchronous workers keep connections open.

The loop runs in a thread of its own: kept connections are looked after
between sends, and several threads may send at once.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import TypeVar

import uvloop

from campaigns.channels.base import AccountConfig, Provider
from campaigns.channels.registry import build_provider

Result = TypeVar("Result")

_LONGEST_SEND_SECONDS = 120.0


class Loop:
    """A loop in a daemon thread, and the providers whose connections live on it."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        self._guard = threading.Lock()
        self._providers: dict[str, tuple[AccountConfig, Provider]] = {}
        self._thread = threading.Thread(target=self._loop.run_forever, name="channels", daemon=True)
        self._thread.start()

    def submit(self, coroutine: Coroutine[object, object, Result]) -> Future[Result]:
        """Run on the loop; the caller waits, or cancels."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def run(self, coroutine: Coroutine[object, object, Result]) -> Result:
        """Run on the loop and wait for the result."""
        future = self.submit(coroutine)
        try:
            return future.result()
        except BaseException:
            # A worker told to stop must not leave a send going on behind it.
            future.cancel()
            raise

    def provider(self, config: AccountConfig) -> Provider:
        """Return the account's kept provider, built anew when the account has changed.

        Raises AccountInvalid.
        """
        with self._guard:
            kept = self._providers.get(config.key)
            if kept is not None and kept[0] == config:
                return kept[1]
            provider = build_provider(config)
            self._providers[config.key] = (config, provider)
        if kept is not None:
            asyncio.run_coroutine_threadsafe(_close_later(kept[1]), self._loop)
        return provider

    def close(self) -> None:
        """Close all connections and stop the thread."""
        with self._guard:
            providers = [provider for _, provider in self._providers.values()]
            self._providers.clear()
        for provider in providers:
            self.run(provider.aclose())
        self.run(_end_the_rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _close_later(provider: Provider) -> None:
    """Close a replaced provider once the sends under way on it have ended."""
    try:
        await asyncio.sleep(_LONGEST_SEND_SECONDS)
    finally:
        await provider.aclose()


async def _end_the_rest() -> None:
    """Let nothing be destroyed while it waits: its finaliser would run at any odd moment."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


_loops: dict[int, Loop] = {}
_loops_guard = threading.Lock()


def process_loop() -> Loop:
    """Return this process's loop, started on first use.

    After a fork the child gets a new one.  The parent's stays referenced and
    untouched: closing it would unregister the parent's sockets from the epoll
    set that both processes share.
    """
    pid = os.getpid()
    with _loops_guard:
        if pid not in _loops:
            _loops[pid] = Loop()
        return _loops[pid]


def close_process_loop() -> None:
    """Close this process's loop if it was started."""
    with _loops_guard:
        loop = _loops.pop(os.getpid(), None)
    if loop is not None:
        loop.close()


def _renew_guard() -> None:
    """Give the child a free lock: another thread may have held it while forking."""
    global _loops_guard
    _loops_guard = threading.Lock()


os.register_at_fork(after_in_child=_renew_guard)
