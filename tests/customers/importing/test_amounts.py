"""Amounts are stored as they were written, to the last digit, or their row is refused."""

import csv
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.db.models import DecimalField

from compliance.queries import clock_now
from customers.actions.import_customers import import_customers
from customers.errors import CellError
from customers.importing.cells import COLUMNS, Converter, to_amount, to_money, to_number
from customers.importing.kinds.registry import KINDS
from customers.models import Customer, ProductTerms, RiskAssessment

# Of more than sixteen digits no cell is a plain number.
TOO_LARGE = {"number_out_of_range", "not_a_number"}
if TYPE_CHECKING:
    Column = DecimalField[Any, Any]
else:
    Column = DecimalField


def code_of(convert: Converter, cell: str) -> str:
    """Why a cell is refused; "" where it is taken."""
    try:
        convert(cell)
    except CellError as error:
        return error.code
    return ""


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("1,234,567.8912", "1234567.8912"),
        ("0.1000000000", "0.1"),
        ("5.25%", "0.0525"),
        ("9999999999999999.9999", "9999999999999999.9999"),
        ("-0.0001", "-0.0001"),
    ],
)
def test_an_amount_that_its_column_holds_is_kept_whole(cell: str, told: str) -> None:
    assert Decimal(str(to_money(cell))) == Decimal(told)


@pytest.mark.parametrize(
    "cell", ["0.00005", "1.23456", "1.234%", "-9.00001", "0.333333333333333", "1." + "0" * 29 + "1"]
)
def test_an_amount_with_more_decimals_is_refused(cell: str) -> None:
    assert code_of(to_money, cell) == "number_too_precise"


@pytest.mark.parametrize("cell", ["10,000,000,000,000,000", "10000000000000000", "-1" + "0" * 16])
def test_an_amount_beyond_its_column_is_refused(cell: str) -> None:
    assert code_of(to_money, cell) in TOO_LARGE


@pytest.mark.parametrize("cell", ["123456789012.123456789", "0.12345678901234567"])
def test_a_number_that_would_lose_digits_is_refused(cell: str) -> None:
    assert code_of(to_number, cell) == "number_too_precise"


@pytest.mark.parametrize("cell", ["0.1", "1234567890123456", "12345678901234.5", "0.123456789"])
def test_a_number_that_loses_none_is_kept(cell: str) -> None:
    assert Decimal(repr(to_number(cell))) == Decimal(cell)


def decimal_columns() -> list[tuple[str, Converter, Column]]:
    """Each amount of each kind of file, with the column that it goes to."""
    tables = {model._meta.db_table: model for model in apps.get_models()}
    of_acts = {"products": ProductTerms, "risk_assessments": RiskAssessment}
    found: list[tuple[str, Converter, Column]] = []
    for key, kind in KINDS.items():
        model = of_acts.get(key) or tables.get(kind.table)
        for one in kind.fields:
            if one.type == "numeric":
                assert model is not None, key
                column = model._meta.get_field(one.name)
                assert isinstance(column, DecimalField)
                found.append((f"{key}.{one.name}", one.convert, column))
    for field in Customer._meta.get_fields():
        if isinstance(field, DecimalField):
            found.append((f"customers.{field.name}", COLUMNS[field.name], field))
    return found


@pytest.mark.parametrize(
    ("convert", "column"),
    [pytest.param(convert, column, id=name) for name, convert, column in decimal_columns()],
)
def test_every_field_takes_what_its_column_holds_and_no_more(
    convert: Converter, column: Column
) -> None:
    whole = column.max_digits - column.decimal_places
    fullest = "9" * whole + "." + "9" * column.decimal_places

    assert convert(fullest) == fullest
    assert code_of(convert, f"{fullest}1") == "number_too_precise"
    assert code_of(convert, "1" + "0" * whole) in TOO_LARGE


def test_zero_decimals_ask_for_whole_numbers() -> None:
    assert code_of(to_amount(3, 0), "1.5") == "number_too_precise"
    assert to_amount(3, 0)("2.0") == "2.0"


@pytest.mark.django_db
@pytest.mark.parametrize("dry_run", [True, False])
def test_the_list_of_refused_rows_names_row_column_and_value(
    settings: Any, tmp_path: Path, dry_run: bool
) -> None:
    settings.MEDIA_ROOT = tmp_path
    path = tmp_path / "f.csv"
    path.write_text("customer_no,total_asset\nu1,10.5\nu2,10.12345\n", encoding="utf-8")

    result = import_customers(path=path, dry_run=dry_run, now=clock_now())

    assert (result.rows_ok, result.rows_bad) == (1, 1)
    with Path(result.errors_file or "").open(encoding="utf-8-sig", newline="") as file:
        [row] = csv.DictReader(file)
    assert (row["customer_no"], row["line"], row["column"]) == ("u2", "3", "total_asset")
    assert (row["code"], row["value"]) == ("number_too_precise", "10.12345")
    assert "round it where it comes from" in row["message"]
    stored = dict(Customer.objects.values_list("customer_no", "total_asset"))
    assert stored == ({} if dry_run else {"u1": Decimal("10.5")})
