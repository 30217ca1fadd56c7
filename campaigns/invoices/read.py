"""Read the lines of a provider's invoice (CSV); what cannot be read is told by line and reason.

Columns, in any order and case: `provider_id` or `key` (at least one), `amount`, `date`, and
optionally `segments` (1) and `currency` (the account's), each at most once.  UTF-8, with or
without byte order mark, or GB18030, as spreadsheets in China save it.  An amount below zero, or in
brackets, is a credit.
"""

import csv
import io
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol

MOST_BYTES: Final = 50_000_000
_LONGEST_REFERENCE = 200
_COLUMNS = ("provider_id", "key", "amount", "date", "segments", "currency")
_MOST_SEGMENTS = 32_767
# Below zero by a sign or by brackets, with or without the mark of yuan and yen.  Groups of three
# only with a decimal point: elsewhere in the world 1,234 is a little more than one.
_AMOUNT = re.compile(
    r"(?:(?P<sign>[-\u2212])|(?P<open>\())?(?P<mark>[\u00a5\uffe5])?"
    r"(?P<number>[0-9]{1,8}(?:\.[0-9]{1,6})?|[0-9]{1,3}(?:,[0-9]{3}){1,2}\.[0-9]{1,6})"
    r"(?(open)\))"
)
_MARKED = frozenset({"CNY", "JPY"})
# Spreadsheets in China leave out the zeros of 2026/03/02; without strokes nothing may be left out.
_DAY = re.compile(
    r"(?P<year>[0-9]{4})(?:(?P<stroke>[-/])(?P<month>[0-9]{1,2})(?P=stroke)(?P<day>[0-9]{1,2})"
    r"|(?P<mm>[0-9]{2})(?P<dd>[0-9]{2}))"
)


class Fault(StrEnum):
    """Why a line, or the whole file, cannot be taken."""

    NOT_TEXT = "not_text"  # the file is neither UTF-8 nor GB18030
    TOO_LARGE = "too_large"
    NO_COLUMNS = "no_columns"  # neither provider_id nor key, or no amount or date
    COLUMN_TWICE = "column_twice"  # two columns of one name: which of them counts?
    NOT_CSV = "not_csv"  # a line that breaks the form, such as an open quote
    NO_REFERENCE = "no_reference"
    BAD_AMOUNT = "bad_amount"
    BAD_SEGMENTS = "bad_segments"
    BAD_DATE = "bad_date"
    OTHER_CURRENCY = "other_currency"  # not the account's: it stays out of the sums


class _Rows(Protocol):
    """What `csv.reader` returns."""

    @property
    def line_num(self) -> int: ...

    def __next__(self) -> list[str]: ...

    def __iter__(self) -> Iterator[list[str]]: ...


class FileUnreadable(ValueError):
    """Nothing of the file can be taken."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message the provider charges for, or with an amount below zero gives back.

    ``reference`` is its id, or our key in hex.
    """

    number: int
    reference: str
    segments: int
    amount: Decimal
    billed_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that was not taken."""

    number: int
    fault: Fault


def read_invoice(content: bytes, *, currency: str) -> Iterator[Line | BadLine]:
    """Return every line but the header and blank ones.  Raises FileUnreadable at once."""
    if len(content) > MOST_BYTES:
        raise FileUnreadable(Fault.TOO_LARGE)
    rows = csv.reader(io.StringIO(_text(content), newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(rows, [])]
    except csv.Error as error:
        raise FileUnreadable(Fault.NOT_CSV) from error
    if not ({"amount", "date"} <= set(header) and {"provider_id", "key"} & set(header)):
        raise FileUnreadable(Fault.NO_COLUMNS)
    if any(header.count(name) > 1 for name in _COLUMNS):
        raise FileUnreadable(Fault.COLUMN_TWICE)
    return _lines(rows, header, currency)


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileUnreadable(Fault.NOT_TEXT)


def _lines(rows: _Rows, header: Sequence[str], currency: str) -> Iterator[Line | BadLine]:
    while True:
        try:
            cells = next(rows, None)
        except csv.Error:
            yield BadLine(number=rows.line_num, fault=Fault.NOT_CSV)
            continue
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            named = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
            yield _line(rows.line_num, named, currency)


def _line(number: int, cells: Mapping[str, str], currency: str) -> Line | BadLine:
    reference = _key(cells.get("key", "")) or cells.get("provider_id", "")
    # An export of ours may have put a quote before what a spreadsheet takes for a formula.
    reference = reference.removeprefix("'").replace("\x00", "")
    amount, segments = _amount(cells.get("amount", ""), currency), _segments(cells)
    billed_on = _day(cells.get("date", ""))
    if not reference or len(reference) > _LONGEST_REFERENCE:
        return BadLine(number=number, fault=Fault.NO_REFERENCE)
    if amount is None:
        return BadLine(number=number, fault=Fault.BAD_AMOUNT)
    if segments is None:
        return BadLine(number=number, fault=Fault.BAD_SEGMENTS)
    if billed_on is None:
        return BadLine(number=number, fault=Fault.BAD_DATE)
    if cells.get("currency", "").upper() not in ("", currency):
        return BadLine(number=number, fault=Fault.OTHER_CURRENCY)
    return Line(
        number=number, reference=reference, segments=segments, amount=amount, billed_on=billed_on
    )


def _key(text: str) -> str:
    try:
        return uuid.UUID(text).hex if text else ""
    except ValueError:
        return ""


def _amount(text: str, currency: str) -> Decimal | None:
    """An amount, below zero where it is a credit: `-0.05`, `(0.05)`.

    >>> _amount("￥1,234.50", "CNY"), _amount("(0.05)", "CNY"), _amount("1,234", "CNY")
    (Decimal('1234.50'), Decimal('-0.05'), None)
    """
    found = _AMOUNT.fullmatch(text)
    if found is None or (found["mark"] and currency not in _MARKED):
        return None
    amount = Decimal(found["number"].replace(",", ""))
    return -amount if found["sign"] or found["open"] else amount


def _segments(cells: Mapping[str, str]) -> int | None:
    # A credit's may be below zero, as its amount is.
    text = cells.get("segments", "").removeprefix("-") or "1"
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        return None
    return int(text) if 0 < int(text) <= _MOST_SEGMENTS else None


def _day(text: str) -> date | None:
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    parts = (found["year"], found["month"] or found["mm"], found["day"] or found["dd"])
    try:
        return date(*(int(part) for part in parts))
    except ValueError:
        return None
