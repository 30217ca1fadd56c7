"""The values a journey is made of. No clock, no tables, no randomness."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

# The exit of a node with a single, unlabelled way on.
ONWARD: Final = ""

# What the tables above and below have room for; a longer text is refused when it is written.
MAX_LABEL: Final = 64
MAX_REASON: Final = 40
MAX_KEY: Final = 80
MAX_NAME: Final = 120

Json: TypeAlias = Any  # a value as json.loads gives it


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the engine may know of a customer at this instant.

    ``zone`` is where his days begin and end; ``matched`` holds (node, label) of the branch cases
    whose rule the customer meets.
    """

    customer_id: int
    journey_key: str
    zone: ZoneInfo
    matched: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where an enrolment stands. ``waiting``: it was parked at ``node`` and is now due."""

    node: str
    visit: int = 1
    waiting: bool = False
    visits: Mapping[str, int] = field(default_factory=dict)
    hops: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Effect: queue a touch. ``product``: what it markets, instead of what its template names."""

    node: str
    visit: int
    channel: str
    template: str
    product: str = ""


Effect: TypeAlias = Send


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """The customer goes on by this exit."""

    exit: str = ONWARD
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """The customer waits here until then."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The run ends here. ``early``: not by reaching an exit node."""

    reason: str
    early: bool = False


Step: TypeAlias = Leave | Stay | Finish


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What a node is given to decide by."""

    facts: Facts
    visit: int
    resumed: bool
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A node's exits compared as arms; ``weights`` maps arm to its share, summing to 1."""

    key: str
    name: str
    control: str
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What every node has; each kind subclasses it in its own file."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a node kind is read, drawn and run; `registry.KINDS` lists them."""

    parse: Callable[[str, Mapping[str, Json], str], Node]
    exits: Callable[[Node], tuple[str, ...]]
    step: Callable[[Node, Arrival], Step]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One step that was made: ``node`` was left by ``exit``."""

    node: str
    visit: int
    exit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What counts as success for this journey.

    ``value`` names the numeric property that is revenue; ``visit_events`` count as visits.
    """

    event: str
    within_days: int
    value: str = ""
    margin: str = "1"
    visit_events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A parsed journey: nodes by id, and for each node where its exits lead."""

    name: str
    entry: str
    nodes: Mapping[str, Node]
    ways: Mapping[str, Mapping[str, str]]
    priority: str = "marketing"
    reentry_days: int | None = None  # None: never again; 0: after exit
    holdout_percent: float = 0.0
    goal: Goal | None = None
    lifecycle: tuple[str, ...] = ()  # the stages it is valid for; none named: for all
    has_cycle: bool = False
