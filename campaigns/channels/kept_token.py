"""An access token that a vendor gives for a while: fetched once, used by all, renewed in time."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

_MARGIN = 60.0  # seconds before its end when a new one is fetched


class KeptToken(ABC):
    """One token of one account in this process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._token = ""
        self._renew_at = 0.0  # monotonic seconds
        self._renewing = asyncio.Lock()

    async def token(self) -> str:
        """Return a token valid now.  Raises RequestUnsent: nothing was sent without one."""
        if self._clock() < self._renew_at:
            return self._token
        async with self._renewing:
            # Looked at again: another sender may have renewed it meanwhile.
            if self._clock() >= self._renew_at:
                self._token, lifetime = await self._fetch()
                self._renew_at = self._clock() + max(1.0, lifetime - _MARGIN)
            return self._token

    def forget(self, token: str) -> None:
        """Drop a token the vendor has refused, unless it was renewed meanwhile."""
        if token == self._token:
            self._renew_at = 0.0

    @abstractmethod
    async def _fetch(self) -> tuple[str, int]:
        """Return a new token and its lifetime in seconds.  Raises RequestUnsent."""
