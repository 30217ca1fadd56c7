"""From a record to a customer's row, or to the reasons why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from customers.errors import CellError, IdentifierError
from customers.id_cards import SHORTEST, holds_id_card
from customers.identifiers import holds_contact, mask, normalise, redact
from customers.importing.cells import FREE_COLUMNS, Value, refuse_mangled, since_1900
from customers.importing.mapping import Plan, Target
from customers.importing.reader import Record
from customers.importing.reasons import REASONS
from customers.vocabulary import HOLDS

_TOTALS = frozenset({"合计", "总计", "小计", "共计", "total", "subtotal", "grand total"})


class GoodRow(NamedTuple):
    """One customer as the file tells. A tuple, as records are."""

    record: Record
    customer_no: str
    columns: dict[str, Value]
    attributes: dict[str, Value]
    contacts: list[tuple[str, str]]
    """Kind and normal form."""
    consents: dict[str, bool]
    withheld: Sequence["BadRow"] = ()
    """The cells that are not stored, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """One row that was not imported (or, when flagged, not in all its parts)."""

    number: int
    line: int
    customer_no: str
    column: str
    code: str
    message: str
    value: str
    """Masked: the file of refused rows goes from hand to hand."""


def judge(record: Record, plan: Plan, seen: set[int]) -> GoodRow | BadRow:
    """Check one record.

    Parameters
    ----------
    seen : hashes of the customer numbers of earlier rows; this one's is added. Hashes, because a
        million texts would be ten times the memory; the chance that one good row of a million is
        taken for a double is 3e-8.
    """
    cells = record.cells
    if record.code:
        if len(cells) > plan.id_index:
            seen.add(hash(cells[plan.id_index].strip()))
        return bad_row(record, "", "", record.code, "")
    id_column = plan.header[plan.id_index]
    try:
        refuse_mangled(cells[plan.id_index].strip())
        number = normalise("customer_no", cells[plan.id_index])
    except (IdentifierError, CellError) as error:
        return bad_row(record, "", id_column, error.code, cells[plan.id_index])
    if number.lower() in _TOTALS:
        return bad_row(record, "", id_column, "totals", number)
    if number == id_column:
        return bad_row(record, "", id_column, "header_again", number)
    digest = hash(number)
    if digest in seen:
        return bad_row(record, number, id_column, "id_twice", "")
    seen.add(digest)
    return _convert(record, number, plan)


def _convert(record: Record, number: str, plan: Plan) -> GoodRow | BadRow:
    columns: dict[str, Value] = {}
    attributes: dict[str, Value] = {}
    contacts: list[tuple[str, str]] = []
    consents: dict[str, bool] = {}
    withheld: list[BadRow] = []
    for target in plan.targets:
        cell = record.cells[target.index].strip()
        if not cell:
            continue
        try:
            told = since_1900(cell, target.convert) if record.is_1904 else cell
            value = target.convert(told)
        except CellError as error:
            return bad_row(record, number, target.column, error.code, cell, field=target.field)
        if _is_free(target) and (code := _why_not(target, cell, value)):
            withheld.append(bad_row(record, number, target.column, code, cell))
            continue
        match target.part:
            case "attribute":
                attributes[target.field] = value
            case "column":
                columns[target.field] = value
            case "contact":
                contacts.append((target.field, str(value)))
            case _:
                consents[target.field] = bool(value)
    return GoodRow(record, number, columns, attributes, contacts, consents, withheld)


def _is_free(target: Target) -> bool:
    return target.part == "attribute" or target.field in FREE_COLUMNS


def _why_not(target: Target, cell: str, value: Value) -> str:
    """Whoever may see attributes may not see how to reach people, nor their identity cards."""
    told = value if isinstance(value, int | float) else cell
    if len(cell) >= SHORTEST and holds_id_card(told):
        return "id_card"
    return "contact_elsewhere" if holds_contact(f"{target.field} {target.column}", told) else ""


def bad_row(
    record: Record, number: str, column: str, code: str, value: str, *, field: str = ""
) -> BadRow:
    """The verdict on a record: its number if known, the column, why, and the cell (masked)."""
    return BadRow(
        number=record.number,
        line=record.line,
        customer_no=number,
        column=column,
        code=code,
        message=str(REASONS[code]),
        value=shown(value, field, is_decimal=code == "number_too_precise"),
    )


def shown(value: str, field: str = "", *, is_decimal: bool = False) -> str:
    """Enough of a value to find it by, and not enough to use it; of a hold, nothing.

    ``is_decimal``: a number with decimals, which names nobody however many digits it has.
    """
    if field in HOLDS:  # beside a customer's number even one letter would tell
        return "**" if value else ""
    if field == "name":  # which has no shape to know it by
        return value[:1] + "**" if value else ""
    # A control character would act on the terminal or page that shows it.
    text = redact("".join(c if c.isprintable() else "\ufffd" for c in value[:60]))
    digits = sum(character.isdigit() for character in text)
    return mask("text", text) if (digits > 6 and not is_decimal) or "@" in text else text


def customer_row(row: GoodRow) -> Mapping[str, Any]:
    """The row as `upsert_customers` takes it: the name goes apart, to be sealed."""
    return {**row.columns, "customer_no": row.customer_no, "attributes": row.attributes}
