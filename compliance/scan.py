"""One text against the rulebook in force: its words, and the statements it lacks."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from django.utils.translation import gettext as _

from compliance.disclosure import Advertisement, Disclosure, missing_disclosures
from compliance.errors import UnknownContext
from compliance.rulebook.shipped import (
    shipped_context,
    shipped_disclosures,
    shipped_wordbook,
)
from compliance.wording.amend import SHIPPED, History, Lexicon, amended
from compliance.wording.lexicon import Scope
from compliance.wording.scan import Hit, Scanner
from compliance.wording.turned import as_displayed
from compliance.wording.verdict import Verdict, heaviest

_LINK: Final = re.compile(
    r"https?://|www\.|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:cn|com|net|org)/", re.I
)
UNNAMED_PRODUCT: Final = "N-01"
_Entry = TypeVar("_Entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What may be done with a text, and why.

    ``not_applied``: what was left out because the product isn't known.
    """

    verdict: Verdict
    hits: tuple[Hit, ...]
    missing_disclosures: tuple[Disclosure, ...]
    not_applied: tuple[str, ...]


def scan_wording(
    *,
    text: str,
    on: date,
    product: str | None = None,
    channel: str | None = None,
    lexicon: Lexicon = SHIPPED,
    shown: str | None = None,
) -> Scan:
    """Judge a text as it is to be published on that day.

    ``shown``: what surely stands before the reader's eyes, where the text holds more than that:
    a required statement must stand there, a forbidden term nowhere.

    ``lexicon``: with what officers changed (`compliance.lexicon_versions`), else as we ship it.

    An unknown product may be any, so every product's forbidden terms count; required statements
    and terms that are harmless elsewhere wait until the product is known.

    Raises
    ------
    UnknownContext : no such product kind or channel.
    RulebookError : the shipped rules can't be read.
    """
    context, scanner = shipped_context(), scanner_of(lexicon)
    kin = _looked_up("product", product, context.products)
    medium = _looked_up("channel", channel, context.media)
    is_online = medium.is_online if medium else None
    scope = Scope(on=on, products=kin, is_online=is_online, version=lexicon.version)
    hits = scanner.hits(text, scope=scope)
    if (displayed := as_displayed(text)) != text:
        # Some devices turn it around, others don't.
        hits = (*hits, *scanner.hits(displayed, scope=scope))
    missing: tuple[Disclosure, ...] = ()
    if kin is not None:
        advertisement = Advertisement(
            tight=scanner.tight(text),
            shown=scanner.tight(text if shown is None else shown),
            products=kin,
            is_short=medium is not None and medium.is_short,
            has_link=has_link(text),
        )
        missing = missing_disclosures(shipped_disclosures(), advertisement=advertisement, on=on)
    verdicts = [hit.verdict for hit in hits] + [Verdict(rule.verdict) for rule in missing]
    return Scan(
        verdict=heaviest(verdicts),
        hits=hits,
        missing_disclosures=missing,
        not_applied=() if kin is not None else _waiting_for_the_product(),
    )


def has_link(text: str) -> bool:
    """Whether a text leads to more."""
    return _LINK.search(text) is not None


def says(text: str, statement: str) -> bool:
    """Whether a text says all of a statement, however it is set."""
    scanner = shipped_scanner()
    return scanner.tight(statement) in scanner.tight(text)


def mentions_product(text: str) -> bool:
    """Whether a text speaks of a product or of its risk label.

    A message that does so and names no product by its code cannot be held against the customer's
    level: a reviewer must say that it is meant so (rule `UNNAMED_PRODUCT`).
    """
    return re.search(shipped_context().mentions, shipped_scanner().tight(text)) is not None


def _looked_up(path: str, key: str | None, known: Mapping[str, _Entry]) -> _Entry | None:
    if key is None:
        return None
    if key not in known:
        raise UnknownContext(
            _("%(key)s is no known %(what)s; known are %(known)s.")
            % {"key": repr(key), "what": path, "known": ", ".join(known)},
            path,
        )
    return known[key]


def shipped_scanner() -> Scanner:
    """The shipped rules compiled, once per process (some tenths of a second)."""
    return scanner_of(SHIPPED)


def scanner_of(lexicon: Lexicon) -> Scanner:
    """The rules compiled, once per process for all versions up to the newest."""
    return _scanner(lexicon.history)


# The shipped one, the newest one, its predecessor while it is taken over, and one on trial.
@functools.lru_cache(maxsize=4)
def _scanner(history: History) -> Scanner:
    return Scanner(amended(shipped_wordbook(), history))


def rule_words(lexicon: Lexicon) -> Mapping[str, str]:
    """What each rule of wording is about: the term, or the statement to write; and its basis."""
    return _rule_words(lexicon.history)


@functools.lru_cache(maxsize=2)
def _rule_words(history: History) -> Mapping[str, str]:
    book = amended(shipped_wordbook(), history)
    terms = {term.rule_id: (term.text, term.basis) for term in book.listed}
    statements = {rule.rule_id: (rule.text, rule.basis) for rule in shipped_disclosures()}
    return {
        rule_id: " · ".join(part for part in said if part)
        for rule_id, said in (terms | statements).items()
    }


@functools.cache
def _waiting_for_the_product() -> tuple[str, ...]:
    terms = tuple(term.rule_id for term in shipped_wordbook().terms if term.needs_product)
    return terms + tuple(rule.rule_id for rule in shipped_disclosures())
