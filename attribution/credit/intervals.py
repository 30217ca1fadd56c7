"""How far credit would move if other customers had come: standard errors and intervals."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .path import Credit, DeclinedError, Floats, Options, PathTable, summed
from .registry import METHODS, WEIGHTS

LOW_DATA = 30
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Uncertainty of one channel's credited conversions.

    ``low_data`` marks fewer than 30 credited conversions: show no interval then.
    """

    conversions: float
    standard_error: float
    ci95: tuple[float, float]
    low_data: bool


def spreads(
    *,
    method: str,
    table: PathTable,
    options: Options | None = None,
    resamples: int = 500,
    seed: int = 0,
) -> dict[str, Spread]:
    """Standard error and 95 % interval of each channel's credited conversions.

    One journey (one conversion or null) is one independent draw. Where a method weighs touches
    path by path, SE = sqrt(sum c^2 - (sum c)^2 / N) over the N journeys' credits c, which is what
    the bootstrap tends to. Markov, Shapley and leave-one-out are resampled: multinomial over the
    cells (path, outcome), percentile interval; the same seed gives the same figures.

    Raises
    ------
    KeyError
        No such method.
    DeclinedError
        The method cannot judge the table itself. Resamples it cannot judge are left out.
    """
    options = options or Options()
    if method in WEIGHTS:
        return _closed_form(table, WEIGHTS[method](table, options))
    return _resampled(method, table, options, resamples=resamples, seed=seed)


def _closed_form(table: PathTable, weights: Floats) -> dict[str, Spread]:
    size = max(1, len(table.channels))
    # A path's credit to a channel is the sum over its touches of that channel.
    cells, cell = np.unique(table.owner * size + table.codes, return_inverse=True)
    credit = summed(cell, weights, size=len(cells))
    path, code = np.divmod(cells, size)
    times = table.conversions[path]
    total = summed(code, credit * times, size=size)
    squares = summed(code, credit * credit * times, size=size)
    journeys = float((table.conversions + table.nulls).sum())
    variance = squares - total * total / journeys if journeys else squares
    error = np.sqrt(np.maximum(variance, 0.0))
    return {
        name: _spread(
            float(total[i]),
            float(error[i]),
            (float(total[i] - _Z95 * error[i]), float(total[i] + _Z95 * error[i])),
        )
        for i, name in enumerate(table.channels)
    }


def _resampled(
    method: str, table: PathTable, options: Options, *, resamples: int, seed: int
) -> dict[str, Spread]:
    point = METHODS[method](table, options)
    names = [name for name in table.channels if name in point]
    draws = np.array(
        [
            [made.get(name, _NOTHING).conversions for name in names]
            for made in _bootstrap(method, table, options, resamples=resamples, seed=seed)
        ]
    ).reshape(-1, len(names))
    if not len(draws):
        return {}
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    error = draws.std(axis=0, ddof=1) if len(draws) > 1 else np.zeros(len(names))
    return {
        name: _spread(point[name].conversions, float(error[i]), (float(low[i]), float(high[i])))
        for i, name in enumerate(names)
    }


_NOTHING = Credit(conversions=0.0, value=0.0)


def _bootstrap(
    method: str, table: PathTable, options: Options, *, resamples: int, seed: int
) -> list[Mapping[str, Credit]]:
    rng = np.random.default_rng(seed)
    counts = np.concatenate([table.conversions, table.nulls])
    journeys = round(float(counts.sum()))
    chances = counts / counts.sum()
    worth = np.divide(
        table.value, table.conversions, out=np.zeros_like(table.value), where=table.conversions > 0
    )
    made: list[Mapping[str, Credit]] = []
    for _ in range(resamples):
        drawn = rng.multinomial(journeys, chances).astype(np.float64)
        conversions, nulls = np.split(drawn, 2)
        again = PathTable(
            channels=table.channels,
            codes=table.codes,
            starts=table.starts,
            conversions=conversions,
            value=worth * conversions,
            nulls=nulls,
            ages=table.ages,
        )
        try:
            made.append(METHODS[method](again, options))
        except DeclinedError:
            # A draw without basis (e.g. no conversion in it) says nothing about the spread.
            continue
    return made


def _spread(conversions: float, error: float, interval: tuple[float, float]) -> Spread:
    return Spread(
        conversions=conversions,
        standard_error=error,
        ci95=interval,
        low_data=conversions < LOW_DATA,
    )
