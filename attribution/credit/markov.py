"""Removal effects in the Markov graph of observed paths, solved exactly.

Order k: a state is the last k channels (fewer at the start of a path). Every transition counts
conversions plus nulls; absorption happens in "conversion" or "null". Removing a channel sends
every transition into a state that holds it to "null" (Anderl et al. 2016). No simulation.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .path import Credit, Decline, DeclinedError, Floats, Ints, Options, PathTable, summed

START, CONVERSION, NULL = "(start)", "(conversion)", "(null)"

# Above this many states a dense solve costs more than a sparse one.
_DENSE_UP_TO = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """S observed states; ``states`` (S, k) hold channel codes, oldest first, -1 where shorter.

    ``sources``, ``targets`` and ``moves`` list the transitions among states as probabilities;
    ``entry`` (S), ``converts`` (S) and ``pays`` (S) are the probabilities to start in a state,
    to convert from it, and the value expected on conversion from it.
    """

    states: Ints
    sources: Ints
    targets: Ints
    moves: Floats
    entry: Floats
    converts: Floats
    pays: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Share of all conversions (and of their value) lost when a channel is removed."""

    conversions: float
    value: float


def markov(table: PathTable, options: Options) -> dict[str, Credit]:
    """Credit in proportion to removal effects, scaled to the observed totals.

    Raises DeclinedError: no conversions, or no channel whose removal changes anything.
    """
    total = table.touched
    if not total.conversions:
        return table.credits(conversions=_zeros(table), value=_zeros(table))
    effects = removal_effects(table, order=options.order)
    lost = np.array([effects[name].conversions for name in table.channels])
    lost_value = np.array([effects[name].value for name in table.channels])
    if not lost.sum() > 0:
        raise DeclinedError(Decline.NO_EFFECT)
    # Values of both signs can cancel in the sum: the conversions' effects then split the value.
    basis = lost_value if lost_value.sum() > 0 else lost
    return table.credits(
        conversions=lost / lost.sum() * total.conversions,
        value=basis / basis.sum() * total.value,
    )


def removal_effects(table: PathTable, *, order: int = 1) -> dict[str, Effect]:
    """Removal effect of every channel; all 0 without conversions."""
    graph = graph_of(table, order=order)
    full = np.ones(len(graph.states), dtype=bool)
    rate, worth = _absorbed(graph, full)
    effects = {}
    for code, name in enumerate(table.channels):
        kept_rate, kept_worth = _absorbed(graph, ~(graph.states == code).any(axis=1))
        effects[name] = Effect(
            conversions=1 - kept_rate / rate if rate else 0.0,
            value=1 - kept_worth / worth if worth else 0.0,
        )
    return effects


def conversion_rate(table: PathTable, *, order: int = 1) -> float:
    """P(conversion) from the start: equals the observed rate of paths that hold a touch."""
    graph = graph_of(table, order=order)
    return _absorbed(graph, np.ones(len(graph.states), dtype=bool))[0]


def transitions(table: PathTable, *, order: int = 1) -> dict[tuple[str, str], float]:
    """Transition probabilities by name; a state of several channels reads "a > b"."""
    graph = graph_of(table, order=order)
    names = [
        " > ".join(table.channels[code] for code in state if code >= 0) for state in graph.states
    ]
    made = {(START, names[i]): float(graph.entry[i]) for i in np.flatnonzero(graph.entry)}
    for source, target, move in zip(graph.sources, graph.targets, graph.moves, strict=True):
        made[names[source], names[target]] = float(move)
    leaving = summed(graph.sources, graph.moves, size=len(names))
    for index, name in enumerate(names):
        made[name, CONVERSION] = float(graph.converts[index])
        made[name, NULL] = max(0.0, float(1 - leaving[index] - graph.converts[index]))
    return {pair: chance for pair, chance in made.items() if chance > 0}


