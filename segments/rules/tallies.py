"""Figures over events for a rule of many conditions: the events of one name are read once.

Each condition by itself is a derived table over its own events, which is best for a few; sixty
windows over the same events would read them sixty times.
"""

from segments.rules.operands import json_number, property_json
from segments.rules.statement import Statement, conditions_of, in_window
from segments.rules.tree import EventFilter, Window


def tallied(made: str, event: EventFilter, window: Window, statement: Statement) -> str:
    """The column of `made`, an aggregate over rows `e`, for the events that a condition means.

    NULL for a customer without any event of that name in any of the statement's windows.
    """
    tally = statement.tally(event.name)
    tally.intervals.append(statement.clock.interval(window))
    meant = [in_window("e.occurred_at", window, statement), *conditions_of(event, statement)]
    tally.figures.append(f"{made} FILTER (WHERE {' AND '.join(meant)})")
    return f"{tally.alias}.f{len(tally.figures)}"


def number_of(name: str, event: EventFilter, statement: Statement) -> str:
    """The number under a property of the rows `e`, read once per event for all figures of it."""
    numbers = statement.tally(event.name).numbers
    if name not in numbers:
        numbers[name] = json_number(property_json(name, statement.parameters))
    return f"e.n{list(numbers).index(name) + 1}"
