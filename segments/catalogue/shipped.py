"""Read the shipped tags."""

import csv
import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).resolve().parent / "tags.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedTag:
    """One row of the catalogue. ``rule``: segment rule JSON, or None."""

    key: str
    namespace: str
    name_en: str
    name_zh: str
    definition: str
    source: str
    refresh: str
    ttl_days: int
    owner: str
    scene: str
    purpose: str
    field: str
    rule: object
    missing: str

    @property
    def is_value(self) -> bool:
        """Whether it is computed as an attribute of the customer."""
        return not (self.missing or self.field or self.rule)


@functools.cache
def shipped_tags() -> tuple[ShippedTag, ...]:
    """All of them, in the order of the file."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_tag(row) for row in csv.DictReader(file, strict=True))


def filled_fields() -> frozenset[str]:
    """Keys of those that are fields which the product fills whatever the dictionary says."""
    return frozenset(tag.key for tag in shipped_tags() if tag.field)


def valued_tags() -> frozenset[str]:
    """Keys of those that are no yes or no: fields of the customer, which rules compare."""
    return frozenset(tag.key for tag in shipped_tags() if tag.field or tag.is_value)


def _tag(row: dict[str, str]) -> ShippedTag:
    said: dict[str, Any] = {
        **row,
        "ttl_days": int(row["ttl_days"]),
        "rule": json.loads(row["rule"]) if row["rule"] else None,
    }
    return ShippedTag(**said)
