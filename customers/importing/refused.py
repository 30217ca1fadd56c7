"""The file of refused and flagged rows that goes back to whoever sent the import."""

import csv
import os
from collections.abc import Sequence
from dataclasses import astuple, fields
from itertools import islice
from pathlib import Path

from customers.importing.rows import BadRow

_HEADER = tuple(field.name for field in fields(BadRow))
# A spreadsheet runs a cell that begins so; the apostrophe makes it text.
_FORMULA = tuple("=+-@\t\r＝＋－＠")


def start(path: Path, *, keep_to: int) -> None:
    """Begin the file, or drop what a killed run wrote beyond the rows it committed.

    Parameters
    ----------
    keep_to : number of the last row whose batch was committed, 0 for a new file
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    kept: list[list[str]] = []
    if keep_to and path.exists():
        with path.open(encoding="utf-8-sig", newline="") as file:
            kept = [row for row in csv.reader(file) if row[0].isdigit() and int(row[0]) <= keep_to]
    fresh = path.with_suffix(".part")
    # With a byte order mark, which is how spreadsheets know UTF-8.
    with fresh.open("w", encoding="utf-8-sig", newline="") as file:
        fresh.chmod(0o600)
        csv.writer(file).writerows([_HEADER, *kept])
    fresh.replace(path)


def first_rows(path: Path, most: int) -> list[dict[str, str]]:
    """The first rows of the file by column name, as they are shown on a page."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(islice(csv.DictReader(file), most))


def append(path: Path, bad: Sequence[BadRow]) -> None:
    """Add rows, on disk when this returns."""
    if not bad:
        return
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([_safe(cell) for cell in astuple(row)] for row in bad)
        file.flush()
        os.fsync(file.fileno())


def _safe(cell: str | int) -> str | int:
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return "'" + cell
    return cell
