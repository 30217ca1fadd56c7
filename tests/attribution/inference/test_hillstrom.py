"""The product's verdicts on Hillstrom's trial against figures made by statsmodels alone."""

import csv
import gzip
import hashlib
import json
from pathlib import Path

import pytest

from attribution.inference.balance import Flag, srm
from attribution.inference.compare import compare
from attribution.inference.summary import Binary, Moments

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "attribution" / "demo_data" / "hillstrom.csv.gz"
GOLDEN = json.loads((ROOT / "tests" / "golden" / "hillstrom.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def rows():
    with gzip.open(DATA, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def summaries(rows):
    """{metric: {arm: summary}}"""
    made = {"visit": {}, "conversion": {}, "spend": {}}
    for arm in GOLDEN["arms"]:
        mine = [row for row in rows if row["segment"] == arm]
        for metric in ("visit", "conversion"):
            hits = sum(int(row[metric]) for row in mine)
            made[metric][arm] = Binary(n=len(mine), successes=hits)
        made["spend"][arm] = Moments.of(float(row["spend"]) for row in mine)
    return made


def test_the_data_are_those_the_figures_were_made_from():
    assert hashlib.sha256(DATA.read_bytes()).hexdigest() == GOLDEN["sha256"]


@pytest.mark.parametrize(
    "golden", GOLDEN["comparisons"], ids=lambda one: f"{one['arm']} {one['metric']}"
)
def test_verdicts_agree_with_statsmodels(golden, summaries):
    made = {
        one.arm: one
        for one in compare(
            arms=summaries[golden["metric"]], control=golden["control"], metric=golden["metric"]
        )
    }[golden["arm"]]

    for figure in ("z", "t", "df", "p", "absolute", "relative", "ci95"):
        if figure in golden:
            assert getattr(made, figure) == pytest.approx(golden[figure], rel=1e-9), figure


def test_raw_sums_as_a_database_makes_them_agree_too(rows, summaries):
    spend = {
        arm: [float(row["spend"]) for row in rows if row["segment"] == arm]
        for arm in GOLDEN["arms"]
    }
    raw = {
        arm: Moments(n=len(x), total=sum(x), total_squares=sum(value * value for value in x))
        for arm, x in spend.items()
    }

    for one, other in zip(
        compare(arms=raw, control="No E-Mail", metric="spend"),
        compare(arms=summaries["spend"], control="No E-Mail", metric="spend"),
        strict=True,
    ):
        assert (one.t, one.p, one.df) == pytest.approx((other.t, other.p, other.df), rel=1e-9)


def test_the_trial_is_balanced():
    made = srm(counts={arm: one["n"] for arm, one in GOLDEN["arms"].items()})

    assert made.chi2 == pytest.approx(GOLDEN["srm"]["chi2"], rel=1e-9)
    assert made.p == pytest.approx(GOLDEN["srm"]["p"], rel=1e-9)
    assert made.flag is Flag.OK
