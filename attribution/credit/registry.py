"""Every method by name, and one call that turns "cannot" into a reason."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from . import heuristics
from .markov import markov
from .path import Credit, Decline, DeclinedError, Floats, Options, Path, PathTable
from .shapley import leave_one_out, shapley_rate, shapley_set


class Method(Protocol):
    """Shares the conversions of a table among its channels."""

    def __call__(self, table: PathTable, options: Options) -> dict[str, Credit]: ...


class Caveat(StrEnum):
    """What a reader must know about a set of credits."""

    DOES_NOT_ADD_UP = "does_not_add_up"  # participation: the sum exceeds the conversions
    NEGATIVE_CREDIT = "negative_credit"  # a channel dilutes the rate: shown as it is
    TAIL_GROUPED = "tail_grouped"  # rare channels were joined as "(other)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Credits of one method; empty with a reason where it declines."""

    method: str
    credits: Mapping[str, Credit]
    declined: Decline | None = None
    caveats: tuple[Caveat, ...] = ()


Weigh = Callable[[PathTable, Options], Floats]


def _by_weight(weigh: Weigh) -> Method:
    def credit(table: PathTable, options: Options) -> dict[str, Credit]:
        return heuristics.share(table, weigh(table, options))

    return credit


# Methods that give each touch a weight by looking at its own path alone.
WEIGHTS: Mapping[str, Weigh] = {
    "first": heuristics.first,
    "last": heuristics.last,
    "last_non_direct": heuristics.last_non_direct,
    "linear": heuristics.linear,
    "linear_unique": heuristics.linear_unique,
    "position": heuristics.position,
    "time_decay": heuristics.time_decay,
    "participation": heuristics.participation,
}

METHODS: Mapping[str, Method] = {
    **{name: _by_weight(weigh) for name, weigh in WEIGHTS.items()},
    "markov": markov,
    "shapley_set": shapley_set,
    "shapley_rate": shapley_rate,
    "leave_one_out": leave_one_out,
}

NOT_ADDITIVE = frozenset({"participation"})


def attribute(
    *, method: str, paths: PathTable | Iterable[Path], options: Options | None = None
) -> Attribution:
    """Credit by the named method; credits of additive methods sum to the conversions.

    Every channel of the paths is listed, with 0 where it gets nothing; conversions without a
    touch are listed as "(none)".

    Raises
    ------
    KeyError
        No such method in METHODS.
    PathError
        Paths that cannot be (see PathTable.of).

    >>> made = attribute(method="first", paths=[Path(channels=("sms", "push"), conversions=3)])
    >>> made.credits["sms"].conversions
    3.0
    """
    credit = METHODS[method]
    table = paths if isinstance(paths, PathTable) else PathTable.of(paths)
    if not table.total.conversions:
        return Attribution(method=method, credits={}, declined=Decline.NO_CONVERSIONS)
    try:
        credits = credit(table, options or Options())
    except DeclinedError as error:
        return Attribution(method=method, credits={}, declined=error.reason)
    return Attribution(method=method, credits=credits, caveats=_caveats(method, table, credits))


def _caveats(method: str, table: PathTable, credits: Mapping[str, Credit]) -> tuple[Caveat, ...]:
    found = []
    if method in NOT_ADDITIVE:
        found.append(Caveat.DOES_NOT_ADD_UP)
    if any(credit.conversions < 0 for credit in credits.values()):
        found.append(Caveat.NEGATIVE_CREDIT)
    if not set(table.channels) <= set(credits):
        found.append(Caveat.TAIL_GROUPED)
    return tuple(found)
