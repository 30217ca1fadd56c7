"""Which required statements an advertisement lacks.

Works on folded text (plain, without punctuation), so that a statement counts however it is set.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """One statement that some advertisements must carry.

    ``products``: kinds it is for; ``mentions``: only where the text matches this (empty: always);
    ``requires``: every one of these must be found; ``text``: what to write; ``is_short_form``:
    on a short medium this one and a link to the full text stand for all. The patterns are regular
    expressions over folded text.
    """

    rule_id: str
    name: str
    products: frozenset[str]
    mentions: str
    requires: tuple[str, ...]
    text: str
    verdict: str
    severity: str
    basis: str
    is_short_form: bool
    is_active: bool
    effective_from: date | None
    effective_to: date | None

    def is_in_force(self, on: date) -> bool:
        """Whether the rule counts on that day; both days are included."""
        return (
            self.is_active
            and (self.effective_from is None or self.effective_from <= on)
            and (self.effective_to is None or on <= self.effective_to)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Advertisement:
    """What is judged: folded text, the product with its kin, whether short, whether linked.

    ``shown``: the part of the text that surely stands before the reader's eyes.
    """

    tight: str
    shown: str
    products: frozenset[str]
    is_short: bool
    has_link: bool


def missing_disclosures(
    disclosures: Iterable[Disclosure], *, advertisement: Advertisement, on: date
) -> tuple[Disclosure, ...]:
    """Those that are in force, apply to the product and the text, and aren't there."""
    applying = [
        rule
        for rule in disclosures
        if rule.is_in_force(on)
        and rule.products & advertisement.products
        and _pattern(rule.mentions).search(advertisement.tight)
    ]
    missing = tuple(rule for rule in applying if not _is_met(rule, advertisement.shown))
    short_forms = [rule for rule in applying if rule.is_short_form]
    if advertisement.is_short and advertisement.has_link and short_forms:
        # One sentence on risk and a link to the full text will do in a text message.
        return tuple(rule for rule in missing if rule.is_short_form)
    return missing


def _is_met(rule: Disclosure, tight: str) -> bool:
    return all(_pattern(required).search(tight) for required in rule.requires)


# `re` keeps patterns too, but asks more questions each time.
_pattern: Final = cache(re.compile)
