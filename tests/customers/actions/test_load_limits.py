"""Staged rows that no column takes: refused with their place, never an error of the database."""

from pathlib import Path
from typing import Any

import pytest

from customers.errors import FileRejected
from customers.models import Account, QualityRule, RiskAssessment
from tests.customers.actions.test_load_file import TODAY, account, load, product
from tests.factories import make_people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def customer() -> int:
    return make_people(1, prefix="C")[0]  # C00000


TOO_LARGE = [
    ("prices", {"product": "F1", "quoted_on": TODAY, "close": 1}, ["adjustment"]),
    (
        "positions",
        {"account": "A1", "product": "F1", "held_on": TODAY, "quantity": 1, "market_value": 1},
        ["price"],
    ),
    (
        "trades",
        {
            "external_id": "T1",
            "account": "A1",
            "product": "F1",
            "traded_at": TODAY,
            "side": "buy",
            "quantity": 1,
            "status": "filled",
        },
        ["price"],
    ),
    (
        "corporate_actions",
        {"product": "F1", "kind": "dividend", "ex_on": TODAY},
        ["ratio", "amount"],
    ),
    (
        "risk_assessments",
        {"customer": "C00000", "assessed_at": TODAY, "level": "C3"},
        ["score"],
    ),
]


@pytest.mark.parametrize(("kind", "row", "fields"), TOO_LARGE, ids=[one[0] for one in TOO_LARGE])
def test_a_number_that_no_column_takes_refuses_its_row(
    tmp_path: Path, customer: int, kind: str, row: dict[str, Any], fields: list[str]
) -> None:
    load(tmp_path, "accounts", [account()])
    load(tmp_path, "products", [product()])

    for field in fields:
        told = load(tmp_path, kind, [{**row, field: "9999999999999.99"}])

        assert (told.rows_ok, told.rows_bad) == (0, 1)
        listed = Path(told.errors_file or "").read_text(encoding="utf-8-sig")
        assert f",{field},number_out_of_range," in listed


def test_the_largest_number_is_not_rounded_beyond_its_column(tmp_path: Path, customer: int) -> None:
    load(tmp_path, "accounts", [account()])
    row = {"account": "A1", "valued_on": TODAY, "market_value": 0, "net": 0}

    told = load(tmp_path, "assets", [{**row, "cash": "9999999999999999.999999"}])

    assert told.rows_bad == 1


def test_a_price_of_nothing_refuses_its_row(tmp_path: Path) -> None:
    load(tmp_path, "products", [product()])

    told = load(tmp_path, "prices", [{"product": "F1", "quoted_on": TODAY, "close": "", "nav": ""}])

    assert (told.rows_ok, told.rows_bad) == (0, 1)


@pytest.mark.parametrize(("one", "two"), [("qty", "quantity"), ("Quantity", "quantity ")])
def test_two_columns_of_one_field_are_refused_unless_somebody_chooses(
    tmp_path: Path, one: str, two: str
) -> None:
    row = {"account": "A1", "product": "F1", "held_on": TODAY, "market_value": 1}

    with pytest.raises(FileRejected) as refused:
        load(tmp_path, "positions", [{**row, one: 1, two: 2}])

    assert refused.value.code == "field_twice"
    told = load(tmp_path, "positions", [{**row, one: 1, two: 2}], mapping={one: "quantity"})
    assert told.rows_bad == 1  # it is read, and there is no such account


def test_days_of_no_calendar_in_use_refuse_their_row(tmp_path: Path, customer: int) -> None:
    early = [account("A1", opened_on="1000-01-01"), account("A2", opened_on="1899-12-30")]

    told = load(tmp_path, "accounts", early)

    assert told.rows_bad == 2
    assert not Account.objects.exists()


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_the_database_could_not_give_back_refuses_its_row(
    tmp_path: Path, customer: int, at: str
) -> None:
    told = load(
        tmp_path, "risk_assessments", [{"customer": "C00000", "assessed_at": at, "level": "C3"}]
    )

    assert told.rows_bad == 1
    assert not RiskAssessment.objects.exists()


def test_rows_that_cannot_be_stored_are_refused_where_no_rule_is_in_force(
    tmp_path: Path, customer: int
) -> None:
    load(tmp_path, "accounts", [account("A0")])
    QualityRule.objects.filter(kind="accounts").update(is_active=False)

    told = load(
        tmp_path, "accounts", [account("A1"), account("A1"), account("A2", customer="nobody")]
    )

    assert (told.rows_ok, told.rows_bad, told.findings) == (1, 2, ())
    assert set(Account.objects.values_list("number", flat=True)) == {"A0", "A1"}
