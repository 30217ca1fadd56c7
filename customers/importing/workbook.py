"""The rows of a workbook's first sheet that holds any, as text cells."""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date, datetime, time
from decimal import Decimal
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, cast
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from django.utils.translation import gettext as _

from customers.errors import FileRejected

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

_EXACT_DIGITS = 15  # that a spreadsheet's number keeps
_LATER_EPOCH = 1904  # of workbooks that come from old Macs
_ROWS_AT_MOST = 1 << 20  # that a sheet has
_CHUNK = 1 << 20
_FORMULAS = (b"<f>", b"<f ")
_DAMAGED = (ParseError, BadZipFile, zlib.error, LookupError, ValueError, OverflowError)
_Row = tuple[int, list[str], str, bool]


def sheet_rows(path: Path) -> Iterator[_Row]:
    """Line, cells, why the row cannot be read ("" when it can), and whether the workbook counts its
    days from 1904; blank rows are left out.

    Cells come without the blank ones behind the last that is filled. Hidden sheets are not read.
    Raises FileRejected when the workbook is damaged.
    """
    try:
        with ExitStack() as books:
            yield from _rows(path, books)
    except _DAMAGED as error:
        raise FileRejected("xlsx_damaged", _("The XLSX file is damaged.")) from error


def _rows(path: Path, books: ExitStack) -> Iterator[_Row]:
    book = _open(path, books, values=True)
    sheets, is_1904 = _visible(book), book.epoch.year == _LATER_EPOCH
    written = _visible(_open(path, books, values=False)) if _has_formulas(path) else repeat(None)
    for sheet, formulas in zip(sheets, written, strict=False):
        is_empty = True
        below = _cells(formulas) if formulas is not None else repeat(())
        for line, (values, told) in enumerate(zip(_cells(sheet), below, strict=False), start=1):
            if line > _ROWS_AT_MOST:  # all the rows up to a far one would be gone through
                raise FileRejected("xlsx_damaged", _("The XLSX file is damaged."))
            cells = [_text(value) for value in values]
            while cells and not cells[-1]:
                cells.pop()
            code = "formula_uncalculated" if _is_uncalculated(values, told) else ""
            if cells or code:
                is_empty = False
                yield line, cells, code, is_1904
        if not is_empty:
            return


def _open(path: Path, books: ExitStack, *, values: bool) -> "Workbook":
    # Imported when such a file is read: with NumPy, which it loads, it is 17 MB of any process.
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    # By its bytes: of a path the name's ending would be judged.
    file = books.enter_context(path.open("rb"))
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=values)
    except (InvalidFileException, *_DAMAGED, OSError, TypeError, AttributeError) as error:
        # What openpyxl makes of parts that are missing or hold something else.
        raise FileRejected("xlsx_damaged", _("The XLSX file is damaged.")) from error
    books.callback(book.close)
    return book


def _visible(book: "Workbook") -> "list[ReadOnlyWorksheet]":
    sheets = cast("list[ReadOnlyWorksheet]", book.worksheets)
    return [sheet for sheet in sheets if sheet.sheet_state == "visible"]


def _cells(sheet: "ReadOnlyWorksheet") -> Iterator[Sequence[object]]:
    # What the sheet says of its size is not to be trusted: programs that write as they go say A1.
    sheet.reset_dimensions()
    rows: Iterator[Sequence[object]] = sheet.iter_rows(values_only=True)
    return rows


def _has_formulas(path: Path) -> bool:
    """Whether any sheet holds one; then the workbook is read twice, for values and formulas."""
    with ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/"):
                continue
            with archive.open(name) as part:
                end = b""
                while chunk := part.read(_CHUNK):
                    if any(mark in end + chunk for mark in _FORMULAS):
                        return True
                    end = chunk[-2:]
    return False


def _is_uncalculated(values: Sequence[object], formulas: Sequence[object]) -> bool:
    """Whether a formula stands where no value does: no spreadsheet has opened the file since."""
    return any(
        value is None and isinstance(formula, str) and formula.startswith("=")
        for value, formula in zip(values, formulas, strict=False)
    )


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if abs(value) < 10**_EXACT_DIGITS:
            # 1234.5700000000002 is what the file says of 1234.57; written without an exponent.
            return format(Decimal(format(value, f".{_EXACT_DIGITS}g")), "f")
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)
