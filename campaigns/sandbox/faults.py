"""What the sandbox does wrong on purpose, drawn from a seed or asked for by address."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """One misbehaviour, in words of what the client sees."""

    ERROR = "error"  # HTTP 500, SMTP 451: not recorded
    LATE = "late"  # connection reset, and recorded 1-3 s later
    RESET_BEFORE = "reset_before"  # connection reset, not recorded
    RESET_AFTER = "reset_after"  # recorded, then connection reset
    SLOW = "slow"  # answered after 2 s
    THROTTLE = "throttle"  # HTTP 429 with Retry-After, SMTP 421: not recorded
    REFUSE = "refuse"  # refused for ever: not recorded


class BadFaults(ValueError):
    """The text given to --faults cannot be read."""


DEFAULT: Mapping[Fault, float] = {
    Fault.ERROR: 0.03,
    Fault.LATE: 0.02,
    Fault.RESET_BEFORE: 0.01,
    Fault.RESET_AFTER: 0.01,
    Fault.SLOW: 0.01,
}

# fault-late@example.com and the device token fault-late-1 ask for that fault;
# phone numbers ask by their last digit: +99900000xx3 asks for RESET_BEFORE.
_NAMED = re.compile(f"fault-({'|'.join(Fault)})(?![a-z_])")
_PHONE = re.compile(r"\+999\d*([1-7])")
_PHONE_FAULTS = dict(zip("1234567", Fault, strict=True))


def read_faults(text: str) -> dict[Fault, float]:
    """Read `none`, `default` or `kind=share,…`.  Raises BadFaults."""
    if text == "none":
        return {}
    if text == "default":
        return dict(DEFAULT)
    shares: dict[Fault, float] = {}
    for pair in text.split(","):
        name, _, share = pair.partition("=")
        if name not in set(Fault):
            raise BadFaults(f"unknown fault {name!r}; known are {', '.join(Fault)}")
        try:
            shares[Fault(name)] = float(share)
        except ValueError as error:
            raise BadFaults(f"the share of {name!r} must be a number from 0 to 1") from error
    if not all(0 <= share <= 1 for share in shares.values()) or sum(shares.values()) > 1:
        raise BadFaults("shares must lie between 0 and 1 and sum to at most 1")
    return shares


@dataclass(slots=True)
class Faults:
    """Draws a fault for each request, and gives addresses the fault they ask for.

    A fault asked for by address strikes the first attempt of a key only, so
    that a retry can be seen to succeed; a refusal strikes always.
    """

    shares: dict[Fault, float]
    dice: random.Random
    struck: set[str]

    @classmethod
    def seeded(cls, shares: dict[Fault, float], seed: int) -> "Faults":
        """Make the source of all draws of one run."""
        return cls(shares, random.Random(seed), set())  # noqa: S311 - chance, not secrecy

    def draw(self) -> Fault | None:
        """Return the fault of the next request, most often none.

        A refusal is drawn per message by `draw_refusal`.
        """
        if not self.shares:
            return None
        point = self.dice.random()
        for fault, share in self.shares.items():
            if fault is Fault.REFUSE:
                continue
            point -= share
            if point < 0:
                return fault
        return None

    def draw_refusal(self) -> bool:
        """Return whether the next message is refused for ever."""
        share = self.shares.get(Fault.REFUSE, 0.0)
        return share > 0 and self.dice.random() < share

    def asked_for(self, *, address: str, key: str) -> Fault | None:
        """Return the fault the address names, if this attempt is to meet it."""
        fault = named_fault(address)
        if fault is None or fault is Fault.REFUSE or key in self.struck:
            return None
        self.struck.add(key)
        return fault

    def late_seconds(self) -> float:
        """Return how long after the reset a late accept is recorded."""
        return self.dice.uniform(1.0, 3.0)


def named_fault(address: str) -> Fault | None:
    """Return the fault an address asks for."""
    if named := _NAMED.search(address):
        return Fault(named[1])
    if phone := _PHONE.fullmatch(address):
        return _PHONE_FAULTS[phone[1]]
    return None
