"""Workbooks as other programs write them: wrong sizes, rounded numbers, formulas, hidden sheets."""

import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900
from openpyxl.worksheet.worksheet import Worksheet

from customers.errors import FileRejected
from customers.importing.kinds.registry import KINDS
from customers.importing.layout import find_layout
from customers.importing.mapping import Wish, make_plan
from customers.importing.reader import Record, read_header, read_records
from customers.importing.rows import GoodRow, judge
from customers.importing.staging import StagedValue, find_columns, judge_staged
from customers.vocabulary import AttributeType

PEOPLE = [["id", "phone", "born"], ["u1", "13800138000", date(1990, 3, 7)], ["u2", "", None]]
SHEET = "xl/worksheets/sheet1.xml"


def save(folder: Path, rows: Sequence[Sequence[object]]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(row)
    book.save(folder / "f.xlsx")
    return folder / "f.xlsx"


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> Path:
    """The same workbook with its first sheet's XML changed."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts[SHEET] = change(parts[SHEET])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, part in parts.items():
            new.writestr(name, part)
    return path


def read(path: Path) -> list[Record]:
    layout = find_layout(path, encoding=None)
    return list(read_records(path, layout, columns=len(read_header(path, layout))))


@pytest.mark.parametrize("told", [b'<dimension ref="A1"/>', b'<dimension ref="A1:XFD9"/>', b""])
def test_every_cell_is_read_whatever_the_sheet_says_of_its_size(
    tmp_path: Path, told: bytes
) -> None:
    path = rewrite(
        save(tmp_path, PEOPLE), lambda sheet: re.sub(rb"<dimension [^>]*/>", told, sheet)
    )

    assert [record.cells for record in read(path)] == [
        ["u1", "13800138000", "1990-03-07"],
        ["u2", "", ""],
    ]


def test_numbers_are_read_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    path = rewrite(
        save(tmp_path, [["id", "a", "b"], ["u1", 1, 2]]),
        lambda sheet: sheet.replace(b"<v>1</v>", b"<v>1234.5700000000002</v>").replace(
            b"<v>2</v>", b"<v>1.0000000000000001E-5</v>"
        ),
    )

    assert read(path)[0].cells == ["u1", "1234.57", "0.00001"]


def test_a_long_number_that_lost_digits_keeps_its_exponent(tmp_path: Path) -> None:
    path = save(tmp_path, [["id"], [1.10101e17]])

    assert read(path)[0].cells == ["1.10101e+17"]


def test_times_and_days_are_read_as_such(tmp_path: Path) -> None:
    path = save(
        tmp_path, [["a", "b"], [datetime.fromisoformat("2026-01-02T09:30"), date(2026, 1, 2)]]
    )

    assert read(path)[0].cells == ["2026-01-02T09:30:00", "2026-01-02"]


def test_a_formula_that_nobody_worked_out_spoils_its_row(tmp_path: Path) -> None:
    path = save(tmp_path, [["id", "a"], ["u1", "=1+1"], ["u2", "x"]])

    assert [(record.line, record.code) for record in read(path)] == [
        (2, "formula_uncalculated"),
        (3, ""),
    ]


def test_a_formula_with_its_result_is_the_result(tmp_path: Path) -> None:
    path = rewrite(
        save(tmp_path, [["id", "a"], ["u1", "=1+1"]]),
        lambda sheet: re.sub(rb"<v ?/>|<v></v>", b"<v>2</v>", sheet),
    )

    assert [(record.cells, record.code) for record in read(path)] == [(["u1", "2"], "")]


def test_merged_cells_leave_the_rest_blank(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(save(tmp_path, PEOPLE))
    book.worksheets[0].merge_cells("A2:A3")
    book.save(tmp_path / "f.xlsx")

    assert [record.cells[0] for record in read(tmp_path / "f.xlsx")] == ["u1"]


def test_the_first_sheet_that_holds_rows_and_is_shown_is_read(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(save(tmp_path, [["hidden"], ["x"]]))
    book.worksheets[0].sheet_state = "hidden"
    book.create_sheet("blank")
    shown = book.create_sheet("people")
    for row in PEOPLE:
        shown.append(row)
    book.active = shown
    book.save(tmp_path / "f.xlsx")

    assert [record.cells[0] for record in read(tmp_path / "f.xlsx")] == ["u1", "u2"]


@pytest.mark.parametrize(("epoch", "born"), [(1900, "1986-03-04"), (1904, "1990-03-05")])
def test_days_are_counted_from_where_the_workbook_counts_them(
    tmp_path: Path, epoch: int, born: str
) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904 if epoch == 1904 else CALENDAR_WINDOWS_1900
    for row in (["id", "born", "points", "opened"], ["u1", 31475, 31475, date(2020, 1, 2)]):
        book.worksheets[0].append(row)
    book.save(tmp_path / "f.xlsx")
    header = ["id", "born", "points", "opened"]
    wishes = {
        "born": Wish(field="birth_on", type=None),
        "opened": Wish(field="trading_since", type=None),
    }
    plan = make_plan(
        header, id_index=0, wishes=wishes, known={}, guessed={"points": AttributeType.NUMBER}
    )

    [told] = [judge(record, plan, set()) for record in read(tmp_path / "f.xlsx")]

    assert isinstance(told, GoodRow)
    assert told.columns == {"birth_on": born, "trading_since": "2020-01-02"}
    assert told.attributes == {"points": 31475}


def test_days_of_a_staged_file_are_counted_so_too(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    header = ["account", "customer", "kind", "opened_on"]
    for row in (header, ["A1", "c1", "cash", 42369]):
        book.worksheets[0].append(row)
    book.save(tmp_path / "f.xlsx")
    columns = find_columns(header, KINDS["accounts"], {})

    [told] = [judge_staged(record, columns) for record in read(tmp_path / "f.xlsx")]

    assert isinstance(told, StagedValue), told
    assert told.data["opened_on"] == "2020-01-01"


def test_a_row_beyond_any_sheet_is_not_gone_through_to(tmp_path: Path) -> None:
    path = rewrite(
        save(tmp_path, PEOPLE),
        lambda sheet: sheet.replace(b'<row r="3"', b'<row r="2000000000"'),
    )

    with pytest.raises(FileRejected, match="damaged"):
        read(path)
