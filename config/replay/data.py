"""The two data sets: checked before anything starts, and laid out as files to import."""

import csv
import gzip
import re
import zlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from attribution import demo_data
from config.replay.campaigns import MENS, NO_EMAIL, WOMENS

FOLDER: Final = Path(next(iter(demo_data.__path__)))

HILLSTROM_COLUMNS: Final = (
    *("recency", "history_segment", "history", "mens", "womens", "zip_code"),
    *("newbie", "channel", "segment", "visit", "conversion", "spend"),
)
BANK_COLUMNS: Final = (
    *("age", "job", "marital", "education", "default", "balance", "housing", "loan", "contact"),
    *("day", "month", "duration", "campaign", "pdays", "previous", "poutcome", "y"),
)

_AMOUNT: Final = r"[0-9]+(\.[0-9]+)?"
_WHOLE: Final = r"-?[0-9]+"
HILLSTROM_VALUES: Final = {
    "segment": "|".join((MENS, WOMENS, NO_EMAIL)),
    **dict.fromkeys(("visit", "conversion", "mens", "womens", "newbie"), "[01]"),
    **dict.fromkeys(("spend", "history", "recency"), _AMOUNT),
}
BANK_VALUES: Final = {
    "contact": "cellular|telephone|unknown",
    "campaign": "[1-9][0-9]*",
    "y": "yes|no",
    **dict.fromkeys(("age", "balance", "day", "pdays", "previous"), _WHOLE),
}
"""What the replay and the importer read from a row, as patterns: all else stays as it is."""


class DataError(Exception):
    """A data file is missing or damaged; one sentence that says what to do."""

    code = "bad_data_file"

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = str(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A customer of the replay who did something afterwards, as the data say.

    ``arm`` is Hillstrom's recorded arm, empty for clients of the bank; ``email`` too.
    """

    customer_no: str
    email: str = ""
    arm: str = ""
    visited: bool = False
    converted: bool = False
    spend: str = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A file ready to import, how many customers it has, and those who will do something."""

    path: Path
    size: int
    people: Sequence[Person]


def hillstrom(folder: Path, work: Path, limit: int | None) -> DataSet:
    """The e-mail trial: what was known before it goes into the file, its outcome does not.

    Raises
    ------
    DataError : the file is missing, damaged or has other columns.
    """
    rows = _rows(folder / "hillstrom.csv.gz", ",", HILLSTROM_COLUMNS, HILLSTROM_VALUES)
    target = work / "hillstrom.csv"
    known = HILLSTROM_COLUMNS[:9]
    people, number = [], 0
    with target.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(("customer_no", "email", *known))
        for number, row in enumerate(islice(rows, limit), 1):
            address = f"customer{number:06d}@example.com"
            writer.writerow((_number("H", number), address, *(row[column] for column in known)))
            person = Person(
                customer_no=_number("H", number),
                email=address,
                arm=row["segment"],
                visited=row["visit"] == "1",
                converted=row["conversion"] == "1",
                spend=row["spend"],
            )
            if person.visited or person.converted:
                people.append(person)
    # What a sample leaves out is looked through as well: a file that ends early is damaged.
    deque(rows, maxlen=0)
    return DataSet(path=target, size=number, people=people)


def bank(folder: Path, work: Path, limit: int | None) -> DataSet:
    """The term-deposit campaign: the call's length and the outcome stay out of the file.

    The data name nobody; each client gets a made-up phone number and push token. The file is in
    order of time and contact type, so a sample is spread evenly over it: every channel occurs.

    Raises
    ------
    DataError : the file is missing, damaged or has other columns.
    """
    source = folder / "bank-full.csv.gz"
    rows = _rows(source, ";", BANK_COLUMNS, BANK_VALUES)
    if limit is not None:
        total = sum(1 for _row in _rows(source, ";", BANK_COLUMNS, BANK_VALUES))
        rows = _spread(rows, total, limit)
    target = work / "bank.csv"
    people, number = [], 0
    known = [column for column in BANK_COLUMNS if column not in {"duration", "y"}]
    with target.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, delimiter=";")
        writer.writerow(("customer_no", "phone", "push_token", *known))
        for number, row in enumerate(rows, 1):
            contacts = (f"+86199{number:08d}", f"replay-device-{number:06d}")
            writer.writerow((_number("B", number), *contacts, *(row[column] for column in known)))
            if row["y"] == "yes":
                people.append(Person(customer_no=_number("B", number), converted=True))
    return DataSet(path=target, size=number, people=people)


def _spread(
    rows: Iterator[Mapping[str, str]], total: int, limit: int
) -> Iterator[Mapping[str, str]]:
    """Of ``total`` rows at most ``limit``, at equal distances from the first on."""
    every = max(1.0, total / limit)
    wanted = {int(number * every) for number in range(limit)}
    return (row for number, row in enumerate(rows) if number in wanted)


def _number(letter: str, number: int) -> str:
    return f"{letter}{number:06d}"


def _rows(
    path: Path, delimiter: str, columns: Sequence[str], values: Mapping[str, str]
) -> Iterator[Mapping[str, str]]:
    if not path.exists():
        raise DataError(
            f"The data file {path.name} is missing: restore it from the repository.", path
        )
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
            yield from _checked(csv.DictReader(text, delimiter=delimiter), path, columns, values)
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as error:
        raise DataError(
            f"The data file {path.name} is damaged ({error}): restore it from the repository.",
            path,
        ) from error


def _checked(
    reader: "csv.DictReader[str]", path: Path, columns: Sequence[str], values: Mapping[str, str]
) -> Iterator[Mapping[str, str]]:
    if tuple(reader.fieldnames or ()) != tuple(columns):
        raise DataError(
            f"The data file {path.name} has other columns than expected: restore it from the"
            " repository.",
            path,
        )
    patterns = {column: re.compile(pattern) for column, pattern in values.items()}
    line = 1
    for line, row in enumerate(reader, 2):
        if None in row or None in row.values():
            raise DataError(
                f"Line {line} of {path.name} has the wrong number of columns: restore the file"
                " from the repository.",
                path,
            )
        for column, pattern in patterns.items():
            if not pattern.fullmatch(row[column]):
                raise DataError(
                    f"Line {line} of {path.name} holds {row[column]!r:.50} as {column}: restore"
                    " the file from the repository.",
                    path,
                )
        yield row
    if line == 1:
        raise DataError(
            f"The data file {path.name} holds no rows: restore it from the repository.", path
        )
