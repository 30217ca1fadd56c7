"""What spreadsheets do to numbers, codes, days and times, and how it is taken."""

from pathlib import Path
from typing import Any

import pytest

from compliance.queries import clock_now
from customers.actions.import_customers import import_customers
from customers.errors import CellError
from customers.importing.cells import (
    read_moment,
    refuse_mangled,
    to_birth_date,
    to_money,
    to_text,
)
from customers.importing.kinds.base import to_currency, to_key
from customers.importing.rows import shown
from customers.models import Customer


@pytest.mark.parametrize(
    "cell",
    [
        "1001.0",
        '="0012"',
        "=A2",
        "2024/3/4",
        "2024-03-04 00:00",
        "3月4日",
        "4-Mar",
        "Mar-24",
        "###",
    ],
)
def test_a_number_that_a_spreadsheet_changed_is_refused(cell: str) -> None:
    with pytest.raises(CellError) as refused:
        refuse_mangled(cell)

    assert refused.value.code == "number_mangled"


@pytest.mark.parametrize("cell", ["1001", "0012", "F001.OF", "A-2024-03", "Mary", "12-3", "C#1"])
def test_a_number_as_institutions_write_it_is_kept(cell: str) -> None:
    refuse_mangled(cell)


@pytest.mark.parametrize("cell", ["NULL", "null", "NaN", "None", "\\N", "undefined", "无", "-"])
def test_what_says_that_there_is_no_value_is_no_code(cell: str) -> None:
    """As a code it would be the same account, product or trade for all that have none."""
    with pytest.raises(CellError) as refused:
        to_key(cell)

    assert refused.value.code == "no_value"


@pytest.mark.parametrize("cell", ["1.38E+10", "1,38E+10", "1.38E10", "1.38e-05", "1E+10"])
def test_a_code_that_a_program_rounded_is_refused(cell: str) -> None:
    with pytest.raises(CellError) as refused:
        to_key(cell)

    assert refused.value.code == "scientific_notation"


@pytest.mark.parametrize("cell", ["6E5", "600E01", "NA", "N1", "A-1"])
def test_a_code_that_only_looks_like_that_is_kept(cell: str) -> None:
    assert to_key(cell) == cell


@pytest.mark.parametrize("cell", ["$5", "-€5", "£1,000"])
def test_an_amount_in_another_currency_is_refused(cell: str) -> None:
    with pytest.raises(CellError) as refused:
        to_money(cell)

    assert refused.value.code == "currency_sign"


@pytest.mark.parametrize("cell", ["1990/3/7 0:00", "1990/3/7 0:00:00", "1990-03-07 00:00:00.000"])
def test_a_day_with_its_midnight_is_the_day(cell: str) -> None:
    assert to_birth_date(cell) == "1990-03-07"


@pytest.mark.parametrize(
    "cell", ["2026/1/2 9:30", "2026-1-2 09:30", "2026/01/02 9:30:00", "2026-01-02T09:30"]
)
def test_a_time_as_spreadsheets_write_it_is_read(cell: str) -> None:
    assert read_moment(cell).isoformat() == "2026-01-02T09:30:00"


@pytest.mark.parametrize("cell", ["2026/13/2 9:30", "2/1/2026 9:30", "2026-01/02 9:30", "9:30"])
def test_a_time_that_could_be_another_is_refused(cell: str) -> None:
    with pytest.raises(CellError, match="time"):
        read_moment(cell)


def test_an_error_of_a_spreadsheet_is_no_text() -> None:
    with pytest.raises(CellError) as refused:
        to_text()("#N/A")

    assert refused.value.code == "spreadsheet_error"


def test_a_refused_value_is_shown_without_what_acts_on_a_terminal() -> None:
    assert shown("\x1b[31mx") == "\ufffd[31mx"


def test_a_refused_name_is_masked() -> None:
    assert shown("张\x07伟", "name") == "张**"


@pytest.mark.django_db
def test_mangled_customer_numbers_make_nobody(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    path = tmp_path / "f.csv"
    path.write_text("id;name\n1,38E+10;a\n1001.0;b\n#REF!;c\nu1;d\n", encoding="utf-8")

    result = import_customers(path=path, now=clock_now())

    assert list(Customer.objects.values_list("customer_no", flat=True)) == ["u1"]
    listed = Path(result.errors_file or "").read_text(encoding="utf-8-sig")
    for code in ("scientific_notation", "number_mangled", "spreadsheet_error"):
        assert code in listed


@pytest.mark.parametrize("written", ["CNY", "cny", "RMB", "rmb", "人民币", "人民币元"])
def test_the_yuan_is_known_by_its_common_names(written: str) -> None:
    assert to_currency(written) == "CNY"


@pytest.mark.parametrize("written", ["元", "US", "US$", "人民", "C N Y", "ＣＮＹ"])
def test_what_is_no_currency_is_refused(written: str) -> None:
    with pytest.raises(CellError):
        to_currency(written)


@pytest.mark.parametrize("cell", ["2026-01-02", "2026/1/2", "20260102", "2026.1.2", "2026年1月2日"])
def test_a_day_is_its_first_moment_however_it_is_written(cell: str) -> None:
    assert read_moment(cell).isoformat() == "2026-01-02T00:00:00"


@pytest.mark.parametrize("cell", ["2026/2/30", "0000-00-00", "1/2/2026", "46024", "2026年1月"])
def test_what_is_no_day_is_no_moment_either(cell: str) -> None:
    with pytest.raises(CellError):
        read_moment(cell)
