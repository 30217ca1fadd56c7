"""Which column goes where: what the caller said, then what the column's name says.

A column that is neither named nor known becomes an attribute of the same name, whose type is that
of the whole column.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from customers.errors import CellError, FileRejected, IdentifierError
from customers.identifiers import normalise
from customers.importing.cells import (
    ATTRIBUTES,
    COLUMNS,
    GUESSABLE,
    Converter,
    guess_type,
    to_boolean,
)
from customers.importing.reader import Record
from customers.vocabulary import AttributeType

ID_COLUMNS = (
    *("customer_no", "external_id", "customer_id", "user_id", "userid", "id"),
    *("客户号", "客户编号", "客户代码"),
)
CONTACTS = ("phone", "email", "device", "openid", "unionid")
CHANNELS = ("sms", "email", "push", "wecom", "in_app", "phone")
IGNORE = "ignore"
_ALIASES = {
    "aum": "total_asset",
    "birth_date": "birth_on",
    "birthdate": "birth_on",
    "birthday": "birth_on",
    "date_of_birth": "birth_on",
    "dob": "birth_on",
    "sex": "gender",
    "full_name": "name",
    "customer_name": "name",
    "e_mail": "email",
    "email_address": "email",
    "mail": "email",
    "cellphone": "phone",
    "mobile": "phone",
    "mobile_no": "phone",
    "mobile_number": "phone",
    "mobile_phone": "phone",
    "phone_no": "phone",
    "phone_number": "phone",
    "push_token": "device",
    "device_token": "device",
    "timezone": "time_zone",
    "姓名": "name",
    "客户姓名": "name",
    "性别": "gender",
    "出生日期": "birth_on",
    "生日": "birth_on",
    "手机": "phone",
    "手机号": "phone",
    "手机号码": "phone",
    "移动电话": "phone",
    "联系手机": "phone",
    "邮箱": "email",
    "电子邮箱": "email",
    "电子邮件": "email",
    "城市": "city",
    "省份": "region",
    "地区": "region",
    "风险等级": "risk_level",
    "客户风险等级": "risk_level",
    "风险承受能力": "risk_level",
    "风险承受能力等级": "risk_level",
    "测评日期": "risk_assessed_on",
    "测评有效期": "risk_valid_until",
    "投资期限": "horizon_months",
    "投资目标": "objectives",
    "交易权限": "permissions",
    "总资产": "total_asset",
}
_MOBILE_DIGITS = 11
_MOBILE = re.compile("1[3-9][0-9]{9}")
_CONSENT = re.compile(r"(?:consent_(\w+)|(\w+)_consent)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where one column goes."""

    index: int
    column: str
    part: str
    """``id``, ``column``, ``contact``, ``consent`` or ``attribute``."""
    field: str
    convert: Converter


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How rows of one file become customers."""

    header: tuple[str, ...]
    id_index: int
    targets: tuple[Target, ...]
    attributes: Mapping[str, AttributeType]
    """Those the file will bring, known and new."""
    labels: Mapping[str, str]
    """Column name by attribute key."""
    ignored: tuple[str, ...]
    """Columns that are not imported: unnamed ones and those mapped to ``ignore``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One `COL=FIELD[:type]` of the caller."""

    field: str
    type: AttributeType | None


def require_column(column: str, header: Sequence[str]) -> None:
    """Raises FileRejected with a path into the mapping: the file has no column of that name."""
    if column not in header:
        raise FileRejected(
            "column_unknown",
            _("There is no column %(column)s; the file has %(header)s.")
            % {"column": column, "header": ", ".join(header)},
            path=f"map.{column}",
        )


def parse_wishes(mapping: Mapping[str, str], header: Sequence[str]) -> dict[str, Wish]:
    """What the caller wants by column; raises FileRejected with a path into the mapping."""
    wishes = {}
    for column, text in mapping.items():
        field, _colon, kind = text.partition(":")
        require_column(column, header)
        if kind and kind not in set(AttributeType):
            raise FileRejected(
                "type_unknown",
                _("Types are %s.") % ", ".join(AttributeType),
                path=f"map.{column}",
            )
        wishes[column] = Wish(
            field=field.strip() or IGNORE, type=AttributeType(kind) if kind else None
        )
    return wishes


def find_id_column(header: Sequence[str], wanted: str | None) -> int:
    """The position of the customer number; raises FileRejected when nothing says which it is."""
    if wanted is not None:
        if wanted in header:
            return header.index(wanted)
        raise FileRejected(
            "id_column_missing",
            _("There is no column %(column)s; the file has %(header)s.")
            % {"column": wanted, "header": ", ".join(header)},
            path="id",
        )
    names = [_key(name) for name in header]
    for spelled in (names, [name.replace("_", "") for name in names]):
        for candidate in ID_COLUMNS:
            if candidate in spelled:
                return spelled.index(candidate)
    raise FileRejected(
        "id_column_missing",
        _("No column is named %s: say which one holds the customer number with --id COLUMN.")
        % ", ".join(ID_COLUMNS[:4]),
        path="id",
    )


def known_field(column: str) -> str | None:
    """The built-in field that a column's name says; None makes it an attribute."""
    field = _aliased(_key(column))
    return field if _is_built_in(field) else None


