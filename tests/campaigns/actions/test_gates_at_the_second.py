"""What counts until the end of a day, or from its beginning on, to the microsecond."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from campaigns.actions.decide import decide
from campaigns.actions.question import Question
from campaigns.channels.base import Channel
from customers.models import Customer
from tests.factories import lift_contact_rules, make_people, make_product

pytestmark = pytest.mark.django_db
SUITED: Final = {
    "risk_level": "C4",
    "risk_assessed_on": date(2025, 6, 1),
    "lowest_class": False,
    "birth_on": date(1985, 5, 4),
    "region": "上海",
    "time_zone": "Asia/Shanghai",
}
OLD: Final = {
    "investor_type": "professional",
    "financial_asset": 5_000_000,
    "trading_since": date(2020, 1, 1),
}
# Midnight in Shanghai between the first and the second day of March, and so on.
SECOND, THIRD = datetime(2026, 3, 1, 16, tzinfo=UTC), datetime(2026, 3, 2, 16, tzinfo=UTC)
MARCH: Final = datetime(2026, 2, 28, 16, tzinfo=UTC)
NEW_YORK: Final = datetime(2026, 3, 2, 5, tzinfo=UTC)
KIRITIMATI: Final = datetime(2026, 3, 1, 10, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


def speaking(at: datetime) -> set[str]:
    answer = decide(question=Question(customer_no="P00000", product="F001", channel="sms"), now=at)
    return {finding.rule_id for finding in answer.findings}


def build(columns: dict[str, Any], facts: dict[str, Any]) -> None:
    lift_contact_rules()
    make_product(**{"distributor_risk": 4, **facts})
    make_people(1, channels=[Channel.SMS], now=MARCH - timedelta(days=90))
    Customer.objects.update(**{**SUITED, **columns})


@pytest.mark.parametrize(
    ("columns", "facts", "rule", "at"),
    [
        ({"risk_valid_until": date(2026, 3, 2)}, {}, "S-06", THIRD),
        ({"risk_assessed_on": date(2024, 2, 29)}, {}, "S-06", MARCH),
        ({"risk_assessed_on": date(2024, 3, 1)}, {}, "S-06", SECOND),
        (
            {**OLD, "professional_until": date(2026, 3, 2)},
            {"distributor_risk": 5},
            "S-01",
            THIRD,
        ),
        ({"qualified_until": date(2026, 3, 2)}, {"is_public": False}, "S-11", THIRD),
        ({"birth_on": date(1961, 3, 2)}, {}, "S-12", SECOND),
        # Elderly once it is the day with either: the day begins on Kiritimati.
        ({"birth_on": date(1961, 3, 2), "time_zone": "Pacific/Kiritimati"}, {}, "S-12", KIRITIMATI),
    ],
)
def test_a_rule_speaks_from_a_moment_on(
    columns: dict[str, Any], facts: dict[str, Any], rule: str, at: datetime
) -> None:
    build(columns, facts)

    assert rule not in speaking(at - MICROSECOND)
    assert rule in speaking(at)


@pytest.mark.parametrize(
    ("columns", "facts", "rule", "at"),
    [
        ({"birth_on": date(2008, 3, 2)}, {}, "S-12", SECOND),
        ({"birth_on": date(2008, 2, 29)}, {}, "S-12", MARCH),
        # Of age once it is the day with both: it begins in New York thirteen hours later.
        ({"birth_on": date(2008, 3, 2), "time_zone": "America/New_York"}, {}, "S-12", NEW_YORK),
        ({"risk_assessed_on": date(2026, 3, 2)}, {}, "S-06", SECOND),
        (
            {**OLD, "professional_until": date(2026, 12, 31), "trading_since": date(2024, 3, 2)},
            {"distributor_risk": 5},
            "S-01",
            SECOND,
        ),
    ],
)
def test_a_rule_is_silent_from_a_moment_on(
    columns: dict[str, Any], facts: dict[str, Any], rule: str, at: datetime
) -> None:
    build(columns, facts)

    assert rule in speaking(at - MICROSECOND)
    assert rule not in speaking(at)
