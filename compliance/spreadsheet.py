"""Tables as CSV that a spreadsheet opens without running anything from them.

RFC 4180 with a byte order mark, so that Excel reads UTF-8. A text that a spreadsheet would take
for a formula gets a single quote in front (OWASP ASVS 1.2.10); numbers of ours stay numbers. An
importer takes one quote off again, so what was exported comes back as it was.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

Value = str | int | float | Decimal | None

BOM = "\ufeff"
_CHUNK = 64 * 1024  # characters
# ASCII signs, control characters that are skipped or split cells, and the full-width signs that
# some spreadsheets fold to ASCII. Quotes in front count too, or taking one off would not be exact.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\x00＝＋－＠]")


def csv_bytes(*, headers: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    """The table as UTF-8 with a byte order mark, lines ended by CRLF."""
    return b"".join(csv_chunks(headers=headers, rows=rows))


def csv_chunks(*, headers: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[bytes]:
    """The same in parts, for tables that should not stand in memory whole."""
    text = io.StringIO()
    text.write(BOM)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([neutralised(header) for header in headers])
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        if text.tell() > _CHUNK:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def neutralised(text: str) -> str:
    """The text, with a quote in front if a spreadsheet could take it for a formula.

    >>> neutralised("=1+1"), neutralised("a=1")
    ("'=1+1", 'a=1')
    """
    return f"'{text}" if _FORMULA.match(text) else text


def restored(cell: str) -> str:
    """What `neutralised` was given.

    >>> restored("'=1+1"), restored("it's")
    ('=1+1', "it's")
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _cell(value: Value) -> str:
    match value:
        case None:
            return ""
        case str():
            return neutralised(value)
        case float():
            return repr(value)
        case _:
            return format(value, "f") if isinstance(value, Decimal) else str(value)
