"""From a checked rule to an Ibis expression over the archive's tables.

The meaning is that of `rules.compile`, arm by arm: every condition that reads another table is a
table of the customers who meet it, joined from the left; a missing value makes a condition false.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, assert_never

import ibis
import ibis.expr.types as ir

from segments.engines import sentences as why
from segments.engines.comparisons import (
    Dialect,
    Judge,
    Operand,
    any_of,
    microseconds,
    whole_holds,
)
from segments.engines.histories import Histories, in_window, reading
from segments.engines.shape import Manifest, archived_fields
from segments.errors import EngineError
from segments.rules.catalog import Field, FieldType
from segments.rules.check import Checked
from segments.rules.moments import Clock
from segments.rules.tree import (
    All,
    AnyOf,
    Attribute,
    EventAggregate,
    EventCount,
    Everyone,
    Lifecycle,
    MonthsInARow,
    Not,
    Operator,
    Rule,
    Sample,
    SegmentRef,
    Sequence,
    Tag,
    Touch,
)

# A condition over the rows of the customers with everything joined; never NULL.
Predicate = Callable[[ir.Table], ir.BooleanValue]

_HEX: Final = "0123456789abcdef"
_AGE: Final = "age"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expressed:
    """A rule as an expression: `ids`, one column `id`, the customers who match.

    Where `unsummed` has rows, of the name it stands under, the engine would not be exact.
    """

    ids: ir.Table
    unsummed: Mapping[str, ir.Table]


def express_rule(
    checked: Checked,
    *,
    tables: Mapping[str, ir.Table],
    manifest: Manifest,
    dialect: Dialect,
    now: datetime,
) -> Expressed:
    """The rule over the archive's `tables` at `now`, in the archive's zone.

    Raises EngineError where the archive does not hold what the rule asks for, or the engine cannot
    add it up exactly.
    """
    judge = Judge(clock=Clock.at(now=now, zone=manifest.zone), dialect=dialect)
    histories = Histories(tables=tables, judge=judge, since=manifest.since)
    writer = _Writer(
        checked=checked, tables=tables, manifest=manifest, judge=judge, histories=histories
    )
    predicate = writer.rule(checked.rule)
    joined = writer.joined()
    return Expressed(ids=joined.filter(predicate(joined)).select("id"), unsummed=histories.unsummed)


@dataclass(slots=True, kw_only=True)
class _Writer:
    """An expression under construction, and the tables of customers joined so far."""

    checked: Checked
    tables: Mapping[str, ir.Table]
    manifest: Manifest
    judge: Judge
    histories: Histories
    joins: list[ir.Table] = field(default_factory=list)

    def joined(self) -> ir.Table:
        """The customers with a column for each table they were looked for in."""
        rows = self.tables["customers"]
        for number, customers in enumerate(self.joins):
            found = customers.select(customers.customer_id.name(_place(number)))
            rows = rows.left_join(found, [("id", _place(number))])
        return rows

    def rule(self, rule: Rule) -> Predicate:  # noqa: C901 - one arm per kind
        match rule:
            case Everyone():
                return lambda row: row.id.notnull()
            case All():
                return self._all(rule)
            case AnyOf():
                return self._any(rule)
            case Not():
                child = self.rule(rule.child)
                return lambda row: ~child(row)
            case Attribute():
                return self._attribute(rule)
            case EventCount():
                customers, is_inside = self.histories.count(rule)
                return self._found(customers, is_inside=is_inside)
            case EventAggregate():
                return self._found(self.histories.aggregate(rule))
            case Sequence():
                return self._found(self.histories.sequence(rule))
            case MonthsInARow():
                return self._found(self.histories.months_in_a_row(rule))
            case Tag():
                return self._found(self._tagged(rule))
            case SegmentRef():
                members = self.tables["memberships"]
                return self._found(members.filter(members.segment == rule.key))
            case Lifecycle():
                return lambda row: row.lifecycle.isin(rule.stages).fill_null(False)
            case Touch():
                return self._found(self._touched(rule))
            case Sample():
                return lambda row: sample_number(row.id, rule.salt) < rule.basis_points
            case _:
                assert_never(rule)

    def _all(self, rule: All) -> Predicate:
        children = [self.rule(child) for child in rule.children]
        return lambda row: ibis.and_(*(child(row) for child in children))

    def _any(self, rule: AnyOf) -> Predicate:
        children = [self.rule(child) for child in rule.children]
        return lambda row: any_of([child(row) for child in children])

    def _found(self, customers: ir.Table, *, is_inside: bool = True) -> Predicate:
        """Whether a customer is in the table, or is not."""
        place = _place(len(self.joins))
        self.joins.append(customers.select("customer_id").distinct())
        return lambda row: row[place].notnull() if is_inside else row[place].isnull()

    def _attribute(self, rule: Attribute) -> Predicate:
        of = self.checked.fields[rule.field]
        if of.column is None:
            return self._imported(of, rule)
        if of.name == _AGE:
            return self._age(of, rule)
        if of.is_daily:
            return self._days_until(of, rule)
        operand = _own_operand(of)
        match rule.op:
            case Operator.EXISTS:
                return lambda row: _is_there(row, operand)
            case Operator.NOT_EXISTS:
                return lambda row: ~_is_there(row, operand)
        return lambda row: self.judge.holds(row, operand, rule.op, rule.value).fill_null(False)

    def _imported(self, of: Field, rule: Attribute) -> Predicate:
        if of.name not in self.manifest.attributes:
            raise EngineError(why.NOT_ARCHIVED, name=of.name)
        rows = self.tables["attributes"]
        operand = replace(reading(of.type), choices=of.choices)
        known = rows.filter(rows.name == of.name, rows[operand.column].notnull())
        if rule.op in (Operator.EXISTS, Operator.NOT_EXISTS):
            return self._found(known, is_inside=rule.op is Operator.EXISTS)
        return self._found(known.filter(self.judge.holds(known, operand, rule.op, rule.value)))

    def _age(self, of: Field, rule: Attribute) -> Predicate:
        """Whole years at the moment of judging; where the birthday is unknown, the number
        imported."""
        imported = self._imported(of, rule)
        today = self.judge.clock.today

        def holds(row: ir.Table) -> ir.BooleanValue:
            born = row.birth_on
            had_birthday = born % 10_000 <= today.month * 100 + today.day
            age = today.year - born // 10_000 - ibis.ifelse(had_birthday, 0, 1)
            match rule.op:
                case Operator.EXISTS:
                    return born.notnull() | imported(row)
                case Operator.NOT_EXISTS:
                    return born.isnull() & imported(row)
            by_birth = whole_holds(age, rule.op, rule.value).fill_null(False)
            return ibis.ifelse(born.notnull(), by_birth, imported(row))

        return holds

    def _days_until(self, of: Field, rule: Attribute) -> Predicate:
        """Days from the day of judging to the day in the column; negative once it has passed."""
        assert of.column is not None
        column, today = of.column, self.judge.clock.today.toordinal()

        def holds(row: ir.Table) -> ir.BooleanValue:
            until = row[column]
            match rule.op:
                case Operator.EXISTS:
                    return until.notnull()
                case Operator.NOT_EXISTS:
                    return until.isnull()
            return whole_holds(_ordinal(until) - today, rule.op, rule.value).fill_null(False)

        return holds

    def _tagged(self, rule: Tag) -> ir.Table:
        rows = self.tables["taggings"]
        until = rows.valid_until
        is_valid = until.isnull() | (until > microseconds(self.judge.clock.now))
        return rows.filter(rows.tag == rule.key, is_valid)

    def _touched(self, rule: Touch) -> ir.Table:
        rows = self.tables["touches"]
        inside = in_window(rows[rule.state.value], self.judge.clock.interval(rule.window))
        return rows.filter(rows.journey == rule.journey, *inside)


def _ordinal(day: ir.Column) -> ir.Column:
    """The number of a day YYYYMMDD as `date.toordinal` counts, by whole numbers alone: years that
    begin in March end with the leap day.
    """
    month = day // 100 % 100
    year = day // 10_000 - ibis.ifelse(month <= 2, 1, 0)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day % 100 - 1
    return 365 * year + year // 4 - year // 100 + year // 400 + day_of_year - 305


def sample_number(customer: ir.Column, salt: str) -> ir.IntegerValue:
    """The number of `rules.evaluate.sample_number`, digit by digit: no engine reads a hexadecimal
    number as another does. Only the rest is carried along, since Spark counts in 32 bits here."""
    digest = (ibis.literal(f"{salt}:") + customer.cast("string")).hexdigest("md5")
    number = ibis.literal(0)
    for place in range(8):
        number = (number * 16 + ibis.literal(_HEX).find(digest.substr(place, 1))) % 10_000
    return number


def _place(number: int) -> str:
    return f"j{number}"


def _own_operand(of: Field) -> Operand:
    if of not in archived_fields():
        raise EngineError(why.NOT_ARCHIVED, name=of.name)
    day = f"{of.name}_day" if of.type is FieldType.DATETIME else ""
    return Operand(type=of.type, column=of.name, day=day, choices=of.choices)


def _is_there(row: ir.Table, operand: Operand) -> ir.BooleanValue:
    column = row[operand.column]
    # Of an encrypted field the archive says only whether it is there.
    return column if operand.type is FieldType.ENCRYPTED else column.notnull()
