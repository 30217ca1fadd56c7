"""From the text of one cell to a value, strictly: what is not clearly right is refused.

Numbers may have thousands separators, a currency sign or a per cent sign; never an exponent
(spreadsheets lose digits that way), NaN, or Chinese numerals. Dates are written with the year
first, or are spreadsheet serial numbers; ``07/03/1990`` could be two days and is refused.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from compliance.calendar import known_zones
from customers.errors import CellError
from customers.identifiers import is_no_value
from customers.vocabulary import AttributeType

Value = str | float | bool
Converter = Callable[[str], Value]

PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?", re.ASCII)
ISO_DATE = re.compile(r"[12][0-9]{3}-[01][0-9]-[0-3][0-9]", re.ASCII)
_NUMBER = re.compile(
    r"([-+]?)[¥￥$€£]?((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,16})(?:\.[0-9]{1,30})?)(%?)", re.ASCII
)
_FOREIGN = re.compile("[$€£]")
_DATE = re.compile(
    r"([12][0-9]{3})(?:-([0-9]{1,2})-([0-9]{1,2})|/([0-9]{1,2})/([0-9]{1,2})"
    r"|\.([0-9]{1,2})\.([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日|([0-9]{2})([0-9]{2}))"
    r"(?:[T ]0?0:00(?::00(?:\.0+)?)?)?",
    re.ASCII,
)
_TIME = re.compile(
    r"([12][0-9]{3})([-/.])([0-9]{1,2})\2([0-9]{1,2})[ T]+([0-9]{1,2})(:[0-9]{2}.*)", re.ASCII
)
EARLIEST = "1900-01-01"
"""A day before it is a typing error, or the zero of a spreadsheet."""
# A day that has been in any zone: whoever was born until then need not ask what day it is.
_PAST = (date.today() - timedelta(days=2)).isoformat()  # noqa: DTZ011
_SERIAL = re.compile("[1-9][0-9]{4}", re.ASCII)
_SERIAL_ZERO = date(1899, 12, 30)  # day 0 of spreadsheets, after their leap year error of 1900
_AFTER_1900 = 1462  # days by which the zero of workbooks that count from 1904 lies later
_TRUE = frozenset({"true", "yes", "y", "1", "是", "真", "同意"})
_FALSE = frozenset({"false", "no", "n", "0", "否", "假", "不同意"})
_GENDERS = {
    "male": frozenset({"male", "m", "man", "男", "男性", "先生"}),
    "female": frozenset({"female", "f", "woman", "女", "女性", "女士"}),
    "other": frozenset({"other", "x", "其他", "未知", "unknown"}),
}
# What spreadsheets make of numbers and codes: 1001.0, ="0012", 3-4 as a day.
_MANGLED = re.compile(
    r"[0-9]+\.0+|=.*|#+|[0-9]{4}([-/])[0-9]{1,2}\1[0-9]{1,2}(?:[ T][0-9:.]+)?"
    r"|[0-9]{1,2}月[0-9]{1,2}日"
    r"|(?:[0-9]{1,2}-)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?:-[0-9]{2})?",
    re.ASCII,
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_TEXT_LIMIT = 1000
_FLOAT_DIGITS = 15  # which the stored number holds for certain
_SPREADSHEET_ERRORS = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!"}
)


def to_text(limit: int = _TEXT_LIMIT) -> Converter:
    """Text of at most `limit` characters without control characters."""

    def convert(cell: str) -> str:
        if len(cell) > limit:
            raise CellError("too_long", f"It has more than {limit} characters.")
        if not cell.isprintable() and _CONTROL.search(cell):
            raise CellError("control_character", "It holds a control character.")
        if cell in _SPREADSHEET_ERRORS:
            raise CellError("spreadsheet_error", "A spreadsheet could not work it out.")
        return cell

    return convert


_to_full_name = to_text(200)


def to_name(cell: str) -> str:
    """A person's name; NULL is nobody's, and would be what he is greeted by."""
    if is_no_value(cell):
        raise CellError("no_value", "It says that there is no name.")
    return str(_to_full_name(cell))


def refuse_mangled(cell: str) -> None:
    """Raise CellError for what a spreadsheet has made of a number or code that names something."""
    if cell in _SPREADSHEET_ERRORS:
        raise CellError("spreadsheet_error", "A spreadsheet could not work it out.")
    if _MANGLED.fullmatch(cell):
        raise CellError("number_mangled", "A spreadsheet has changed it.")


def to_number(cell: str) -> float:
    """A number; ``5%`` is 0.05."""
    if len(cell) <= _FLOAT_DIGITS and PLAIN_NUMBER.fullmatch(cell):
        return float(cell) if "." in cell else int(cell)
    number = _decimal(cell)
    if number == number.to_integral_value():
        return int(number)
    if Decimal(repr(float(number))) != number:
        raise CellError("number_too_precise", "It has more digits than are kept.")
    return float(number)


def to_amount(digits: int, places: int) -> Converter:
    """A number of at most so many digits before and after the point, as exact decimal text.

    One with more is refused, since its column would round it; zeros at its end are none.
    """
    largest, finest = 10**digits, Decimal(1).scaleb(-places)

    def convert(cell: str) -> str:
        if _FOREIGN.search(cell):
            raise CellError("currency_sign", "It has the sign of a currency that is not the yuan.")
        number = _decimal(cell)
        if abs(number) >= largest:
            raise CellError("number_out_of_range", "The amount is too large.")
        if number % finest:
            raise CellError("number_too_precise", "It has more decimals than are kept.")
        return format(number, "f")

    return convert


to_money = to_amount(16, 4)


def _decimal(cell: str) -> Decimal:
    found = _NUMBER.fullmatch(cell)
    if not found:
        raise CellError("not_a_number", "It is not a plain number.")
    sign, digits, percent = found.groups()
    # By its exponent, since a division would round at 28 digits.
    return Decimal(sign + digits.replace(",", "") + ("E-2" if percent else ""))


def to_boolean(cell: str) -> bool:
    """Yes or no, in English or Chinese."""
    word = cell.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise CellError("not_a_boolean", "It is neither yes nor no.")


@lru_cache(maxsize=32_768)
def to_date(cell: str) -> str:
    """A date as ISO 8601. Remembered: a column of a million days has some ten thousand."""
    if _SERIAL.fullmatch(cell):
        return (_SERIAL_ZERO + timedelta(days=int(cell))).isoformat()
    found = _DATE.fullmatch(cell)
    if not found:
        raise CellError("not_a_date", "It is not a date written year-month-day.")
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        told = date(year, month, day).isoformat()
    except ValueError as error:
        raise CellError("not_a_date", "There is no such day.") from error
    if told < EARLIEST:
        raise CellError("day_too_early", "It lies before 1900.")
    return told


def to_birth_date(cell: str) -> str:
    """A day on which a living person may have been born."""
    day = to_date(cell)
    if day <= EARLIEST or (day > _PAST and day > date.today().isoformat()):  # noqa: DTZ011
        raise CellError("not_a_birth_date", "Nobody alive was born on that day.")
    return day


def since_1900(cell: str, convert: Converter) -> str:
    """A cell of a workbook that counts its days from 1904, as one that counts from 1900 has it.

    Only a bare number in a column of days (``convert`` says which) tells of a day.
    """
    if convert in (to_date, to_birth_date) and _SERIAL.fullmatch(cell):
        return str(int(cell) + _AFTER_1900)
    return cell


def read_moment(cell: str) -> datetime:
    """A moment in ISO 8601, or as spreadsheets write it (``2026/3/7 9:30``); zoneless as it is.

    A day, in any form that `to_date` takes but a serial number, is its first moment.
    """
    if _DATE.fullmatch(cell):
        return datetime.fromisoformat(to_date(cell))
    if found := _TIME.fullmatch(cell):
        year, _separator, month, day, hour, rest = found.groups()
        cell = f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}{rest}"
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError as error:
        raise CellError("not_a_time", "It is not an ISO 8601 time.") from error
    # Beyond these a zone may move it where no calendar of the database's driver reaches.
    if not EARLIEST <= moment.date().isoformat() < "3000":
        raise CellError("not_a_time", "It is not a time of these centuries.")
    return moment


def to_moment(cell: str) -> str:
    """A moment as ISO 8601 in UTC; without a zone it is taken as UTC."""
    moment = read_moment(cell)
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).isoformat()


def to_gender(cell: str) -> str:
    """``male``, ``female`` or ``other``."""
    word = cell.lower()
    for gender, words in _GENDERS.items():
        if word in words:
            return gender
    raise CellError("gender_unknown", "It is not a gender that is known here.")


def to_risk_level(cell: str) -> str:
    """C1 to C5."""
    level = cell.upper()
    if level not in {"C1", "C2", "C3", "C4", "C5"}:
        raise CellError("risk_level_unknown", "Risk levels are C1 to C5.")
    return level


def to_months(cell: str) -> int:
    """A whole number of months, at most a hundred years."""
    if not cell.isascii() or not cell.isdigit() or int(cell[:6]) > 1200 or len(cell) > 6:
        raise CellError("not_months", "It is not a whole number of months.")
    return int(cell)


def to_codes(cell: str) -> str:
    """Codes such as ``equity;bond``, separated in any usual way; joined by ``|``."""
    if cell in _SPREADSHEET_ERRORS:
        raise CellError("spreadsheet_error", "A spreadsheet could not work it out.")
    codes = [code for code in re.split(r"[|;,，；、\s]+", cell.lower()) if code]
    if not codes or any(len(code) > 40 or _CONTROL.search(code) for code in codes):
        raise CellError("not_codes", "It is not a list of codes of at most 40 characters.")
    return "|".join(dict.fromkeys(codes))


def to_time_zone(cell: str) -> str:
    """An IANA zone name."""
    if cell not in known_zones():
        raise CellError("time_zone_unknown", "It is not a time zone such as Asia/Shanghai.")
    return cell


ATTRIBUTES: dict[AttributeType, Converter] = {
    AttributeType.TEXT: to_text(),
    AttributeType.NUMBER: to_number,
    AttributeType.BOOLEAN: to_boolean,
    AttributeType.DATE: to_date,
    AttributeType.DATETIME: to_moment,
}

COLUMNS: dict[str, Converter] = {
    "name": to_name,
    "gender": to_gender,
    "birth_on": to_birth_date,
    "city": to_text(80),
    "region": to_text(80),
    "risk_level": to_risk_level,
    "risk_assessed_on": to_date,
    "risk_valid_until": to_date,
    "lowest_class": to_boolean,
    "horizon_months": to_months,
    "objectives": to_codes,
    "investor_type": to_text(20),
    "professional_until": to_date,
    "qualified_until": to_date,
    "permissions": to_codes,
    "average_asset": to_money,
    "trading_since": to_date,
    "financial_asset": to_money,
    "yearly_income": to_money,
    "aml_hold": to_boolean,
    "internal_hold": to_boolean,
    "lifecycle": to_text(20),
    "total_asset": to_money,
    "locale": to_text(16),
    "time_zone": to_time_zone,
}

# Those of them that stand in clear and may say anything.
FREE_COLUMNS = frozenset(
    {"city", "region", "objectives", "investor_type", "permissions", "lifecycle", "locale"}
)


def guess_type(possible: frozenset[AttributeType], cell: str) -> frozenset[AttributeType]:
    """The types, of those still possible for a column, that this cell leaves possible."""
    if possible == _NUMBER_ONLY:  # what most columns are down to after their first cell
        return possible if PLAIN_NUMBER.fullmatch(cell) else frozenset()
    return frozenset(kind for kind in possible if _PLAIN[kind](cell))


def _is_plain_date(cell: str) -> bool:
    return bool(ISO_DATE.fullmatch(cell))


_PLAIN: dict[AttributeType, Callable[[str], bool]] = {
    AttributeType.NUMBER: lambda cell: bool(PLAIN_NUMBER.fullmatch(cell)),
    AttributeType.BOOLEAN: lambda cell: cell.lower() in {"true", "false"},
    AttributeType.DATE: _is_plain_date,
}
_NUMBER_ONLY = frozenset({AttributeType.NUMBER})

GUESSABLE = frozenset(_PLAIN)
