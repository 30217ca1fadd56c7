"""What a kind of file is, and how the cells of its columns become values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.conf import settings

from customers.errors import CellError
from customers.identifiers import is_no_value, redact
from customers.importing.cells import (
    Converter,
    Value,
    read_moment,
    refuse_mangled,
    to_amount,
    to_boolean,
    to_date,
    to_text,
)
from customers.importing.reasons import reason
from customers.queries.loads import Column, Landing, Reference
from customers.vocabulary import AssetQuality

_CURRENCY = re.compile("[A-Za-z]{3}", re.ASCII)
# Kept as they stand, they would be another currency, whose amounts count nowhere.
_YUAN = {"RMB": "CNY", "人民币": "CNY", "人民币元": "CNY"}
# 1.38E+10 of spreadsheets and 1.38E10 of Java; 6E5 may be somebody's code.
_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+[Ee][+-]?|[Ee]\+)[0-9]+", re.ASCII)
_NUMBER_TEXT = re.compile(r"[A-Za-z0-9_.\-/]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column a file may have."""

    name: str
    type: str
    """Of PostgreSQL."""
    convert: Converter
    aliases: Sequence[str] = ()
    is_required: bool = True
    default: str = ""
    """Where the file has no such column, or the cell is empty; "" for none."""
    reference: Reference | None = None
    known: Sequence[str] = ()
    """The words it may hold, where they are a closed set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Where the values of a field lie."""

    field: str
    lowest: int | None = None
    highest: int | None = None
    until_today: bool = False
    """It is a day or moment, and not one of tomorrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of file."""

    key: str
    fields: Sequence[Field]
    identity: Sequence[str]
    """The fields that make a row the same when it comes again."""
    day: str
    """The field that says what day a row is of; "" where rows have none."""
    depends_on: Sequence[str]
    """Kinds whose blocked files this kind waits for."""
    table: str = ""
    """Where rows land; "" for a kind with an act of its own."""
    key_columns: Sequence[str] = ()
    """The table's own names of `identity`."""
    constants: Sequence[tuple[str, str]] = (("load_id", "%(load)s"),)
    is_by_month: bool = False
    bounds: Sequence[Bound] = ()
    any_of: Sequence[str] = ()
    """Fields of which each row fills at least one."""
    filled: Sequence[str] = ()
    """Fields that hardly any row may leave empty."""
    tolerance: Decimal = Decimal(0)
    """How far sums may disagree, in the currency's unit."""

    def reason(self, code: str, field: str) -> str:
        """Why a row was refused, as a sentence; of a closed set it tells what may stand there."""
        known = next((one.known for one in self.fields if one.name == field), ())
        return reason(code, known)

    @property
    def landing(self) -> Landing:
        """Where the rows go, for the statement that releases them."""
        return Landing(
            table=self.table,
            columns=[
                Column(name=field.name, type=field.type, reference=field.reference)
                for field in self.fields
            ],
            key=self.key_columns,
            constants=self.constants,
        )


OF_SOURCE = (("source_id", "%(source)s"), ("load_id", "%(load)s"))


def to_choice(kind: type[StrEnum], words: Mapping[str, str]) -> Converter:
    """One of a closed set, by its own name or by a word for it."""

    def convert(cell: str) -> str:
        word = cell.lower()
        found = words.get(word, word)
        if found not in {member.value for member in kind}:
            raise CellError("choice_unknown", "It is none of the values that are known here.")
        return found

    return convert


def to_key(cell: str) -> str:
    """A number or code; never one that a spreadsheet has rounded."""
    if _ROUNDED.fullmatch(cell):
        raise CellError("scientific_notation", "A spreadsheet has rounded it.")
    refuse_mangled(cell)
    if is_no_value(cell):
        raise CellError("no_value", "It says that there is no value, as NULL does.")
    if not _NUMBER_TEXT.fullmatch(cell):
        raise CellError("not_a_code", "It is not a code of at most 64 letters and digits.")
    return cell


def to_currency(cell: str) -> str:
    """Three letters of ISO 4217; the yuan by its common names, too."""
    code = _YUAN.get(cell.upper(), cell.upper())
    if not _CURRENCY.fullmatch(code) or is_no_value(code):
        raise CellError("currency_unknown", "It is not a currency such as CNY.")
    return code


def to_local_moment(cell: str) -> str:
    """A moment in the institution's zone, which is its zone where it tells none.

    One moment has one form, since it may be part of what makes a row the same.
    """
    told, here = read_moment(cell), ZoneInfo(settings.TIME_ZONE)
    return (told.astimezone(here) if told.tzinfo else told.replace(tzinfo=here)).isoformat()


def money(
    name: str,
    *aliases: str,
    is_required: bool = True,
    default: str = "",
    digits: int = 16,
    places: int = 4,
) -> Field:
    """An amount; ``digits`` before the point and ``places`` after it, as its column takes."""
    return Field(
        name=name,
        type="numeric",
        convert=to_amount(digits, places),
        aliases=aliases,
        is_required=is_required,
        default=default,
    )


def day(name: str, *aliases: str, is_required: bool = True) -> Field:
    """A day."""
    return Field(name=name, type="date", convert=to_date, aliases=aliases, is_required=is_required)


def moment(name: str, *aliases: str) -> Field:
    """A moment."""
    return Field(name=name, type="timestamptz", convert=to_local_moment, aliases=aliases)


def flag(name: str, *aliases: str, default: str = "") -> Field:
    """Yes or no."""
    return Field(
        name=name,
        type="boolean",
        convert=to_boolean,
        aliases=aliases,
        is_required=not default,
        default=default,
    )


def number(name: str, *aliases: str, reference: Reference | None = None) -> Field:
    """A number or code; with a reference, that of something that is there already."""
    return Field(name=name, type="text", convert=to_key, aliases=aliases, reference=reference)


def text(name: str, *aliases: str, convert: Converter, default: str = "") -> Field:
    """Free or chosen text that may be missing."""
    return Field(
        name=name,
        type="text",
        convert=convert,
        aliases=aliases,
        is_required=False,
        default=default,
    )


def choice(
    name: str,
    kind: type[StrEnum],
    words: Mapping[str, str],
    *aliases: str,
    is_required: bool = True,
    default: str = "",
) -> Field:
    """One of a closed set."""
    return Field(
        name=name,
        type="text",
        convert=to_choice(kind, words),
        aliases=aliases,
        is_required=is_required,
        default=default,
        known=(*(member.value for member in kind), *words),
    )


def to_free_text(limit: int) -> Converter:
    """Text that stands in clear: it says neither how to reach somebody nor his identity card."""
    read = to_text(limit)

    def convert(cell: str) -> Value:
        told = read(cell)
        if redact(cell) != cell:
            raise CellError("personal_text", "It holds a phone number or the like.")
        return told

    return convert


CURRENCY = text("currency", "币种", convert=to_currency, default="CNY")
QUALITY = choice("quality", AssetQuality, {}, "质量", is_required=False, default=AssetQuality.OK)
