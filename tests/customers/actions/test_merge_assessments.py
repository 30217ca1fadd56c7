"""Questionnaires, through merges and their undoing: each goes back to whom it was told of."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from customers.actions.assessments import Assessment, record_assessments
from customers.actions.merge import decide_merge, propose_merge, unmerge
from customers.models import Customer, Merge, RiskAssessment
from tests.factories import make_people, make_staff

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


def day(number: int) -> datetime:
    return NOON + timedelta(days=number)


def unassessed(count: int) -> list[int]:
    ids = make_people(count)
    Customer.objects.filter(pk__in=ids).update(
        risk_level=None, risk_assessed_on=None, risk_valid_until=None, lowest_class=None
    )
    return ids


def assess(customer: int, level: str, at: datetime) -> None:
    told = Assessment(
        customer_id=customer,
        level=level,
        assessed_at=at,
        lowest_class=False,
        horizon_months=12,
        objectives=["equity"],
        valid_until=at.date() + timedelta(days=365),
    )
    assert record_assessments(assessments=[told], source="file:t", now=at) == ()


def merge(kept: int, gone: int) -> Merge:
    staff = make_staff()
    proposal = propose_merge(customer_ids=[kept, gone], maker=staff.checker, now=NOON)
    decide_merge(proposal=proposal, checker=staff.compliance, approve=True, now=NOON)
    return Merge.objects.get(kept=kept, gone=gone, undoes=None, undone=None)


def part(made: Merge) -> None:
    unmerge(merge=made, actor=make_staff().compliance, now=NOON)


def known(customer: int) -> tuple[str | None, date | None]:
    found = Customer.objects.get(pk=customer)
    return found.risk_level, found.risk_assessed_on


def levels(customer: int) -> list[str]:
    mine = RiskAssessment.objects.filter(customer=customer).order_by("assessed_at")
    return list(mine.values_list("level", flat=True))


def test_what_was_told_under_the_other_number_goes_back_with_it() -> None:
    kept, gone = unassessed(2)
    assess(kept, "C2", day(0))
    assess(gone, "C1", day(1))
    made = merge(kept, gone)
    assess(gone, "C5", day(2))
    assert known(kept) == ("C5", day(2).date())

    part(made)

    assert (levels(kept), levels(gone)) == (["C2"], ["C1", "C5"])
    assert known(kept) == ("C2", day(0).date())
    assert known(gone) == ("C5", day(2).date())
    assert not RiskAssessment.objects.exclude(told_of=None).exists()


def test_of_one_who_was_assessed_only_as_another_nothing_is_known() -> None:
    kept, gone = unassessed(2)
    made = merge(kept, gone)
    assess(gone, "C5", day(0))

    part(made)

    one = Customer.objects.get(pk=kept)
    assert (one.risk_level, one.risk_assessed_on, one.risk_valid_until) == (None, None, None)
    assert (one.lowest_class, one.horizon_months, one.objectives) == (None, None, None)
    assert "risk_level" not in one.told_at
    assert known(gone) == ("C5", day(0).date())


def test_what_was_told_under_his_own_number_stays_with_the_one_that_stays() -> None:
    kept, gone = unassessed(2)
    made = merge(kept, gone)
    assess(gone, "C5", day(0))
    assess(kept, "C3", day(1))

    part(made)

    assert (levels(kept), levels(gone)) == (["C3"], ["C5"])
    assert (known(kept)[0], known(gone)[0]) == ("C3", "C5")


def test_what_the_institution_said_later_stays_known() -> None:
    kept, gone = unassessed(2)
    made = merge(kept, gone)
    assess(gone, "C5", day(0))
    Customer.objects.filter(pk=kept).update(risk_level="C2", risk_assessed_on=day(9).date())

    part(made)

    assert known(kept) == ("C2", day(9).date())


def test_through_two_merges_it_goes_back_step_by_step() -> None:
    last, middle, first = unassessed(3)
    inner = merge(middle, first)
    outer = merge(last, middle)
    assess(first, "C5", day(0))
    assess(middle, "C4", day(1))

    part(outer)
    assert (levels(last), levels(middle)) == ([], ["C5", "C4"])
    part(inner)

    assert (levels(middle), levels(first)) == (["C4"], ["C5"])
    assert [known(one)[0] for one in (last, middle, first)] == [None, "C4", "C5"]


@pytest.mark.parametrize("seed", range(20))
def test_after_all_merges_are_undone_each_has_his_own(seed: int) -> None:
    chance = random.Random(seed)
    people = unassessed(4)
    told: dict[int, list[str]] = {one: [] for one in people}
    at, open_merges = 0, list[Merge]()
    for _step in range(14):
        at += 60
        match chance.choice(["assess", "assess", "merge", "part"]):
            case "assess":
                one, level = chance.choice(people), chance.choice(["C1", "C2", "C3", "C4", "C5"])
                assess(one, level, day(at))
                told[one].append(level)
            case "merge":
                active = Customer.objects.filter(pk__in=people, status="active")
                ids = list(active.values_list("pk", flat=True))
                if len(ids) > 1:
                    before = set(Merge.objects.values_list("pk", flat=True))
                    one, two = chance.sample(ids, 2)
                    staff = make_staff()
                    held = propose_merge(customer_ids=[one, two], maker=staff.checker, now=NOON)
                    decide_merge(proposal=held, checker=staff.compliance, approve=True, now=NOON)
                    open_merges += Merge.objects.exclude(pk__in=before)
            case _:
                if open_merges:
                    part(open_merges.pop())
    while open_merges:
        part(open_merges.pop())

    assert {one: levels(one) for one in people} == told
    for one in people:
        assert known(one)[0] == (told[one][-1] if told[one] else None), (one, told)
