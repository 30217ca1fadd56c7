"""Risk assessments: the newest one counts, and nobody repeats them until one suits (S-07)."""

from datetime import UTC, datetime, timedelta

import pytest

from customers.actions.assessments import Assessment, record_assessments
from customers.models import Customer, RiskAssessment
from tests.factories import make_people

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


def assess(customer_id: int, level: str, at: datetime, **facts: object) -> bool:
    """Whether it counted."""
    told = Assessment(
        customer_id=customer_id,
        level=level,
        assessed_at=at,
        lowest_class=False,
        **facts,  # type: ignore[arg-type]
    )
    return not record_assessments(assessments=[told], source="test", now=at)


def test_an_assessment_becomes_what_is_known_of_the_customer() -> None:
    (customer,) = make_people(1)

    assert assess(customer, "C4", NOON, horizon_months=24, objectives=["equity"])

    known = Customer.objects.get()
    assert (known.risk_level, known.horizon_months, known.objectives) == ("C4", 24, ["equity"])
    assert known.risk_assessed_on == NOON.date()
    assert known.lowest_class is False


def test_an_older_one_that_comes_later_changes_nothing_but_the_record() -> None:
    (customer,) = make_people(1)
    assess(customer, "C4", NOON)

    assess(customer, "C1", NOON - timedelta(days=90))

    assert Customer.objects.get().risk_level == "C4"
    assert RiskAssessment.objects.count() == 2


def test_the_third_of_a_day_and_the_ninth_of_a_year_are_refused() -> None:
    daily, yearly = make_people(2)

    assert [assess(daily, level, NOON) for level in ("C1", "C3", "C5")] == [True, True, False]
    assert Customer.objects.get(pk=daily).risk_level == "C3"
    days = [NOON - timedelta(days=30 * n) for n in range(9, 0, -1)]
    assert [assess(yearly, "C2", day) for day in days] == [True] * 8 + [False]
    assert RiskAssessment.objects.filter(customer=yearly).count() == 8


def test_what_is_told_under_an_older_number_is_known_of_the_one_that_stays() -> None:
    kept, gone = make_people(2)
    Customer.objects.filter(pk=gone).update(status="merged", merged_into_id=kept)

    assert assess(gone, "C1", NOON)

    assert Customer.objects.get(pk=kept).risk_level == "C1"
    assert RiskAssessment.objects.get().customer_id == kept


def test_those_under_an_older_number_count_among_his() -> None:
    kept, gone = make_people(2)
    Customer.objects.filter(pk=gone).update(status="merged", merged_into_id=kept)

    assert [assess(one, "C2", NOON) for one in (kept, gone, gone)] == [True, True, False]


def test_several_in_one_call_are_counted_in_order() -> None:
    (customer,) = make_people(1)
    told = [
        Assessment(
            customer_id=customer,
            level=f"C{number}",
            assessed_at=NOON + timedelta(minutes=number),
            lowest_class=False,
        )
        for number in (3, 1, 2)
    ]

    refused = record_assessments(assessments=told, source="test", now=NOON)

    assert [item.level for item in refused] == ["C3"]
    assert Customer.objects.get().risk_level == "C2"
