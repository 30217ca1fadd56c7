"""One record after another, each with its line; a broken record never hides the next.

Only CR, LF and CRLF end a line (`str.splitlines` would also split at U+2028 or U+0085 inside a
name). A quote that is never closed spoils its own line and no other.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TextIO

from django.utils.translation import gettext as _

from customers.errors import FileRejected
from customers.id_cards import holds_id_card
from customers.identifiers import holds_contact
from customers.importing.layout import (
    COLUMNS_AT_MOST,
    MARK,
    XLSX,
    Layout,
    open_text,
    told_delimiter,
)
from customers.importing.workbook import sheet_rows

RECORD_CHARACTERS = 131_072  # csv.field_size_limit's own default, for the whole record
_LINES_IN_A_RECORD = 100
_DOS_END = "\x1a"  # Ctrl-Z, with which programs of DOS end a file
# What other programs than Excel and its like end lines with; see the docstring above.
_OTHER_ENDS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_TEXT_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
_DAMAGED = re.compile("[\ud800-\udfff]")  # bytes that are no text of the file's encoding


class Record(NamedTuple):
    """One data row as text cells, or why it cannot be read.

    A tuple, since a file of a million rows makes four million: a frozen dataclass takes four times
    as long.
    """

    number: int
    """1 for the first row below the header."""
    line: int
    """Where it begins in the file, from 1."""
    cells: list[str]
    code: str = ""
    """Not empty when the record is unreadable."""
    is_1904: bool = False
    """A bare number in a column of days counts them from 1904, not from 1900."""


def read_header(path: Path, layout: Layout) -> list[str]:
    """The column names, stripped; raises FileRejected when they cannot name columns."""
    first = next(_raw_records(path, layout), None)
    if first is None or first.code:
        raise FileRejected("header_unreadable", _("The first line holds no column names."))
    header = [cell.strip() for cell in first.cells]
    while header and not header[-1]:
        header.pop()
    named = [name for name in header if name]
    if not named or len(header) > COLUMNS_AT_MOST:
        raise FileRejected(
            "header_unreadable", _("The first line must name 1 to %d columns.") % COLUMNS_AT_MOST
        )
    _refuse_foreign_writing(named)
    if any(holds_contact("phone", name) or holds_id_card(name) for name in named):
        raise FileRejected(
            "header_is_data",
            _(
                "The first line holds a phone number, an e-mail address or the number of an"
                " identity card: name the columns there."
            ),
        )
    if doubled := {name for name in named if named.count(name) > 1}:
        raise FileRejected(
            "column_twice", _("The column %s stands twice in the header.") % sorted(doubled)[0]
        )
    return header


def _refuse_foreign_writing(names: Sequence[str]) -> None:
    """Else the whole file would be its header, or every value have its quotes in it."""
    if any(_OTHER_ENDS.search(name) for name in names):
        raise FileRejected(
            "line_ends_unknown",
            _("Its lines end otherwise than with CR or LF: save it anew as CSV."),
        )
    if all(len(name) > 1 and name[0] == name[-1] == "'" for name in names):
        raise FileRejected(
            "quotes_single",
            _("Its cells stand in single quotes: save it as CSV with double quotes or none."),
        )


def read_records(path: Path, layout: Layout, *, columns: int) -> Iterator[Record]:
    """The rows below the header, in order, blank lines left out.

    Parameters
    ----------
    columns : width of the header; a row of another width is a broken one
    """
    records = _raw_records(path, layout)
    next(records, None)
    for number, record in enumerate(records, start=1):
        code = record.code
        cells = record.cells
        if not code and len(cells) != columns:
            while len(cells) > columns and not cells[-1].strip():
                cells.pop()
            if layout.encoding == XLSX:  # which leaves out blank cells at the end of a row
                cells += [""] * (columns - len(cells))
            if len(cells) != columns:
                code = "extra_cells" if len(cells) > columns else "missing_cells"
        yield Record(number, record.line, cells, code, record.is_1904)


def count_records(path: Path, layout: Layout) -> int | None:
    """How many records `read_records` gives, where lines tell it; None where they must be read.

    A line is a record of its own unless there are quotes; to count lines takes a fifth of the
    time.
    """
    if layout.encoding == XLSX:
        return None
    count = 0
    with open_text(path, layout.encoding) as file:
        take = partial(file.readline, RECORD_CHARACTERS + 2)
        try:
            first = take().lstrip(MARK)
            if told_delimiter(first):
                return None
            for line in chain([first], iter(take, "")):
                if '"' in line or _DOS_END in line or len(line) > RECORD_CHARACTERS:
                    return None
                count += not _is_blank(line, layout.delimiter)
        except UnicodeDecodeError:  # reading tells of it
            return None
    return max(count - 1, 0)


def _raw_records(path: Path, layout: Layout) -> Iterator[Record]:
    if layout.encoding != XLSX:
        return _text_records(path, layout)
    return (
        Record(number=0, line=line, cells=cells, code=code, is_1904=is_1904)
        for line, cells, code, is_1904 in sheet_rows(path)
    )


def _text_records(path: Path, layout: Layout) -> Iterator[Record]:
    with open_text(path, layout.encoding) as file:
        try:
            yield from _split(_Lines(file), layout.delimiter)
        except UnicodeDecodeError as error:
            raise FileRejected(
                "encoding_wrong",
                _("The file is not in the encoding %s.") % layout.encoding,
                path="encoding",
            ) from error


class _Lines:
    """The lines of a file, countable and returnable."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._returned: deque[str] = deque()
        self.number = 0

    def take(self) -> str:
        """The next line without its end, "" with `ended` at the end of the file."""
        self.number += 1
        if self._returned:
            return self._returned.popleft()
        line = self._file.readline(RECORD_CHARACTERS + 2)
        if self.number == 1:
            line = line.lstrip(MARK)
        if line.endswith("\n"):
            return line
        if len(line) > RECORD_CHARACTERS:
            self._skip_rest()
            return line
        return line.rstrip(_DOS_END)  # the last line

    def give_back(self, lines: list[str]) -> None:
        """Read these again."""
        self._returned.extendleft(reversed(lines))
        self.number -= len(lines)

    def _skip_rest(self) -> None:
        while (rest := self._file.readline(RECORD_CHARACTERS)) and not rest.endswith("\n"):
            continue


