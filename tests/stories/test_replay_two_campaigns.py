"""The main job on a sample of the published data, as one starts it: `manage.py demo --headless`.

The whole data run by `make demo`; every figure here is checked against the data file itself and
against statsmodels on its rows.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from tests.conftest import server_options

CHECKOUT = Path(__file__).resolve().parents[2]
DATA = CHECKOUT / "attribution" / "demo_data"
CUSTOMERS = 1500
CONTROL = "No E-Mail"


def start(space: str, *options: str) -> subprocess.Popen[str]:
    """Start the demo as a user does, in a space of its own."""
    argv = [sys.executable, "manage.py", "demo", "--headless", "--json"]
    return subprocess.Popen(
        [*argv, "--customers", str(CUSTOMERS), *options],
        cwd=CHECKOUT,
        env={**os.environ, "TOUCHSTONE_SPACE": space},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err[-3000:]
    document: dict[str, Any] = json.loads(out)
    return document


def trial() -> pd.DataFrame:
    return pd.read_csv(DATA / "hillstrom.csv.gz").head(CUSTOMERS)


def require_arms_as_in_the_data(result: Mapping[str, Any]) -> None:
    (experiment,) = result["experiments"]
    rows = trial()
    assert {arm["arm"] for arm in experiment["arms"]} == set(rows.segment)
    for arm in experiment["arms"]:
        own = rows[rows.segment == arm["arm"]]
        told = (arm["n"], arm["visits"], arm["conversions"])
        assert told == (len(own), own.visit.sum(), own.conversion.sum())
        assert arm["revenue"] == pytest.approx(own.spend.sum(), abs=1e-6)
        assert arm["delivered"] == (0 if arm["arm"] == CONTROL else len(own))


def require_every_accept_once(result: Mapping[str, Any]) -> None:
    touches, ledger = result["touches"], result["ledger"]
    assert touches["queued"] == touches["accepted"]
    assert ledger["accepted"] == ledger["distinct_keys"] == touches["accepted"]
    assert touches["duplicates"] == 0


def test_the_replay_ends_with_the_figures_of_the_data(space: str) -> None:
    process = start(space)
    refused = start_another_meanwhile(process, space)
    result = finish(process)

    assert refused["code"] == "no_demo_database"
    require_arms_as_in_the_data(result)
    require_every_accept_once(result)
    require_comparisons_as_statsmodels_makes_them(result)
    require_bank_as_in_the_data(result)


def start_another_meanwhile(process: subprocess.Popen[str], space: str) -> dict[str, Any]:
    """A second demo on the same database, once the first has begun: the error it ends with."""
    assert process.stderr is not None
    for line in process.stderr:
        if "Processes:" in line:
            break
    second = start(space)
    out, err = second.communicate(timeout=60)
    assert second.returncode == 2, err
    error: dict[str, Any] = json.loads(out)["error"]
    return error


def require_comparisons_as_statsmodels_makes_them(result: Mapping[str, Any]) -> None:
    rows = trial()
    control = rows[rows.segment == CONTROL]
    comparisons = result["experiments"][0]["comparisons"]
    assert len(comparisons) == 6
    for one in comparisons:
        arm = rows[rows.segment == one["arm"]]
        if one["metric"] == "spend":
            means = CompareMeans(DescrStatsW(arm.spend), DescrStatsW(control.spend))
            statistic, p, _ = means.ttest_ind(usevar="unequal")
            low, high = means.tconfint_diff(usevar="unequal")
        else:
            counts = [arm[one["metric"]].sum(), control[one["metric"]].sum()]
            sizes = [len(arm), len(control)]
            statistic, p = proportions_ztest(counts, sizes)
            low, high = confint_proportions_2indep(
                counts[0], sizes[0], counts[1], sizes[1], method="newcomb", compare="diff"
            )
        assert [one["z"], one["p"], *one["ci95"]] == pytest.approx(
            [statistic, p, low, high], abs=1e-9
        )


def require_bank_as_in_the_data(result: Mapping[str, Any]) -> None:
    rows = pd.read_csv(DATA / "bank-full.csv.gz", sep=";")
    every = len(rows) / CUSTOMERS
    rows = rows.iloc[[int(number * every) for number in range(CUSTOMERS)]]
    channels = {"cellular": "sms", "telephone": "task", "unknown": "push"}
    told = {row["channel"]: row for row in result["roi"] if row["campaign"] != "hillstrom"}
    assert set(told) == set(channels.values())
    for contact, channel in channels.items():
        own = rows[rows.contact == contact]
        assert told[channel]["touches"] == own.campaign.clip(upper=3).sum()
        assert told[channel]["conversions"] == (own.y == "yes").sum()
        assert told[channel]["roi"] is None


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_bad_data_file_is_one_sentence_and_nothing_is_made(
    space: str, tmp_path: Path, damage: str
) -> None:
    if damage == "cut":
        packed = (DATA / "hillstrom.csv.gz").read_bytes()
        (tmp_path / "hillstrom.csv.gz").write_bytes(packed[:5000])

    process = start(space, "--data", str(tmp_path))
    out, err = process.communicate(timeout=60)

    assert process.returncode == 2
    assert json.loads(out)["error"]["code"] == "bad_data_file"
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1
    with psycopg.connect(dbname="postgres", **server_options()) as connection:
        query = "SELECT count(*) FROM pg_database WHERE datname LIKE %s"
        assert connection.execute(query, [f"%\\_{space}"]).fetchone() == (0,)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "banana"])
def test_a_broker_that_cannot_be_reached_is_one_sentence_and_nothing_is_made(
    space: str, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("REDIS_URL", url)

    process = start(space)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "error" in json.loads(out)
    assert len(err.strip().splitlines()) == 1
    with psycopg.connect(dbname="postgres", **server_options()) as connection:
        query = "SELECT count(*) FROM pg_database WHERE datname LIKE %s"
        assert connection.execute(query, [f"%\\_{space}"]).fetchone() == (0,)


def test_a_port_in_use_is_refused_before_anything_is_made(space: str) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start(space, "--port", str(taken.getsockname()[1]))
        out, err = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "port" in err.lower()
    assert "error" in json.loads(out)
    with psycopg.connect(dbname="postgres", **server_options()) as connection:
        query = "SELECT count(*) FROM pg_database WHERE datname LIKE %s"
        assert connection.execute(query, [f"%\\_{space}"]).fetchone() == (0,)
