"""What a run is to do: how much, what goes wrong, and who is to get what. No I/O, no chance."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

CHANNELS: Final = ("email", "sms", "push")
CUSTOMERS_PER_WAVE: Final = 50
MOST_WAVES: Final = 60
KILL_EVERY: Final = 0.15
"""Seconds between two kills, at least: a new process needs about as long to begin its work."""
TOUCHES_PER_SECOND: Final = 250
"""What the run is expected to manage; the kills are spread over that time."""


class Knowledge(StrEnum):
    """What the provider can tell of a message whose answer was lost."""

    ASKED = "asked"  # it can be asked by key
    BLIND = "blind"  # e-mail and push cannot be asked: such touches wait for a person
    DEDUPING = "deduping"  # it knows the key again: the message may be repeated


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A customer of the run. ``sends``: e-mail, then text message, then push. May he get them?"""

    customer_no: str
    wave: int
    sends: int
    is_allowed: bool = True

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels of his touches; each has its own node of that name."""
        return CHANNELS[: self.sends]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run; equal plans make equal customers, campaigns and moments of killing."""

    touches: int
    kills: int
    seed: int
    faults: str = "default"
    workers: int = 4
    knowledge: Knowledge = Knowledge.ASKED
    storms: int = 0
    verbose: bool = False

    @property
    def waves(self) -> int:
        """How many campaigns follow one another, so that work begins all the time."""
        customers = -(-self.touches // len(CHANNELS))
        return max(1, min(MOST_WAVES, customers // CUSTOMERS_PER_WAVE))

    @property
    def kill_every(self) -> float:
        """Mean seconds between two kills."""
        return max(KILL_EVERY, self.touches / TOUCHES_PER_SECOND / max(1, self.kills))

    @property
    def dedupes(self) -> bool:
        """Whether the provider answers a key it knows with the first answer."""
        return self.knowledge is Knowledge.DEDUPING

    @property
    def blind_channels(self) -> tuple[str, ...]:
        """Channels whose ambiguous touches wait for a person."""
        return ("email", "push") if self.knowledge is Knowledge.BLIND else ()

    def members(self) -> Iterator[Member]:
        """Everybody: those whose touches add up to `touches`, then some who forbade them."""
        whole, rest = divmod(self.touches, len(CHANNELS))
        sends = [len(CHANNELS)] * whole + [rest] * bool(rest)
        for number, count in enumerate(sends):
            yield Member(customer_no=f"C{number:07d}", wave=number % self.waves, sends=count)
        for number in range(max(3, len(sends) // 20)):
            yield Member(
                customer_no=f"N{number:07d}",
                wave=number % self.waves,
                sends=1 + number % len(CHANNELS),
                is_allowed=False,
            )


def graph(wave: int) -> dict[str, Any]:
    """E-mail, text message, push: each customer as far as his ``sends`` say."""
    nodes: list[dict[str, Any]] = [{"id": "in", "type": "entry", "segment": f"chaos-{wave}"}]
    edges: list[list[str]] = [["in", CHANNELS[0]]]
    for number, channel in enumerate(CHANNELS, 1):
        nodes.append({"id": channel, "type": channel, "template": f"chaos-{channel}"})
        if number == len(CHANNELS):
            edges.append([channel, "out"])
            continue
        further, following = f"after-{channel}", CHANNELS[number]
        rule = {"field": "sends", "op": "gt", "value": number}
        nodes.append({"id": further, "type": "branch", "cases": [{"label": "more", "rule": rule}]})
        edges += [[channel, further], [further, following, "more"], [further, "out", "else"]]
    nodes.append({"id": "out", "type": "exit"})
    return {
        "name": f"Wave {wave}",
        "priority": "marketing",
        "reentry": "never",
        "goal": {"event": "Order Completed", "within_days": 7},
        "nodes": nodes,
        "edges": edges,
    }
