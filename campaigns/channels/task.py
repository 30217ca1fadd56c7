"""`workbench`: the advisor's task list, which is in the house.

Nothing leaves: the task's row is written by whoever records the outcome, in
the same transaction, so handing over always succeeds and counts once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

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
from campaigns.channels.errors import BadSignature, LookupUnavailable


class Workbench:
    """Accepts every task under its own key."""

    name = "workbench"
    channel = Channel.TASK
    limits = Limits(
        batch_max=500,
        concurrency=1,
        honours_key=True,
        can_find=False,
        settle=timedelta(0),
        per_request=500,
    )

    async def send(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        """Accept at once; the recorder's row makes it true."""
        return [Accepted(key=message.key, provider_id=message.key) for message in batch]

    async def find(self, keys: Sequence[str]) -> dict[str, Found | Absent]:
        """Refuse: the task rows themselves tell."""
        raise LookupUnavailable("the workbench is read from its own rows", code="no_lookup")

    def read_receipts(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> list[Receipt]:
        """Refuse: advisors report through the workbench page, not through receipts."""
        raise BadSignature("the workbench takes no receipts")

    async def aclose(self) -> None:
        """Hold nothing open."""


def build(_config: AccountConfig) -> Workbench:
    """Build a provider; it needs neither options nor secrets."""
    return Workbench()