def graph_of(table: PathTable, *, order: int) -> Graph:
    """Count transitions between observed states. Paths without touches or weight are left out."""
    weight = table.conversions + table.nulls
    live = weight[table.owner] > 0
    labels = _state_labels(table, order)
    distinct, first_seen, state = np.unique(labels[live], return_index=True, return_inverse=True)
    owner, place = table.owner[live], _places(table)[live]
    size = len(distinct)
    begins, ends = place == 0, place == table.lengths[owner] - 1
    visits = summed(state, weight[owner], size=size)
    ending = owner[ends]
    started = summed(state[begins], weight[owner[begins]], size=size)
    sources, targets, moves = _moves(state, ~ends, weight[owner], visits)
    return Graph(
        states=_windows(table, order)[live][first_seen],
        sources=sources,
        targets=targets,
        moves=moves,
        entry=started / max(started.sum(), np.finfo(float).tiny),
        converts=summed(state[ends], table.conversions[ending], size=size) / visits,
        pays=summed(state[ends], table.value[ending], size=size) / visits,
    )


def _moves(
    state: Ints, goes_on: npt.NDArray[np.bool_], weight: Floats, visits: Floats
) -> tuple[Ints, Ints, Floats]:
    """Distinct transitions between states with their probabilities."""
    at = np.flatnonzero(goes_on)
    pairs = state[at] * len(visits) + state[at + 1]
    distinct, which = np.unique(pairs, return_inverse=True)
    counts = summed(which, weight[at], size=len(distinct))
    sources, targets = np.divmod(distinct, max(1, len(visits)))
    return sources, targets, counts / visits[sources]


def _absorbed(graph: Graph, kept: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Chance to convert, and value expected, from the start with only these states left."""
    index = np.cumsum(kept) - 1
    inside = kept[graph.sources] & kept[graph.targets]
    rewards = np.column_stack([graph.converts[kept], graph.pays[kept]])
    solved = _solve(
        index[graph.sources[inside]], index[graph.targets[inside]], graph.moves[inside], rewards
    )
    rate, worth = graph.entry[kept] @ solved
    return float(rate), float(worth)


def _solve(sources: Ints, targets: Ints, moves: Floats, rewards: Floats) -> Floats:
    """x of (I - Q) x = rewards. Every state can reach absorption, so the system is regular."""
    size = len(rewards)
    if size <= _DENSE_UP_TO:
        dense = np.eye(size)
        dense[sources, targets] -= moves
        return np.asarray(np.linalg.solve(dense, rewards), dtype=np.float64)
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import splu

    # One matrix from triplets (repeated places add up), so that scipy, which publishes no
    # annotations, is called as little as can be.
    places = np.arange(size)
    entries = np.concatenate([np.ones(size), -moves])
    rows, columns = np.concatenate([places, sources]), np.concatenate([places, targets])
    system = csc_array(  # scipy is not annotated
        (entries, (rows, columns)), shape=(size, size)
    )
    solved = splu(system).solve(rewards)  # as above
    return np.asarray(solved, dtype=np.float64)


def _state_labels(table: PathTable, order: int) -> Ints:
    """One integer per touch that names its last ``order`` channels within the path."""
    base = len(table.channels) + 1
    if base**order >= 2**62:
        raise DeclinedError(Decline.TOO_MANY_STATES)
    labels = np.zeros(len(table.codes), dtype=np.int64)
    for back, codes in enumerate(_shifted(table, order)):
        labels += (codes + 1) * base**back
    return labels


def _windows(table: PathTable, order: int) -> Ints:
    """(T, order) channel codes, oldest first, -1 before the path's start."""
    return np.stack(list(_shifted(table, order))[::-1], axis=1)


def _shifted(table: PathTable, order: int) -> Iterator[Ints]:
    """The channel of each touch, of the one before it, and so on; -1 where there is none."""
    places = _places(table)
    for back in range(order):
        earlier = np.roll(table.codes, back)
        yield np.where(places >= back, earlier, -1)


def _places(table: PathTable) -> Ints:
    return np.arange(len(table.codes)) - table.starts[table.owner]


def _zeros(table: PathTable) -> Floats:
    return np.zeros(len(table.channels))