def _split(lines: _Lines, delimiter: str) -> Iterator[Record]:
    while line := lines.take():
        at = lines.number
        if line == "\n" or (at == 1 and told_delimiter(line)):
            continue
        text = line.removesuffix("\n")
        if code := _spoilt(text):
            yield Record(number=0, line=at, cells=[], code=code)
        elif '"' not in text:
            if not _is_blank(text, delimiter):
                yield Record(0, at, text.split(delimiter))
        else:
            record = _quoted(line, lines, delimiter)
            if record.code or any(cell.strip() for cell in record.cells):
                yield record


def _is_blank(text: str, delimiter: str) -> bool:
    """Nothing, or nothing but delimiters, as spreadsheets write rows whose cells were emptied."""
    told = text.strip()
    return not told or (told[0] == delimiter and not told.replace(delimiter, " ").strip())


def _spoilt(text: str) -> str:
    """Why a line, or several of one record, cannot be read; "" when it can."""
    if len(text) > RECORD_CHARACTERS:
        return "too_long"
    if "\0" in text:
        return "control_character"
    return "undecodable" if not text.isascii() and _DAMAGED.search(text) else ""


def _quoted(line: str, lines: _Lines, delimiter: str) -> Record:
    """A record with quotes, which may go on over several lines."""
    at, taken, record = lines.number, list[str](), line
    while record.count('"') % 2:
        more = lines.take()
        if not more or len(taken) >= _LINES_IN_A_RECORD or len(record) > RECORD_CHARACTERS:
            lines.give_back([*taken, more] if more else taken)
            if not more:
                lines.number -= 1
            return Record(number=0, line=at, cells=[], code="quote_unclosed")
        taken.append(more)
        record += more
    try:
        cells = next(csv.reader([record.removesuffix("\n")], delimiter=delimiter, strict=True))
    except csv.Error:
        # The quotes paired up across rows that have nothing to do with each other.
        lines.give_back(taken)
        return Record(number=0, line=at, cells=[], code="quote_unclosed")
    code = _spoilt(record)
    return Record(number=0, line=at, cells=[] if code else list(map(as_meant, cells)), code=code)


def as_meant(cell: str) -> str:
    """``="0012"``, which programs write for a spreadsheet to keep all digits, is the text 0012."""
    if cell.startswith('="') and (found := _TEXT_FORMULA.fullmatch(cell)):
        return found[1].replace('""', '"')
    return cell
