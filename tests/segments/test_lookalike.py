"""Rankings by likeness: who is asked about, who is left out, what is kept."""

from datetime import datetime
from typing import Any

import pytest
from django.core.management import call_command

from compliance.models import AuditEntry
from customers.models import Customer
from segments.actions.ask_lookalike import Seed, ask_lookalike
from segments.actions.rank_lookalike import CELLS, field_of, rank_lookalike, sample_size
from segments.actions.refresh import refresh
from segments.errors import LookalikeRefused
from segments.likeness.model import Spec
from segments.likeness.seeds import LEAST_OTHERS, Basis, Origin
from segments.models import LookalikeRun, Segment
from segments.queries.sizes import preview
from tests.factories import NOW, make_people, make_segment, make_staff

pytestmark = pytest.mark.django_db
IN_SEED = {"field": "gender", "op": "eq", "value": "f"}


def people(count: int, prefix: str, **columns: Any) -> list[int]:
    return make_people(count, prefix=prefix, columns=columns, has_consent=False)


def world(seed: int = 120) -> tuple[Segment, list[int], list[int]]:
    """The seed lives in the north with much; of the others some do, and most do not."""
    people(seed, "S", gender="f", region="north", total_asset="900000")
    alike = people(40, "L", gender="m", region="north", total_asset="850000")
    unlike = people(200, "U", gender="m", region="south", total_asset="2000")
    segment = make_segment("ladies", IN_SEED)
    refresh(segment=segment, now=NOW)
    return segment, alike, unlike


def asked(segment: Segment, size: int = 30, **stated: Any) -> LookalikeRun:
    told = {"origin": Origin.OWN, "basis": Basis.CONSENT, "statement": "our own, by consent"}
    seed = Seed(segment=segment, **{**told, **stated})
    return ask_lookalike(seed=seed, size=size, actor=make_staff().marketer, now=NOW)


def test_the_most_alike_carry_the_score_and_a_rule_finds_them() -> None:
    segment, alike, _unlike = world()
    run = asked(segment)

    assert rank_lookalike(run=run, now=NOW)

    run.refresh_from_db()
    rule = {"field": "lookalike_ladies", "op": "gte", "value": 0.5}
    assert preview(rule, now=NOW).count == 30
    carrying = Customer.objects.filter(attributes__has_key="lookalike_ladies")
    assert set(carrying.values_list("id", flat=True)) == set(sorted(alike)[:30])
    assert (run.state, run.seed_size, run.ranked, run.random_seed) == ("done", 120, 240, 42)
    assert run.version.startswith("scikit-learn ")


def test_a_seed_of_almost_everybody_is_refused_in_words() -> None:
    people(120, "S", gender="f", total_asset="900000")
    people(LEAST_OTHERS - 1, "U", gender="m", total_asset="10")
    segment = make_segment("everybody", IN_SEED)
    refresh(segment=segment, now=NOW)
    run = asked(segment)

    assert rank_lookalike(run=run, now=NOW)

    run.refresh_from_db()
    assert run.state == "refused"
    assert run.why == {"code": "too_few_others", "count": 19, "least": 20}


def test_the_seeds_own_field_is_excluded_and_told_so() -> None:
    segment, _alike, _unlike = world()
    run = asked(segment)

    rank_lookalike(run=run, now=NOW)

    assert run.excluded == ["gender"]
    assert "gender" not in run.features
    assert {"region", "total_asset"} <= set(run.features)
    names = {name for name, _weight in run.drivers}
    assert "region = north" in names
    assert not any(name.startswith("gender") for name in names)


def test_the_curve_falls_with_the_size_of_the_audience() -> None:
    segment, _alike, _unlike = world()
    run = asked(segment)

    rank_lookalike(run=run, now=NOW)

    sizes = [point["size"] for point in run.curve]
    assert sizes == sorted(sizes)
    assert run.curve[-1]["recall"] > 0.95
    assert run.curve[-1]["precision"] == pytest.approx(120 / 180, abs=0.07)


