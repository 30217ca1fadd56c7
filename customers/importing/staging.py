"""From the records of a staged file to rows of its kind, or to the reasons why not."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from customers.errors import CellError, FileRejected
from customers.importing.cells import Value, since_1900
from customers.importing.kinds.base import Field, Kind
from customers.importing.mapping import require_column
from customers.importing.reader import Record
from customers.importing.rows import BadRow, bad_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where each field of a kind stands in one file."""

    header: tuple[str, ...]
    placed: tuple[tuple[Field, int | None], ...]
    """None: the file has no such column."""
    identity: tuple[str, ...]
    any_of: tuple[str, ...] = ()

    @property
    def mapping(self) -> dict[str, str]:
        """Field by column, as it is stored with the file and may be kept under a name."""
        return {self.header[at]: field.name for field, at in self.placed if at is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedValue:
    """One good row."""

    record: Record
    key: str
    data: Mapping[str, Value]


def find_columns(header: Sequence[str], kind: Kind, mapping: Mapping[str, str]) -> Columns:
    """Decide which column is which field: what the caller said, then what columns are called.

    Raises FileRejected when a column or field is unknown, or a required field has no column.
    """
    _check_mapping(header, kind, mapping)
    fields = [mapping[name] if name in mapping else field_of(name, kind) for name in header]
    placed: list[tuple[Field, int | None]] = []
    for field in kind.fields:
        found = _only_place(field, header, fields, mapping)
        if found is None and field.is_required:
            raise FileRejected(
                "column_missing",
                _("No column holds %(field)s: say which with --map COLUMN=%(field)s.")
                % {"field": field.name},
                path=f"map.{field.name}",
            )
        placed.append((field, found))
    return Columns(
        header=tuple(header),
        placed=tuple(placed),
        identity=tuple(kind.identity),
        any_of=tuple(kind.any_of),
    )


def _only_place(
    field: Field, header: Sequence[str], fields: Sequence[str | None], mapping: Mapping[str, str]
) -> int | None:
    """Where a field stands: what the caller said counts for more than what columns are called."""
    places = [index for index, name in enumerate(fields) if name == field.name]
    said = [index for index in places if header[index] in mapping]
    if len(said or places) > 1:
        one, two = (header[index] for index in (said or places)[:2])
        raise FileRejected(
            "field_twice",
            _("The columns %(one)s and %(two)s both go to %(field)s: map one to ignore.")
            % {"one": one, "two": two, "field": field.name},
            path=f"map.{two}",
        )
    return next(iter(said or places), None)


def field_of(column: str, kind: Kind) -> str | None:
    """The field that a column's name says; None where it says none."""
    name = _normal(column)
    return next((f.name for f in kind.fields if name in (f.name, *f.aliases)), None)


def _check_mapping(header: Sequence[str], kind: Kind, mapping: Mapping[str, str]) -> None:
    known = {field.name for field in kind.fields} | {"ignore"}
    for column, field in mapping.items():
        require_column(column, header)
        if field not in known:
            raise FileRejected(
                "field_unknown",
                _("There is no field %(field)s; this kind of file has %(known)s.")
                % {"field": field, "known": ", ".join(sorted(known))},
                path=f"map.{column}",
            )


def judge_staged(record: Record, columns: Columns) -> StagedValue | BadRow:
    """Check one record by itself; what needs the other rows is asked of the staged file."""
    if record.code:
        return bad_row(record, "", "", record.code, "")
    data: dict[str, Value] = {}
    for field, at in columns.placed:
        cell = (record.cells[at].strip() if at is not None else "") or field.default
        column = columns.header[at] if at is not None else field.name
        if not cell:
            if field.is_required:
                return bad_row(record, "", column, "cell_empty", "")
            continue
        try:
            told = since_1900(cell, field.convert) if record.is_1904 else cell
            data[field.name] = field.convert(told)
        except CellError as error:
            return bad_row(record, "", column, error.code, cell, field=field.name)
    if columns.any_of and not any(name in data for name in columns.any_of):
        return bad_row(record, "", columns.any_of[0], "cell_empty", "")
    key = "|".join(str(data[name]) for name in columns.identity)
    return StagedValue(record=record, key=key, data=data)


def _normal(column: str) -> str:
    plain = unicodedata.normalize("NFKC", column)
    return re.sub(r"\W+", "_", plain.strip().lower()).strip("_")
