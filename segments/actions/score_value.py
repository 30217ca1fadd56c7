"""Score everybody by recency, frequency and assets, cluster them, and say who is which persona."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import Any, Final, TypeAlias

import numpy as np
from django.db import transaction
from django.utils.timezone import localtime
from numpy.typing import NDArray

from customers.actions.derived import Derived, put_derived
from customers.queries.database import going_alone
from customers.vocabulary import AttributeType
from segments.models import ValueRun
from segments.queries.value import (
    NEVER_DAYS,
    gather_worth,
    no_longer_scored,
    worth_in_batches,
)
from segments.value.clusters import SEED, STARTS, Clustering, Matrix, cluster
from segments.value.personas import Habits, has_high_net_worth, persona
from segments.value.scores import quintiles

POINTS_KEPT: Final = 1_000
# Advisory lock: who scores.
_LOCK: Final = 7_261_833_003

FIELDS: Final = (
    Derived(key="rfm_r", type=AttributeType.NUMBER, label_en="RFM: recency", label_zh="RFM 最近度"),
    Derived(key="rfm_f", type=AttributeType.NUMBER, label_en="RFM: frequency", label_zh="RFM 频度"),
    Derived(key="rfm_m", type=AttributeType.NUMBER, label_en="RFM: assets", label_zh="RFM 资产"),
    Derived(
        key="rfm_segment", type=AttributeType.TEXT, label_en="value cluster", label_zh="价值分群"
    ),
    Derived(key="persona", type=AttributeType.TEXT, label_en="persona", label_zh="客群画像"),
    Derived(
        key="persona_why",
        type=AttributeType.TEXT,
        label_en="reason of the persona",
        label_zh="客群画像依据",
    ),
    Derived(
        key="hnw", type=AttributeType.BOOLEAN, label_en="high net worth", label_zh="高净值客户"
    ),
)
_NONE: Final = dict.fromkeys(field.key for field in FIELDS)


_Told: TypeAlias = Mapping[str, str | float | bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worth:
    """Everybody in the order of ids: recency, frequency and assets (N × 3), and what habits say.

    ``habits`` are the different answers there are, ``habit`` the place of each customer's (N);
    ``gone`` carry scores from before and are scored no more.
    """

    ids: NDArray[np.int64]
    values: Matrix
    habits: Sequence[_Told]
    habit: NDArray[np.int8]
    gone: Sequence[int]


def score_value(*, now: datetime) -> ValueRun | None:
    """Score every customer with an open account who does not object to personalisation.

    1. Recency, frequency, assets and habits are gathered in SQL and read in batches.
    2. Scores by quintile, clusters by KMeans; with too few customers there are scores only.
    3. The run is kept with its inputs' hash, version, seed and centroids; the results stand on the
       customers as fields that rules may ask for, and go from whoever is not scored any more.

    None: another process is at it. Memory: some 200 bytes a customer while the clusters are found.
    No transaction is open then; results are written in batches, the run last of all, so that
    whoever is broken off is followed by one who scores again.
    """
    with going_alone(_LOCK) as is_mine:
        if not is_mine:
            return None
        worth = _read(localtime(now).date())
        found = cluster(worth.values) if len(worth.ids) else None
        put_derived(fields=FIELDS, values=_scored(worth, found), now=now)
        put_derived(fields=FIELDS, values=((one, _NONE) for one in worth.gone), now=now)
        return _keep(worth, found, now)


def _keep(worth: _Worth, found: Clustering | None, now: datetime) -> ValueRun:
    return ValueRun.objects.create(
        ran_at=now,
        customers=len(worth.ids),
        version=f"scikit-learn {version('scikit-learn')}, numpy {version('numpy')}",
        seed=SEED,
        input_hash=hashlib.sha256(worth.values.tobytes()).hexdigest(),
        parameters=_parameters(found),
        clusters=_clusters(found),
        points=_points(worth.values, found),
    )


@transaction.atomic
def _read(today: date) -> _Worth:
    gather_worth(today)
    ids: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    values: list[Matrix] = [np.empty((0, 3))]
    habit: list[NDArray[np.int8]] = [np.empty(0, np.int8)]
    places: dict[tuple[tuple[str, str | float | bool | None], ...], int] = {}
    for batch in worth_in_batches():
        ids.append(np.array([row[0] for row in batch]))
        values.append(
            np.array(
                [(NEVER_DAYS if row[1] is None else row[1], row[2], float(row[3])) for row in batch]
            )
        )
        said = (tuple(_habits(row).items()) for row in batch)
        habit.append(np.array([places.setdefault(one, len(places)) for one in said], np.int8))
    return _Worth(
        ids=np.concatenate(ids),
        values=np.concatenate(values).astype(np.float64),
        habits=[dict(one) for one in places],
        habit=np.concatenate(habit),
        gone=no_longer_scored(),
    )


def _habits(row: tuple[Any, ...]) -> _Told:
    habits = Habits(
        active_days=row[2],
        trades=row[5],
        trades_1y=row[6],
        first_trade_days=row[7],
        product_share=None if row[8] is None else float(row[8]),
        asset=Decimal(row[4]),
    )
    name, why = persona(habits) or (None, None)
    return {"persona": name, "persona_why": why, "hnw": has_high_net_worth(habits)}


def _scored(worth: _Worth, found: Clustering | None) -> Iterator[tuple[int, _Told]]:
    """Each customer with scores, cluster and persona."""
    recency, frequency, assets = worth.values.T
    scores = np.column_stack(
        [
            quintiles(recency, is_low_better=True),
            quintiles(frequency),
            quintiles(assets),
            found.labels if found else np.zeros(len(worth.ids), np.int64),
        ]
    ).astype(np.int8)
    for customer, score, habit in zip(worth.ids, scores, worth.habit, strict=True):
        r, f, m, label = score.tolist()
        name = found.names[label].value if found else None
        yield (
            int(customer),
            {**worth.habits[habit], "rfm_r": r, "rfm_f": f, "rfm_m": m, "rfm_segment": name},
        )


def _parameters(found: Clustering | None) -> Mapping[str, Any]:
    if found is None:
        return {}
    return {
        "k": len(found.names),
        "starts": STARTS,
        "scales": found.scales.tolist(),
        "means": found.means.tolist(),
        "deviations": found.deviations.tolist(),
    }


def _clusters(found: Clustering | None) -> list[dict[str, Any]]:
    if found is None:
        return []
    return [
        {"name": name.value, "size": size, "centroid": centroid}
        for name, size, centroid in zip(
            found.names, found.sizes, found.centroids.tolist(), strict=True
        )
    ]


def _points(values: Matrix, found: Clustering | None) -> list[list[float]]:
    """Recency, frequency, assets and cluster of a sample, drawn by the run's seed."""
    if found is None:
        return []
    count = min(POINTS_KEPT, len(values))
    chosen = np.sort(np.random.default_rng(SEED).choice(len(values), size=count, replace=False))
    labelled = np.column_stack([values[chosen], found.labels[chosen]])
    return [[round(number, 2) for number in point] for point in labelled.tolist()]
