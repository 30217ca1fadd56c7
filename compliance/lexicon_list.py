"""The wording lexicon as people look through it: every rule with its dates and its standing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from compliance.lexicon_versions import rules_of
from compliance.scan import scanner_of
from compliance.wording.amend import SHIPPED, Addition, Explanation, Lexicon
from compliance.wording.categories import category_named
from compliance.wording.lexicon import Severity, Status, Term
from compliance.wording.verdict import Verdict


class Standing(StrEnum):
    """Whether a rule counts on the day."""

    IN_FORCE = "in_force"
    FUTURE = "future"  # its first day is yet to come
    ENDED = "ended"  # its last day is over
    DRAFT = "draft"  # shipped as a draft or repealed: never applied


class Origin(StrEnum):
    """Who brought a rule."""

    OWN = "own"
    SHIPPED = "shipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One rule. ``explanation``: of what officers added; ``neutral``: its exclusions."""

    rule_id: str
    text: str
    category: str
    severity: Severity
    verdict: Verdict
    basis: str
    products: Sequence[str]
    first_day: date | None
    last_day: date | None
    standing: Standing
    origin: Origin
    neutral: Sequence[str] = ()
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is looked for; empty: anything. ``words``: in text, rule, category or basis."""

    words: str = ""
    category: str = ""
    standing: str = ""
    origin: str = ""


def rows(lexicon: Lexicon, *, on: date, sought: Sought) -> Iterator[Row]:
    """The rules that are looked for, as they stand on that day; officers' own first."""
    added = {
        change.rule_id: change for change in lexicon.history.changes if isinstance(change, Addition)
    }
    rules = rules_of(lexicon).values()
    for term in sorted(rules, key=lambda rule: -rule.validity.since):
        row = _row(term, added.get(term.rule_id), lexicon.version, on)
        if _is_sought(row, sought):
            yield row


def _row(term: Term, change: Addition | None, version: int, on: date) -> Row:
    return Row(
        rule_id=term.rule_id,
        text=change.text if change else term.text,
        category=term.category,
        severity=term.severity,
        verdict=term.verdict,
        basis=term.basis,
        products=sorted(term.products),
        first_day=term.validity.effective_from,
        last_day=term.validity.last_day(version),
        standing=_standing(term, version, on),
        origin=Origin.OWN if change else Origin.SHIPPED,
        neutral=change.neutral if change else (),
        explanation=change.explanation if change else None,
    )


def _standing(term: Term, version: int, on: date) -> Standing:
    validity = term.validity
    last = validity.last_day(version)
    if validity.status is not Status.ACTIVE:
        return Standing.DRAFT
    if last is not None and last < on:
        return Standing.ENDED
    if validity.effective_from is not None and on < validity.effective_from:
        return Standing.FUTURE
    return Standing.IN_FORCE


def _is_sought(row: Row, sought: Sought) -> bool:
    plain = scanner_of(SHIPPED).plain
    words = plain(sought.words)
    named = (category_named(row.category, "en"), category_named(row.category, "zh"))
    told = (row.text, row.rule_id, row.category, *named, row.basis)
    return (
        sought.category in ("", row.category)
        and sought.standing in ("", row.standing)
        and sought.origin in ("", row.origin)
        and any(words in plain(one) for one in told)
    )
