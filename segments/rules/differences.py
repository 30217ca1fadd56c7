"""What another version of a rule asks for and no longer asks for, condition by condition."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from compliance.sentences import Language, Said, Sentence
from segments.rules.catalog import Catalog
from segments.rules.explain import explain
from segments.rules.tree import (
    All,
    AnyOf,
    Attribute,
    EventAggregate,
    EventCount,
    MonthsInARow,
    Not,
    Rule,
    Touch,
)

ADDED: Final = Sentence(code="added", en="New: {now}", zh="新增：{now}")
REMOVED: Final = Sentence(code="removed", en="Gone: {before}", zh="删除：{before}")
CHANGED: Final = Sentence(code="changed", en="{before} → {now}", zh="{before} → {now}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A condition that is new (nothing before), gone (nothing now), or another."""

    before: Rule | None
    now: Rule | None


def differences(before: Rule, now: Rule) -> tuple[Difference, ...]:
    """What differs, in the order in which it is written; empty where the rules mean the same.

    Conditions of an “all” or “any” are a set: their order means nothing. A condition is another
    one, not a new one, when it asks about the same field, event or journey as one that is gone.
    """
    if before == now:
        return ()
    match before, now:
        case (All(), All()) | (AnyOf(), AnyOf()):
            return _in_groups(before.children, now.children)
        case Not(), Not():
            return differences(before.child, now.child)
        case All() | AnyOf(), _ if now in before.children:
            return _in_groups(before.children, (now,))
        case _, All() | AnyOf() if before in now.children:
            return _in_groups((before,), now.children)
        case _:
            return (Difference(before=before, now=now),)


def say_difference(difference: Difference, catalog: Catalog, language: Language) -> str:
    """One difference in words."""
    told = {
        name: explain(rule, catalog, language)
        for name, rule in (("before", difference.before), ("now", difference.now))
        if rule is not None
    }
    if difference.before is None:
        sentence = ADDED
    elif difference.now is None:
        sentence = REMOVED
    else:
        sentence = CHANGED
    return Said(sentence=sentence, details=told).in_language(language)


def _in_groups(before: Sequence[Rule], now: Sequence[Rule]) -> tuple[Difference, ...]:
    gone = [rule for rule in before if rule not in now]
    new = [rule for rule in now if rule not in before]
    found: list[Difference] = []
    for rule in gone:
        other = next((one for one in new if _is_about_the_same(rule, one)), None)
        if other is None:
            found.append(Difference(before=rule, now=None))
            continue
        new.remove(other)
        found.extend(differences(rule, other))
    return (*found, *(Difference(before=None, now=rule) for rule in new))


def _is_about_the_same(one: Rule, other: Rule) -> bool:
    match one, other:
        case Attribute(), Attribute():
            return one.field == other.field
        case (EventCount(), EventCount()) | (MonthsInARow(), MonthsInARow()):
            return one.event.name == other.event.name
        case EventAggregate(), EventAggregate():
            return (one.event.name, one.of) == (other.event.name, other.of)
        case Touch(), Touch():
            return one.journey == other.journey
        case Not(), Not():
            return _is_about_the_same(one.child, other.child)
        case _:
            return type(one) is type(other) and isinstance(one, All | AnyOf)
