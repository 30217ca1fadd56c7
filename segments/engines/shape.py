"""What the event archive is made of: its tables as Parquet files, and the note that goes with them.

An archive is a folder named by the moment it holds, with one folder per table; events and their
properties have a file per month. All values have one reading on every engine: times are
microseconds since 1970 UTC, days are numbers YYYYMMDD in the institution's zone, numbers to be
compared are keys (`number_key`). JSON is read by PostgreSQL when the archive is written, once as
each type, so that no engine reads it in its own way. No name, number, address or ciphertext of a
person is in it; a customer is his row's id.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from segments.engines import sentences as why
from segments.errors import EngineError
from segments.rules.catalog import Catalog, Field, FieldType

VERSION: Final = 1
MANIFEST: Final = "manifest.json"

# Numbers that are added up: exact sums need one scale on every engine.
SUMMED: Final = "decimal(38,18)"

Columns = Mapping[str, str]

# Which of the customer's own fields go into the archive; a new one of the catalogue does not until
# it stands here. Encrypted ones go as their presence. `age` is made of `birth_on`,
# `assess_days_left` of `risk_valid_until`.
FIELDS: Final = (
    "name",
    "gender",
    "birth_on",
    "city",
    "region",
    "risk_level",
    "risk_valid_until",
    "lowest_class",
    "investor_type",
    "lifecycle",
    "total_asset",
    "locale",
    "created_at",
)

_STORED: Final[Mapping[FieldType, str]] = {
    FieldType.TEXT: "string",
    FieldType.CHOICE: "string",
    FieldType.LEVEL: "string",
    FieldType.NUMBER: "string",
    FieldType.BOOLEAN: "boolean",
    FieldType.DATE: "int32",
    FieldType.DATETIME: "int64",
    FieldType.ENCRYPTED: "boolean",
}
_READINGS: Final[Columns] = {
    "text": "string",
    "number_key": "string",
    "truth": "boolean",
    "moment": "int64",
    "moment_day": "int32",
}


def archived_fields() -> tuple[Field, ...]:
    """The customer's own fields that the archive holds."""
    known = Catalog.build().fields
    return tuple(known[name] for name in FIELDS)


def _customer_columns() -> Columns:
    columns = {"id": "int64"}
    for field in archived_fields():
        columns[field.name] = _STORED[field.type]
        if field.type is FieldType.DATETIME:
            columns[f"{field.name}_day"] = "int32"
    return columns


TABLES: Final[Mapping[str, Columns]] = {
    "customers": _customer_columns(),
    # One row per customer and imported attribute, read as each type: null where it is of another.
    "attributes": {"customer_id": "int64", "name": "string", **_READINGS, "day": "int32"},
    "events": {
        "event_id": "int64",
        "customer_id": "int64",
        "name": "string",
        "occurred_at": "int64",
        "local_day": "int32",
    },
    # One row per event and property that is not null. `number` is null where it cannot be added.
    "properties": {"event_id": "int64", "name": "string", **_READINGS, "number": SUMMED},
    "taggings": {"customer_id": "int64", "tag": "string", "valid_until": "int64"},
    "memberships": {"customer_id": "int64", "segment": "string"},
    # When a touch was first known to have reached each state.
    "touches": {
        "customer_id": "int64",
        "journey": "string",
        "accepted": "int64",
        "delivered": "int64",
        "opened": "int64",
        "clicked": "int64",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an archive holds: the moment it shows, from when on, whose days, how many rows."""

    version: int
    as_of: datetime
    since: datetime | None
    zone: str
    attributes: tuple[str, ...]
    rows: Mapping[str, int]

    def written(self) -> str:
        """The note as JSON."""
        return json.dumps(asdict(self), default=datetime.isoformat, indent=1, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A whole archive on disk."""

    folder: Path
    manifest: Manifest

    def files(self, table: str) -> str:
        """The pattern of a table's files."""
        return str(self.folder / table / "*.parquet")


def newest_archive(root: Path) -> Archive:
    """The newest whole archive under `root`. Raises EngineError when there is none to read."""
    folders = sorted(root.glob(f"*/{MANIFEST}")) if root.is_dir() else []
    whole = [path for path in folders if not path.parent.name.startswith(".")]
    if not whole:
        raise EngineError(why.NO_ARCHIVE, folder=str(root))
    return Archive(folder=whole[-1].parent, manifest=_read(whole[-1]))


def _read(path: Path) -> Manifest:
    told = json.loads(path.read_text("utf-8"))
    if told["version"] != VERSION:
        raise EngineError(why.OTHER_VERSION, folder=str(path.parent))
    return Manifest(
        version=VERSION,
        as_of=datetime.fromisoformat(told["as_of"]),
        since=None if told["since"] is None else datetime.fromisoformat(told["since"]),
        zone=told["zone"],
        attributes=tuple(told["attributes"]),
        rows=told["rows"],
    )


def folder_name(as_of: datetime) -> str:
    """The name of the archive of this moment; names sort as the moments do."""
    return f"{as_of.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"
