"""The lexicon as officers changed it: what they added, what they ended, by version.

A version is a number that only rises. A text judged by an old one is judged by what had been
approved then, however many came after: one scanner knows all of them (`Scope.version`).
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

from compliance.sentences import Language
from compliance.wording.fold import Folder
from compliance.wording.lexicon import (
    Breadth,
    Chain,
    Ending,
    Exclusion,
    Phrase,
    Severity,
    Status,
    Term,
    Validity,
    Wordbook,
)
from compliance.wording.pattern import read_pattern
from compliance.wording.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a rule is listed, as an officer wrote it: no `Sentence`, for braces in it are braces."""

    en: str
    zh: str

    def in_language(self, language: Language) -> str:
        """The explanation in `language`."""
        return self.en if language == "en" else self.zh


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A term or a pattern that an officer wrote.

    ``neutral``: texts in which it is no hit; ``products``: kinds it is about, empty for all.
    """

    version: int
    decided_at: datetime
    rule_id: str
    text: str
    is_pattern: bool
    category: str
    severity: Severity
    verdict: Verdict
    basis: str
    products: frozenset[str]
    neutral: tuple[str, ...]
    effective_from: date
    effective_to: date | None
    explanation: Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """The last day of a rule, a shipped one or an officer's."""

    version: int
    decided_at: datetime
    rule_id: str
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Every change in the order of approval; ``name`` stands for all of it."""

    name: str = ""
    changes: tuple[Addition | Removal, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """The lexicon by one version of it; 0 is what we ship."""

    history: History = field(default_factory=History)
    version: int = 0

    def as_of(self, at: datetime) -> "Lexicon":
        """The version that counted at a moment."""
        known = [one.version for one in self.history.changes if one.decided_at <= at]
        return replace(self, version=max(known, default=0))


SHIPPED: Final = Lexicon()


def amended(book: Wordbook, history: History) -> Wordbook:
    """The wordbook with all that officers ever added, and the last days that they gave."""
    endings: dict[str, list[Ending]] = defaultdict(list)
    added: list[Addition] = []
    for change in history.changes:
        if isinstance(change, Removal):
            endings[change.rule_id].append(Ending(version=change.version, last_day=change.last_day))
        else:
            added.append(change)
    folder = Folder(book.spellings)
    terms = [(_term(change), change) for change in added]
    return replace(
        book,
        terms=[
            _ending(term, endings)
            for term in (*book.terms, *(own for own, change in terms if not change.is_pattern))
        ],
        phrases=[
            Phrase(term=_ending(phrase.term, endings), pattern=phrase.pattern)
            for phrase in book.phrases
        ],
        exclusions=[
            *book.exclusions,
            *(_exclusion(change, text, folder) for change in added for text in change.neutral),
        ],
        chains=[
            Chain(term=_ending(term, endings), stretches=read_pattern(change.text, folder.plain))
            for term, change in terms
            if change.is_pattern
        ],
    )


def _ending(term: Term, endings: Mapping[str, list[Ending]]) -> Term:
    if term.rule_id not in endings:
        return term
    return replace(term, validity=replace(term.validity, endings=tuple(endings[term.rule_id])))


def _term(change: Addition) -> Term:
    return Term(
        rule_id=change.rule_id,
        text=change.text,
        category=change.category,
        severity=change.severity,
        verdict=change.verdict,
        basis=change.basis,
        products=change.products,
        is_for_online=False,
        relaxed={},
        needs_product=False,
        validity=Validity(
            status=Status.ACTIVE,
            effective_from=change.effective_from,
            effective_to=change.effective_to,
            since=change.version,
        ),
    )


def _exclusion(change: Addition, text: str, folder: Folder) -> Exclusion:
    return Exclusion(
        rule_id=change.rule_id,
        pattern=re.escape(folder.tight(text)),
        breadth=Breadth.WORD,
        validity=Validity(
            status=Status.ACTIVE, effective_from=None, effective_to=None, since=change.version
        ),
        frees=change.rule_id,
    )
