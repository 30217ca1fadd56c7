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
CHANGED: Final = Sentence(code="changed", en="{before} → {now}", zh="{before}，改为：{now}")


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
        case (All(children=old), All(children=new)) | (AnyOf(children=old), AnyOf(children=new)):
            return _in_groups(old, new)
        case Not(child=old), Not(child=new):
            return differences(old, new)
        case All(children=old) | AnyOf(children=old), _ if now in old:
            return _in_groups(old, (now,))
        case _, All(children=new) | AnyOf(children=new) if before in new:
            return _in_groups((before,), new)
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
    if type(one) is not type(other):
        return False
    return isinstance(one, All | AnyOf) or (_subject(one) == _subject(other) is not None)


def _subject(rule: Rule) -> tuple[str, ...] | None:
    """What a condition asks about; None for those that are new or gone as a whole."""
    match rule:
        case Attribute():
            return (rule.field,)
        case EventCount() | MonthsInARow():
            return (rule.event.name,)
        case EventAggregate():
            return (rule.event.name, rule.of)
        case Touch():
            return (rule.journey,)
        case Not():
            return _subject(rule.child)
        case _:
            return None
