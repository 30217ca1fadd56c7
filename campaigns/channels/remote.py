"""What every vendor beyond the network has alike; its own file says only what is its own."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.channels import accounts
from campaigns.channels.base import (
    Absent,
    AccountConfig,
    Found,
    Limits,
    Outcome,
    Outgoing,
    Receipt,
)
from campaigns.channels.fan_out import fan_out
from campaigns.channels.http import Http
from campaigns.channels.lookup import Lookup, NoLookup, build_lookup
from campaigns.channels.receipts import read_signed_receipts


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """How an account reaches its vendor: what it can bear, kept connections, whom to ask."""

    limits: Limits
    http: Http
    lookup: Lookup | NoLookup


def wire(
    config: AccountConfig,
    *,
    concurrency: int,
    most: int,
    settle: int,
    batch_max: int = 500,
    per_request: int = 1,
    honours_key: bool = False,
    reports_by_id: bool = False,
    private_hosts: Collection[str] | None = None,
) -> Wiring:
    """Read the options that all of them know; nothing is opened yet.

    options: `concurrency` (by default the argument, at most `most`), `deadline_seconds` (10),
    `settle_seconds` (by default `settle`), `lookup_url` with the secret `lookup_secret`.
    Raises AccountInvalid.
    """
    lanes = accounts.whole_option(config, "concurrency", concurrency, least=1, most=most)
    http = Http(
        concurrency=lanes,
        deadline=accounts.seconds_option(config, "deadline_seconds", 10),
        private_hosts=private_hosts,
    )
    limits = Limits(
        batch_max=batch_max,
        concurrency=lanes,
        honours_key=honours_key,
        can_find=bool(config.options.get("lookup_url")),
        settle=accounts.seconds_option(config, "settle_seconds", settle),
        per_request=per_request,
        reports_by_id=reports_by_id,
    )
    return Wiring(limits=limits, http=http, lookup=build_lookup(config, http))


class Remote:
    """An account at a vendor that is asked through a relay and reports in our own form."""

    def __init__(self, config: AccountConfig, wiring: Wiring) -> None:
        self.limits = wiring.limits
        self._config = config
        self._http = wiring.http
        self._lookup = wiring.lookup

    async def find(self, keys: Sequence[str]) -> dict[str, Found | Absent]:
        """Ask the relay named by `lookup_url`: no vendor can be asked by our key alone."""
        return await self._lookup.find(keys)

    def read_receipts(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> list[Receipt]:
        """Read signed receipts that an app or a relay reports in our own form."""
        return read_signed_receipts(config=self._config, headers=headers, body=body, now=now)

    async def aclose(self) -> None:
        """Close kept connections."""
        await self._http.aclose()


class OneByOne(Remote, ABC):
    """A vendor that takes one message a request."""

    async def send(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        """Hand over the messages one by one, `limits.concurrency` of them at once."""
        return await fan_out(items=batch, act=self._send_one, concurrency=self.limits.concurrency)

    @abstractmethod
    async def _send_one(self, message: Outgoing) -> Outcome:
        """Hand over one message; trouble on the network is an outcome."""
