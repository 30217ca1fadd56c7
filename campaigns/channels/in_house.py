"""Channels that end inside the house: the row that the recorder writes is the hand-over.

Nothing leaves, so handing over always succeeds and counts once; receipts come from our own pages
and APIs, not from a vendor's posts.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from campaigns.channels.base import (
    Absent,
    Accepted,
    Channel,
    Found,
    Limits,
    Outcome,
    Outgoing,
    Receipt,
)
from campaigns.channels.errors import BadSignature, LookupUnavailable


class InHouse:
    """Accepts every message under its own key."""

    limits = Limits(
        batch_max=500,
        concurrency=1,
        honours_key=True,
        can_find=False,
        settle=timedelta(0),
        per_request=500,
    )

    def __init__(self, *, name: str, channel: Channel) -> None:
        self.name = name
        self.channel = channel

    async def send(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        """Accept at once; the recorder's row makes it true."""
        return [Accepted(key=message.key, provider_id=message.key) for message in batch]

    async def find(self, keys: Sequence[str]) -> dict[str, Found | Absent]:
        """Refuse: the rows themselves tell."""
        raise LookupUnavailable(f"{self.name} is read from its own rows", code="no_lookup")

    def read_receipts(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> list[Receipt]:
        """Refuse: nobody outside has anything to report."""
        raise BadSignature(f"{self.name} takes no receipts")

    async def aclose(self) -> None:
        """Hold nothing open."""