def undeclared(
    header: Sequence[str],
    *,
    id_index: int,
    wishes: Mapping[str, Wish],
    known: Mapping[str, str],
) -> dict[int, str]:
    """The columns that become attributes of a type yet to be guessed: key by position."""
    found = {}
    for index, column in enumerate(header):
        wish = wishes.get(column)
        field = wish.field if wish else known_field(column)
        key = _key(field or column)
        declared = wish is not None and wish.type is not None
        if index == id_index or not column or declared or key in known:
            continue
        if field is None or not _is_built_in(field):
            found[index] = key
    return found


def guess_types(
    records: Iterable[Record], keys: Mapping[int, str]
) -> tuple[int, dict[str, AttributeType]]:
    """The number of rows, and the narrowest type that every value of each column has.

    A column of numbers most of which are such as mobile phones have is text, whatever it is called:
    as numbers they would stand in clear.
    """
    possible = dict.fromkeys(keys, GUESSABLE)
    seen = dict.fromkeys(keys, 0)
    phones = dict.fromkeys(keys, 0)
    count = 0
    for record in records:
        count += 1
        if record.code or not possible:
            continue
        for index in list(possible):
            cell = record.cells[index].strip()
            if not cell:
                continue
            seen[index] += 1
            if len(cell) == _MOBILE_DIGITS and cell[0] == "1" and _MOBILE.fullmatch(cell):
                phones[index] += 1
            possible[index] = left = guess_type(possible[index], cell)
            if not left:
                del possible[index]
    return count, {
        key: min(possible[index])
        if seen[index] and possible.get(index) and phones[index] * 2 <= seen[index]
        else AttributeType.TEXT
        for index, key in keys.items()
    }


def make_plan(
    header: Sequence[str],
    *,
    id_index: int,
    wishes: Mapping[str, Wish],
    known: Mapping[str, str],
    guessed: Mapping[str, AttributeType],
) -> Plan:
    """Decide about every column.

    Raises
    ------
    FileRejected : two columns go to the same field, or a declared type contradicts the catalogue.
    """
    targets: list[Target] = []
    attributes: dict[str, AttributeType] = {}
    labels: dict[str, str] = {}
    ignored: list[str] = []
    for index, column in enumerate(header):
        if index == id_index:
            continue
        wish = wishes.get(column)
        field = wish.field if wish else known_field(column)
        if not column or field == IGNORE:
            ignored.append(column or f"#{index + 1}")
            continue
        target = _built_in(index, column, field) if field else None
        if target is None:
            key = _key(field or column)
            kind = _type(key, column, wish, known, guessed)
            attributes[key], labels[key] = kind, column
            target = Target(
                index=index, column=column, part="attribute", field=key, convert=ATTRIBUTES[kind]
            )
        targets.append(target)
    _refuse_doubles(targets)
    return Plan(
        header=tuple(header),
        id_index=id_index,
        targets=tuple(targets),
        attributes=attributes,
        labels=labels,
        ignored=tuple(ignored),
    )


def _type(
    key: str,
    column: str,
    wish: Wish | None,
    known: Mapping[str, str],
    guessed: Mapping[str, AttributeType],
) -> AttributeType:
    stored = known.get(key)
    declared = wish.type if wish else None
    if stored and declared and stored != declared:
        raise FileRejected(
            "type_contradicts",
            _("The attribute %(key)s is of type %(type)s already.") % {"key": key, "type": stored},
            path=f"map.{column}",
        )
    if stored:
        return AttributeType(stored)
    return declared or guessed[key]


def _refuse_doubles(targets: Sequence[Target]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for target in targets:
        place = (target.part, target.field)
        if place in seen:
            raise FileRejected(
                "field_twice",
                _("The columns %(one)s and %(two)s both go to %(field)s: map one to ignore.")
                % {"one": seen[place], "two": target.column, "field": target.field},
                path=f"map.{target.column}",
            )
        seen[place] = target.column


def _is_built_in(field: str) -> bool:
    return field == IGNORE or _built_in(0, "", field) is not None


def _built_in(index: int, column: str, field: str) -> Target | None:
    if field in COLUMNS:
        return Target(
            index=index, column=column, part="column", field=field, convert=COLUMNS[field]
        )
    if field in CONTACTS:
        return Target(
            index=index, column=column, part="contact", field=field, convert=_contact(field)
        )
    if (found := _CONSENT.fullmatch(field)) and (channel := found[1] or found[2]) in CHANNELS:
        return Target(index=index, column=column, part="consent", field=channel, convert=to_boolean)
    return None


def _contact(kind: str) -> Converter:
    def convert(cell: str) -> str:
        try:
            return normalise(kind, cell)
        except IdentifierError as error:
            raise CellError(error.code, error.message) from error

    return convert


def _key(column: str) -> str:
    # Full-width letters, which Chinese keyboards write, are the same letters.
    plain = column if column.isascii() else unicodedata.normalize("NFKC", column)
    return re.sub(r"\W+", "_", plain.strip().lower()).strip("_")[:64] or "column"


def _aliased(key: str) -> str:
    """The field that is meant, also where blanks part the letters of its name (姓 名)."""
    return _ALIASES.get(key) or _ALIASES.get(key.replace("_", "")) or key
