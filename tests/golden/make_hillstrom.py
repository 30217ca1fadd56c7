"""Makes hillstrom.json: reference figures computed from the rows by statsmodels and scipy alone.

Run from the repository root: ``python tests/golden/make_hillstrom.py``. Nothing of the product is
imported, so the figures judge it from outside. Arm minus control; the control is "No E-Mail".
"""

import csv
import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import scipy
import statsmodels
from scipy.stats import chisquare
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest
from statsmodels.stats.weightstats import CompareMeans

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "attribution" / "demo_data" / "hillstrom.csv.gz"
TARGET = Path(__file__).with_name("hillstrom.json")
CONTROL = "No E-Mail"


def main() -> None:
    """Read the rows, judge them, write the figures."""
    with gzip.open(SOURCE, "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    arms = {
        name: [row for row in rows if row["segment"] == name]
        for name in sorted({row["segment"] for row in rows})
    }
    balance = chisquare([len(arm) for arm in arms.values()])
    made = {
        "made_by": "tests/golden/make_hillstrom.py",
        "source": SOURCE.name,
        "sha256": hashlib.sha256(SOURCE.read_bytes()).hexdigest(),
        "versions": {
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "statsmodels": statsmodels.__version__,
        },
        "arms": {name: totals(arm) for name, arm in arms.items()},
        "srm": {"chi2": balance.statistic, "p": balance.pvalue},
        "comparisons": [
            judged(arms[name], arms[CONTROL], name, metric)
            for name in arms
            if name != CONTROL
            for metric in ("visit", "conversion", "spend")
        ],
    }
    TARGET.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


def totals(arm: list[dict[str, str]]) -> dict[str, object]:
    """What the data say of one arm; spend in cents, so that the sum is exact."""
    return {
        "n": len(arm),
        "visits": sum(int(row["visit"]) for row in arm),
        "conversions": sum(int(row["conversion"]) for row in arm),
        "spend_cents": sum(round(float(row["spend"]) * 100) for row in arm),
    }


def judged(
    arm: list[dict[str, str]], control: list[dict[str, str]], name: str, metric: str
) -> dict[str, object]:
    """One arm against the control on one metric."""
    own = np.array([float(row[metric]) for row in arm])
    base = np.array([float(row[metric]) for row in control])
    said: dict[str, object] = {"arm": name, "control": CONTROL, "metric": metric}
    if metric == "spend":
        both = CompareMeans.from_data(own, base)
        t, p, df = both.ttest_ind(usevar="unequal")
        figures = {"t": t, "df": df, "p": p}
        interval = both.tconfint_diff(usevar="unequal")
    else:
        hits, misses = own.sum(), base.sum()
        z, p = proportions_ztest([hits, misses], [len(own), len(base)])
        figures = {"z": z, "p": p}
        interval = confint_proportions_2indep(
            hits, len(own), misses, len(base), method="newcomb", compare="diff"
        )
    gap = own.mean() - base.mean()
    figures |= {"absolute": gap, "relative": gap / base.mean()}
    return (
        said
        | {key: float(value) for key, value in figures.items()}
        | {"ci95": [float(end) for end in interval]}
    )


if __name__ == "__main__":
    main()
