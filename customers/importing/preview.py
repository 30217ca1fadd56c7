"""What can be seen of a file before anybody says how its columns are to be read."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from customers.errors import FileRejected
from customers.importing.cells import COLUMNS
from customers.importing.kinds.registry import KINDS
from customers.importing.layout import Layout
from customers.importing.mapping import CHANNELS, CONTACTS, IGNORE, find_id_column, known_field
from customers.importing.reader import read_header, read_records
from customers.importing.rows import shown
from customers.importing.staging import field_of

CUSTOMERS = "customers"
NUMBER = "customer_no"
"""Where the column goes that says which customer a row is about."""
_SAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenColumn:
    """One column of a file."""

    name: str
    samples: tuple[str, ...]
    """Its first cells, personal ones masked."""
    field: str
    """Where its name says it goes; empty where the name says nothing."""


def see_columns(
    path: Path, layout: Layout, kind: str, said: Mapping[str, str] = MappingProxyType({})
) -> list[SeenColumn]:
    """The columns with their first cells; raises FileRejected when the header names none.

    ``said``: fields by column as a person chose them; a cell is masked as either field asks.
    """
    header = read_header(path, layout)
    first = list(islice(read_records(path, layout, columns=len(header)), _SAMPLES))
    fields = _fields(header, kind)
    return [
        SeenColumn(
            name=name,
            samples=tuple(
                _sample(record.cells[at].strip(), (fields[at], said.get(name, "")))
                for record in first
                if not record.code
            ),
            field=fields[at],
        )
        for at, name in enumerate(header)
    ]


def _sample(cell: str, fields: tuple[str, str]) -> str:
    for field in fields:
        cell = shown(cell, field)
    return cell


def possible_fields(kind: str) -> tuple[str, ...]:
    """Where a column of this kind of file may go."""
    if kind == CUSTOMERS:
        consents = tuple(f"consent_{channel}" for channel in CHANNELS)
        return (NUMBER, *COLUMNS, *CONTACTS, *consents, IGNORE)
    return (*(field.name for field in KINDS[kind].fields), IGNORE)


def _fields(header: list[str], kind: str) -> list[str]:
    if kind != CUSTOMERS:
        return [field_of(name, KINDS[kind]) or "" for name in header]
    fields = [known_field(name) or "" for name in header]
    try:
        fields[find_id_column(header, None)] = NUMBER
    except FileRejected:
        return fields  # a person says which
    return fields
