"""The rules the scanner works by, as values: terms, exclusions, cues, spellings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from compliance.wording.verdict import Verdict


class Severity(StrEnum):
    """The rank of the law behind a rule."""

    RED = "red"  # statute or administrative regulation
    ORANGE = "orange"  # departmental rule or self-regulation
    YELLOW = "yellow"  # advice without a clause


class Status(StrEnum):
    """Whether a rule counts. Rules are never deleted, only deprecated."""

    ACTIVE = "active"  # counts between its dates
    PENDING = "pending"  # a draft: shown to officers, never applied
    DEPRECATED = "deprecated"  # repealed


class CueKind(StrEnum):
    """What a cue word does to a term that follows it in the same clause."""

    ADJACENT = "adjacent"  # denies the term that directly follows
    FILLER = "filler"  # may stand between an adjacent denial and its term
    GOVERNING = "governing"  # denies what follows up to the end of the clause
    COORDINATE = "coordinate"  # whether the denial goes on behind it is for a person to say
    ADVERSATIVE = "adversative"  # ends the reach of a denial before it
    RHETORICAL = "rhetorical"  # turns a denial into its contrary, or into a question
    WARNING = "warning"  # what follows the term warns of it
    LINK = "link"  # joins a second term to a denied one
    HOLDER = "holder"  # before 的: whose it is that is denied, and not what is denied of it


class Breadth(StrEnum):
    """What an exclusion may stretch over."""

    WORD = "word"  # nothing but decoration
    LABEL = "label"  # blanks, and the colon between a label and its value
    SENTENCE = "sentence"  # also the line breaks of wrapped mandatory text
    CLAUSE = "clause"  # anything: two words whose border only looks like a term (医保，本月)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The last day that an officer gave a rule; counts from a version of the lexicon on."""

    version: int
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """When a rule is in force; both days are included, None is unbounded.

    ``since``: the version of the lexicon that brought it, 0 for what we ship.
    """

    status: Status
    effective_from: date | None
    effective_to: date | None
    since: int = 0
    endings: tuple[Ending, ...] = ()

    def is_in_force(self, on: date, version: int = 0) -> bool:
        """Whether the rule counts on that day by that version of the lexicon."""
        last = self.last_day(version)
        return (
            self.status is Status.ACTIVE
            and self.since <= version
            and (self.effective_from is None or self.effective_from <= on)
            and (last is None or on <= last)
        )

    def last_day(self, version: int = 0) -> date | None:
        """The earliest last day that was given by that version of the lexicon, if any."""
        if not self.endings:
            return self.effective_to
        days = [ending.last_day for ending in self.endings if ending.version <= version]
        return min([*days, *([self.effective_to] if self.effective_to else [])], default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One row of the lexicon.

    ``products``: kinds of product it is about, empty for all; ``is_for_online``: only where the
    medium is online; ``relaxed``: a lighter verdict for some kinds; ``needs_product``: skipped
    while the product is unknown (other terms then count: an unknown product may be any).
    """

    rule_id: str
    text: str
    category: str
    severity: Severity
    verdict: Verdict
    basis: str
    products: frozenset[str]
    is_for_online: bool
    relaxed: Mapping[str, Verdict]
    needs_product: bool
    validity: Validity


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A term that comes in many wordings: a regular expression over the folded text."""

    term: Term
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a pattern without a gap: one of these wordings, each words side by side.

    An empty word is a number. ``reach``: how many characters may stand between the stretch before
    and this one, at most.
    """

    wordings: tuple[tuple[str, ...], ...]
    reach: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A term that comes in many wordings: an officer's pattern, stretch by stretch."""

    term: Term
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """Neutral or mandatory text: a term inside a match of ``pattern`` is no hit.

    ``pattern`` is a regular expression over the folded text, which holds no punctuation.
    ``frees``: the one rule that is silent there; None: every rule.
    """

    rule_id: str
    pattern: str
    breadth: Breadth
    validity: Validity
    frees: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A word of denial, or one that limits a denial; ``pattern`` is a regular expression."""

    kind: CueKind
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wordbook:
    """Everything the scanner is told.

    ``spellings``: sequences of characters that stand for one (亻呆 for 保); ``readings``: the
    toneless syllable of each character; ``homophones``: everyday words that merely sound like a
    term.
    """

    terms: Sequence[Term]
    phrases: Sequence[Phrase]
    exclusions: Sequence[Exclusion]
    cues: Sequence[Cue]
    spellings: Mapping[str, str]
    readings: Mapping[str, str]
    homophones: frozenset[str]
    chains: Sequence[Chain] = ()

    @property
    def listed(self) -> tuple[Term, ...]:
        """Every rule: terms, and what comes in many wordings."""
        phrases = (phrase.term for phrase in self.phrases)
        return (*self.terms, *phrases, *(chain.term for chain in self.chains))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is known about the text; None where it isn't known.

    ``products``: the product's kind and the kinds it belongs to; ``is_online``: the medium;
    ``version``: of the lexicon, 0 for the rules as we ship them.
    """

    on: date
    version: int = 0
    products: frozenset[str] | None = None
    is_online: bool | None = None


def verdict_in(scope: Scope, term: Term) -> Verdict | None:
    """The term's verdict under the scope, None where the term doesn't apply."""
    is_in_force = term.validity.is_in_force(scope.on, scope.version)
    if not is_in_force or (term.is_for_online and scope.is_online is False):
        return None
    if scope.products is None:
        return None if term.needs_product else term.verdict
    if term.products and not term.products & scope.products:
        return None
    return next(
        (lighter for kind, lighter in term.relaxed.items() if kind in scope.products),
        term.verdict,
    )
