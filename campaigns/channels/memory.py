"""The double: a provider that records what it is given and answers as scripted.

It is not in the registry, so no account can point at it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from campaigns.channels.base import (
    Absent,
    Accepted,
    AccountConfig,
    Channel,
    Found,
    Limits,
    Outcome,
    Outgoing,
    Receipt,
)
from campaigns.channels.receipts import read_signed_receipts

Script = Callable[[Outgoing], Outcome]


def accept(message: Outgoing) -> Outcome:
    """Accept under an id made from the key."""
    return Accepted(key=message.key, provider_id=f"memory-{message.key}")


class MemoryProvider:
    """Records every message in `sent`, and answers by `script(message)`."""

    name = "memory"

    def __init__(
        self,
        channel: Channel,
        *,
        script: Script = accept,
        limits: Limits | None = None,
        receipt_secret: str = "",
    ) -> None:
        self.channel = channel
        self.script = script
        self.sent: list[Outgoing] = []
        self.accepted: dict[str, Found] = {}
        self.limits = limits or Limits(
            batch_max=500,
            concurrency=1,
            honours_key=False,
            can_find=True,
            settle=timedelta(0),
            per_request=500,
        )
        self._config = AccountConfig(
            key="memory",
            vendor="memory",
            base_url="memory:",
            secrets={"receipt_secret": receipt_secret or "memory"},
        )

    async def send(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        """Record the batch and answer by the script."""
        outcomes = [self.script(message) for message in batch]
        self.sent.extend(batch)
        for outcome in outcomes:
            if isinstance(outcome, Accepted):
                found = Found(provider_id=outcome.provider_id, accepted_at=datetime.now(UTC))
                self.accepted[outcome.key] = found
        return outcomes

    async def find(self, keys: Sequence[str]) -> dict[str, Found | Absent]:
        """Return what stands in `accepted`, where a test may add what a script lost."""
        return {key: self.accepted.get(key, Absent()) for key in keys}

    def read_receipts(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> list[Receipt]:
        """Read receipts signed with `receipt_secret`, "memory" unless given."""
        return read_signed_receipts(config=self._config, headers=headers, body=body, now=now)

    async def aclose(self) -> None:
        """Hold nothing open."""
