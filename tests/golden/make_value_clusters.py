"""Makes value_clusters.json: 400 customers made up by a seed, clustered by scikit-learn alone.

Run from the repository root: ``python tests/golden/make_value_clusters.py``. Nothing of the product
is imported. Each column is divided by the median of its positive values, then log1p, standardised
(population deviation), KMeans(k = 4, random_state = 42, n_init = 10).
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

TARGET = Path(__file__).with_name("value_clusters.json")


def main() -> None:
    """Make the customers, cluster them, write both."""
    chance = np.random.default_rng(7)
    groups = [
        # recency and frequency in days, assets in yuan; how many
        (chance.integers(0, 8, 80), chance.integers(15, 60, 80), chance.lognormal(13.5, 0.6, 80)),
        (chance.integers(60, 300, 90), chance.integers(0, 3, 90), chance.lognormal(12.9, 0.6, 90)),
        (chance.integers(90, 900, 140), chance.integers(0, 2, 140), chance.lognormal(8, 1, 140)),
        (chance.integers(0, 15, 90), chance.integers(10, 40, 90), chance.lognormal(8.5, 0.8, 90)),
    ]
    values = np.concatenate([np.column_stack(group) for group in groups]).astype(float)
    values[:, 2] = np.round(values[:, 2], 2)
    scales = np.array([np.median(column[column > 0]) for column in values.T])
    scaler = StandardScaler()
    points = scaler.fit_transform(np.log1p(values / scales))
    fitted = KMeans(n_clusters=4, random_state=42, n_init=10).fit(points)
    centroids = np.expm1(scaler.inverse_transform(fitted.cluster_centers_)) * scales
    found = [
        {"size": int((fitted.labels_ == label).sum()), "centroid": centroids[label].tolist()}
        for label in range(4)
    ]
    document = {
        "made_by": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}",
        "values": values.tolist(),
        "clusters": sorted(found, key=lambda one: one["centroid"]),
    }
    TARGET.write_text(json.dumps(document) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
