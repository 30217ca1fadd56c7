"""A rule's verdict about one customer, clause by clause: met or not, asked what, found what."""

from collections.abc import Iterator, Mapping
from collections.abc import Sequence as Listed
from dataclasses import dataclass
from typing import Literal

from compliance.sentences import Language, Said
from segments.rules.catalog import Catalog
from segments.rules.check import Checked
from segments.rules.explain import explain
from segments.rules.findings import found_in_words
from segments.rules.moments import Clock
from segments.rules.pointer import below
from segments.rules.tree import All, AnyOf, Not, Rule

Joint = Literal["all", "any", "not", ""]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A group (``joint`` says of which kind) or a single condition with what was found.

    ``pointer`` is its place in the rule's JSON, ``asked`` what it wants, in both languages.
    """

    pointer: str
    is_met: bool
    joint: Joint = ""
    asked: Mapping[Language, str] | None = None
    found: Said | None = None
    children: tuple["Clause", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Whether a single condition is met, and what was found (the JSON of `evidence`)."""

    is_met: bool
    found: object


def leaves_of(rule: Rule, pointer: str = "") -> Iterator[tuple[str, Rule]]:
    """The single conditions in the order they are written, each with its place."""
    match rule:
        case All():
            for index, child in enumerate(rule.children):
                yield from leaves_of(child, below(pointer, "all", index))
        case AnyOf():
            for index, child in enumerate(rule.children):
                yield from leaves_of(child, below(pointer, "any", index))
        case Not():
            yield from leaves_of(rule.child, below(pointer, "not"))
        case _:
            yield pointer, rule


def clauses(
    checked: Checked, evidence: Listed[Evidence], *, catalog: Catalog, clock: Clock
) -> Clause:
    """The tree of verdicts; ``evidence`` is of the rule's single conditions, in their order."""
    by_pointer = {
        pointer: one
        for (pointer, _leaf), one in zip(leaves_of(checked.rule), evidence, strict=True)
    }
    return _clause(checked.rule, "", by_pointer, checked, catalog, clock)


def _clause(
    rule: Rule,
    pointer: str,
    evidence: Mapping[str, Evidence],
    checked: Checked,
    catalog: Catalog,
    clock: Clock,
) -> Clause:
    def inner(child: Rule, *steps: str | int) -> Clause:
        return _clause(child, below(pointer, *steps), evidence, checked, catalog, clock)

    match rule:
        case All():
            held = tuple(inner(child, "all", place) for place, child in enumerate(rule.children))
            is_met = all(child.is_met for child in held)
            return Clause(pointer=pointer, is_met=is_met, joint="all", children=held)
        case AnyOf():
            held = tuple(inner(child, "any", place) for place, child in enumerate(rule.children))
            is_met = any(child.is_met for child in held)
            return Clause(pointer=pointer, is_met=is_met, joint="any", children=held)
        case Not():
            child = inner(rule.child, "not")
            return Clause(pointer=pointer, is_met=not child.is_met, joint="not", children=(child,))
        case _:
            known = evidence[pointer]
            return Clause(
                pointer=pointer,
                is_met=known.is_met,
                asked={language: explain(rule, catalog, language) for language in LANGUAGES},
                found=found_in_words(rule, known.found, checked.fields, clock),
            )
