"""The model of likeness: curves by hand, drivers with the right sign, nothing learnt from noise."""

import numpy as np
import pytest

from segments.actions.score_value import FIELDS
from segments.likeness.leaks import KIN, OF_ANY_EVENT, OF_EVENTS, OF_TOUCHES, leaking_fields
from segments.likeness.model import Spec, curve, encode, fit
from segments.likeness.seeds import COMPETITOR, NO_BASIS, Basis, Origin, objection
from segments.queries.value_sql import VALUES
from segments.rules.catalog import Catalog

SPECS = (Spec(name="asset"), Spec(name="city", values=("A", "B")), Spec(name="noise"))


def test_texts_become_columns_numbers_are_bent_and_the_missing_stay_missing() -> None:
    told = encode([(0, "B", None), ("100.5", None, 1)], SPECS)

    assert told[0, :3].tolist() == [0, 0, 1]
    assert np.isnan(told[0, 3])
    assert told[1].tolist() == pytest.approx([np.arcsinh(100.5), 0, 0, np.arcsinh(1)])


def test_the_curve_is_counted_out_of_hand_made_scores() -> None:
    # 100 people, ten members: eight of them lead, then two others, then the rest.
    is_seed = np.zeros(100, dtype=bool)
    is_seed[[*range(8), 50, 60]] = True
    scores = np.linspace(1, 0, 100)

    points = {point.size: point for point in curve(scores, is_seed, np.ones(100))}

    assert points[1].precision == 1
    assert points[1].recall == pytest.approx(0.1)
    assert points[10].precision == pytest.approx(0.8)
    assert points[10].recall == pytest.approx(0.8)
    assert points[10].lift == pytest.approx(8)
    assert points[50].precision == pytest.approx(8 / 50)


def test_who_stands_for_many_counts_as_many() -> None:
    # One member and one other who stands for nine: of ten people, one is a member.
    (*_, last) = curve(np.array([0.1, 0.9]), np.array([True, False]), np.array([1.0, 9.0]))

    assert (last.size, last.precision) == (9, 0)


def make(seed_rate: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(3)
    asset, city = chance.normal(10, 2, 3_000), chance.integers(0, 2, 3_000)
    push = 2.0 * (asset - 10) - 1.5 * (city == 1) + np.log(seed_rate)
    is_seed = chance.random(3_000) < 1 / (1 + np.exp(-push))
    noise = chance.normal(0, 1, 3_000)
    return np.column_stack([asset, city == 0, city == 1, noise]), is_seed


def test_what_drives_likeness_comes_first_with_its_sign() -> None:
    features, is_seed = make()

    told = fit(features, is_seed, np.ones(len(features)), SPECS)

    weights = dict(told.drivers)
    assert told.drivers[0][0] == "asset"
    assert weights["asset"] > 1
    assert weights["city = B"] < 0 < weights["city = A"]
    assert abs(weights.get("noise", 0)) < 0.2
    assert told.curve[0].lift > 3


def test_noise_finds_nobody() -> None:
    features, is_seed = make()
    shuffled = np.random.default_rng(1).permutation(is_seed)

    told = fit(features, shuffled, np.ones(len(features)), SPECS)

    assert told.curve[3].lift < 1.6


def test_two_runs_agree() -> None:
    features, is_seed = make()
    one, two = (fit(features, is_seed, np.ones(len(features)), SPECS) for _ in range(2))

    assert one.drivers == two.drivers
    assert one.curve == two.curve


def test_the_seeds_own_fields_leak_and_so_do_their_kin() -> None:
    rules = {"rich": {"field": "aum", "op": "gte", "value": 1}, "loop": {"segment": "loop"}}
    rule = {
        "all": [
            {"not": {"segment": "rich"}},
            {"segment": "loop"},
            {"tag": "x"},
            {"field": "city", "op": "eq", "value": "A"},
        ]
    }

    found = leaking_fields(rule, rules, {"aum": "total_asset"}, tags={})

    assets = {"total_asset", "avg20_asset", "asset_tier", "rfm_m", "rfm_segment", "hnw"}
    assert found == {"city", "region"} | assets
    assert "lifecycle" in leaking_fields({"lifecycle": ["成熟"]}, {}, {}, tags={})


def test_so_does_what_is_made_of_the_events_and_touches_that_it_asks_about() -> None:
    steps = {"sequence": [{"event": "fund_viewed"}, {"event": "login"}]}
    touched = {"touch": {"journey": "j", "state": "opened"}}

    told = leaking_fields({"any": [steps, touched]}, {}, {}, tags={})

    assert {"fund_browse_7d", "active_days_30", "last_login_days", "open_rate_90d"} <= told
    assert "total_asset" not in told


def test_a_tag_leaks_what_its_own_rule_speaks_of() -> None:
    tags = {"senior": {"field": "age", "op": "gte", "value": 65}, "loop": {"tag": "loop"}}

    told = leaking_fields({"all": [{"tag": "senior"}, {"tag": "loop"}]}, {}, {}, tags=tags)

    assert told == {"age", "birth_on", "age_band"}


def test_every_field_that_leaks_by_kin_is_one_that_the_product_fills() -> None:
    scored = {field.key for field in FIELDS}
    filled = {*Catalog.build().fields, *VALUES, *scored}

    leaking = OF_ANY_EVENT.union(*KIN, OF_TOUCHES, *OF_EVENTS.values())
    assert leaking <= filled


@pytest.mark.parametrize(
    ("origin", "basis", "statement", "expected"),
    [
        (Origin.OWN, Basis.CONSENT, "buyers of last spring", None),
        (Origin.PARTNER, Basis.CONTRACT, "by agreement 12/2025", None),
        (Origin.COMPETITOR, Basis.CONSENT, "buyers of last spring", COMPETITOR),
        (Origin.OWN, Basis.NONE, "buyers of last spring", NO_BASIS),
        (Origin.PARTNER, Basis.CONSENT, " so      ", NO_BASIS),
    ],
)
def test_a_list_needs_an_origin_and_a_basis_that_allow_it(
    origin: Origin, basis: Basis, statement: str, expected: object
) -> None:
    assert objection(origin, basis, statement) == expected
