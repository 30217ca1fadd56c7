"""Clusters by value: those of scikit-learn alone, the same in any unit, named by their place."""

import json
import subprocess
import sys
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segments.value.clusters import LEAST, Cluster, cluster, name_clusters

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "golden" / "value_clusters.json").read_text(encoding="utf-8")
)
VALUES = np.array(GOLDEN["values"])


def test_sizes_and_centroids_are_those_of_the_reference() -> None:
    found = cluster(VALUES)

    assert found is not None
    told = sorted(zip(found.sizes, found.centroids.tolist(), strict=True), key=lambda one: one[1])
    for (size, centroid), expected in zip(told, GOLDEN["clusters"], strict=True):
        assert size == expected["size"]
        assert centroid == pytest.approx(expected["centroid"], rel=1e-6)


def test_each_cluster_is_named_by_its_frequency_and_assets() -> None:
    found = cluster(VALUES)

    assert found is not None
    named = dict(zip(found.names, found.centroids.tolist(), strict=True))
    assert named[Cluster.HIGH][1] > 10
    assert named[Cluster.HIGH][2] > 100_000
    assert named[Cluster.PROMISING][1] < 10
    assert named[Cluster.PROMISING][2] > 100_000
    assert named[Cluster.TAIL][1] < 10
    assert named[Cluster.TAIL][2] < 20_000
    assert named[Cluster.ACTIVE_SMALL][1] > 10
    assert named[Cluster.ACTIVE_SMALL][2] < 20_000


@pytest.mark.parametrize("factors", [(1, 1, 100), (24, 1, 1), (24, 24, 100), (1, 1 / 7, 1e-4)])
def test_other_units_give_the_same_clusters_and_names(factors: tuple[float, ...]) -> None:
    first, second = cluster(VALUES), cluster(VALUES * np.array(factors))

    assert first is not None
    assert second is not None
    assert first.names == second.names
    assert first.labels.tolist() == second.labels.tolist()


def test_another_run_gives_the_same() -> None:
    first, second = cluster(VALUES), cluster(VALUES.copy())

    assert first is not None
    assert second is not None
    assert first.labels.tolist() == second.labels.tolist()


@pytest.mark.parametrize(
    "values",
    [
        VALUES[: LEAST - 1],
        np.tile(VALUES[:3], (40, 1)),
        np.zeros((100, 3)),
    ],
)
def test_too_few_or_too_equal_customers_are_not_clustered(values: Any) -> None:
    assert cluster(values) is None


@pytest.mark.parametrize("column", [1, 2])
def test_where_all_are_alike_in_what_names_speak_of_nobody_is_named(column: int) -> None:
    values = VALUES.copy()
    values[:, column] = 0.0

    assert cluster(values) is None


@given(st.permutations(range(4)))
def test_every_name_is_given_once_wherever_the_centres_stand(order: list[int]) -> None:
    corners = np.array([[0, 1, 1], [0, -1, 1], [0, -1, -1], [0, 1, -1]], dtype=float)
    names = list(Cluster)

    assert name_clusters(corners[order]) == tuple(names[at] for at in order)
    assert len(set(permutations(names))) == 24


def test_neither_the_console_nor_a_worker_loads_the_library() -> None:
    program = (
        "import django, sys; django.setup(); import config.urls, config.celery, segments.tasks,"
        " campaigns.tasks; print(sorted({'sklearn', 'pandas'} & set(sys.modules)))"
    )
    environment = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TOUCHSTONE_NO_SERVERS": "1",
        "PYTHONPATH": ".",
    }

    told = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )

    assert told.stdout.strip() == "[]"