def test_who_objects_or_is_restricted_is_neither_learnt_from_nor_ranked() -> None:
    segment, alike, _unlike = world(seed=140)
    Customer.objects.filter(pk=alike[0]).update(personalise_off=True)
    Customer.objects.filter(pk=alike[1]).update(status="restricted")
    members = Customer.objects.filter(customer_no__startswith="S").order_by("id")
    Customer.objects.filter(pk__in=[one.pk for one in members[:15]]).update(personalise_off=True)
    run = asked(segment, size=500)

    rank_lookalike(run=run, now=NOW)

    assert (run.seed_size, run.ranked) == (125, 238)
    carrying = Customer.objects.filter(attributes__has_key="lookalike_ladies")
    assert not carrying.filter(pk__in=alike[:2]).exists()
    assert not carrying.filter(customer_no__startswith="S").exists()


def test_a_second_run_takes_the_field_from_who_is_no_longer_among_the_best() -> None:
    segment, _alike, _unlike = world()
    rank_lookalike(run=asked(segment, size=60), now=NOW)

    rank_lookalike(run=asked(segment, size=10), now=NOW)

    assert Customer.objects.filter(attributes__has_key="lookalike_ladies").count() == 10


def test_two_runs_of_the_same_people_are_the_same() -> None:
    segment, _alike, _unlike = world()
    first, second = asked(segment), asked(segment)

    call_command("rank_lookalikes")

    first.refresh_from_db()
    second.refresh_from_db()
    assert first.input_hash == second.input_hash != ""
    assert (first.curve, first.drivers) == (second.curve, second.drivers)


def test_a_ranking_that_fails_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    segment, _alike, _unlike = world()
    broken, sound = asked(segment), asked(segment)

    def rank(*, run: LookalikeRun, now: datetime) -> bool:
        if run == broken:
            raise MemoryError("no room for the model")
        return rank_lookalike(run=run, now=now)

    monkeypatch.setattr("segments.management.commands.rank_lookalikes.rank_lookalike", rank)
    with pytest.raises(MemoryError):
        call_command("rank_lookalikes")

    states = [LookalikeRun.objects.get(pk=run.pk).state for run in (broken, sound)]
    assert states == ["asked", "done"]


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ({"origin": Origin.COMPETITOR}, "competitor_list"),
        ({"basis": Basis.NONE}, "no_lawful_basis"),
        ({"statement": ""}, "no_lawful_basis"),
    ],
)
def test_a_list_we_may_not_use_is_refused_and_the_attempt_is_on_record(
    stated: dict[str, Any], code: str
) -> None:
    segment, _alike, _unlike = world()

    with pytest.raises(LookalikeRefused) as refused:
        asked(segment, **stated)

    assert refused.value.code == code
    assert not LookalikeRun.objects.exists()
    entry = AuditEntry.objects.get(action="lookalike.refuse")
    assert (entry.subject, entry.detail["refused"]) == ("ladies", code)


def test_a_seed_of_99_is_too_small() -> None:
    segment, _alike, _unlike = world(seed=99)

    with pytest.raises(LookalikeRefused, match="99 members"):
        asked(segment)


def test_a_seed_that_shrank_meanwhile_is_refused_when_its_turn_comes() -> None:
    segment, _alike, _unlike = world(seed=100)
    run = asked(segment)
    Customer.objects.filter(customer_no="S00000").update(personalise_off=True)

    rank_lookalike(run=run, now=NOW)

    assert (run.state, run.why) == (
        "refused",
        {"code": "seed_too_small", "count": 99, "least": 100},
    )


def test_a_long_key_makes_a_field_that_fits() -> None:
    long, other = Segment(key="k" * 80), Segment(key="k" * 79 + "j")

    assert len(field_of(long)) <= 64
    assert field_of(long) != field_of(other)


def test_a_model_of_many_columns_is_fitted_on_fewer_people() -> None:
    wide = [Spec(name=str(number), values=tuple("abcdefgh")) for number in range(250)]

    assert sample_size([Spec(name="one")]) == 50_000
    assert sample_size(wide) == 5_000
    assert 2 * sample_size(wide) * 2_000 == CELLS
