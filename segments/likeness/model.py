"""A regularised logistic model of who is in the seed, and how far it can be trusted.

scikit-learn is imported where it is used: only the process that ranks needs it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

SEED: Final = 42
FOLDS: Final = 5
STRENGTH: Final = 1.0
"""C of the L2 penalty, scikit-learn's default: one standard deviation costs what one unit gains."""
AUDIENCES: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
DRIVERS_TOLD: Final = 12

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A field as the model reads it: a number, or one column for each of its ``values``."""

    name: str
    values: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(f"{self.name} = {value}" for value in self.values) or (self.name,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Of the ``size`` best ranked people, out of fold: how many belong to the seed.

    ``precision`` counts everybody outside the seed as a miss, also who is just like it, so it is a
    lower bound; ``recall`` is the share of the seed found; ``lift`` is against a draw by lot.
    """

    size: int
    precision: float
    recall: float
    lift: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A model, its curve, and the columns that drive it by standardised coefficient."""

    pipeline: "Pipeline"
    curve: tuple[Point, ...]
    drivers: tuple[tuple[str, float], ...]


def encode(rows: Sequence[Sequence[object]], specs: Sequence[Spec]) -> Matrix:
    """Rows of field values as numbers; missing is NaN. Numbers are bent by asinh, as money needs.

    Parameters
    ----------
    rows : for each person one value per spec: a number or None, or a text or None
    """
    columns: list[Matrix] = []
    for at, spec in enumerate(specs):
        values = [row[at] for row in rows]
        if spec.values:
            columns += [
                np.array([float(value == wanted) for value in values]) for wanted in spec.values
            ]
        else:
            numbers = [np.nan if value is None else float(str(value)) for value in values]
            columns.append(np.arcsinh(np.array(numbers)))
    return np.column_stack(columns) if columns else np.empty((len(rows), 0))


def fit(
    features: Matrix, is_seed: NDArray[np.bool_], weights: Matrix, specs: Sequence[Spec]
) -> Fitted:
    """Fit on a sample, and judge by five-fold cross-validation.

    Missing values become the mean, columns are standardised, classes weigh the same. Reference:
    scikit-learn, `LogisticRegression` (L2), `StratifiedKFold`.

    Parameters
    ----------
    weights : how many people each row of the sample stands for
    """
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(
        SimpleImputer(strategy="mean", keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=1_000),
    )
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    unseen = cross_val_predict(pipeline, features, is_seed, cv=folds, method="predict_proba")[:, 1]
    pipeline.fit(features, is_seed)
    names = [column for spec in specs for column in spec.columns]
    weighed = zip(names, pipeline[-1].coef_[0].tolist(), strict=True)
    strongest = sorted(weighed, key=lambda one: (-abs(one[1]), one[0]))
    return Fitted(
        pipeline=pipeline,
        curve=curve(unseen, is_seed, weights),
        drivers=tuple(one for one in strongest if abs(one[1]) > 1e-3)[:DRIVERS_TOLD],
    )


def curve(scores: Matrix, is_seed: NDArray[np.bool_], weights: Matrix) -> tuple[Point, ...]:
    """Precision, recall and lift of the best ranked, at `AUDIENCES` of everybody.

    Equal scores keep the order of the rows.
    """
    order = np.argsort(-scores, kind="stable")
    people, members = np.cumsum(weights[order]), np.cumsum((weights * is_seed)[order])
    everybody, seed = people[-1], members[-1]
    points = []
    for share in AUDIENCES:
        at = min(int(np.searchsorted(people, share * everybody - 1e-9)), len(people) - 1)
        precision = float(members[at] / people[at])
        points.append(
            Point(
                size=round(float(people[at])),
                precision=precision,
                recall=float(members[at] / seed),
                lift=precision / float(seed / everybody),
            )
        )
    return tuple(points)
