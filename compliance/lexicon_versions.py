"""The wording lexicon by its versions: what officers changed, as the scanner takes it.

One short look at the newest number tells whether anything changed; a process that finds another
one than it knows reads the rows and compiles them, once. No restart is needed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache

from django.db.models import Max

from compliance.models import LexiconChange
from compliance.rulebook.shipped import shipped_wordbook, shipped_wording_digest
from compliance.wording.amend import (
    SHIPPED,
    Addition,
    Explanation,
    History,
    Lexicon,
    Removal,
    amended,
)
from compliance.wording.lexicon import Severity, Term
from compliance.wording.verdict import Verdict


def lexicon_in_force() -> Lexicon:
    """The newest version, whose rules each count between their days."""
    newest = LexiconChange.objects.aggregate(newest=Max("version"))["newest"]
    return _lexicon(newest) if newest else SHIPPED


def tried(lexicon: Lexicon, change: LexiconChange) -> Lexicon:
    """The lexicon as it would be with a change that nobody approved yet."""
    version = max((one.version for one in lexicon.history.changes), default=0) + 1
    changes = (*lexicon.history.changes, _as_value(change, version))
    name = f"{lexicon.history.name}+{change_hash(change)}"
    return Lexicon(history=History(name=name, changes=changes), version=version)


def rules_of(lexicon: Lexicon) -> Mapping[str, Term]:
    """Every rule of that version by id: terms, phrases and patterns, those that ended too."""
    return {
        rule_id: term
        for rule_id, term in _rules(lexicon.history).items()
        if term.validity.since <= lexicon.version
    }


def explanations(lexicon: Lexicon) -> Mapping[str, Explanation]:
    """Why officers added their rules, by rule."""
    return {
        change.rule_id: change.explanation
        for change in lexicon.history.changes
        if isinstance(change, Addition) and change.version <= lexicon.version
    }


def lexicon_digest(lexicon: Lexicon) -> str:
    """SHA-256, hex, of all that texts are judged by: the shipped files and what officers changed.

    Two installations of one release whose officers approved the same changes have the same one.
    """
    told = [
        {**asdict(change), "products": sorted(getattr(change, "products", ()))}
        for change in lexicon.history.changes
        if change.version <= lexicon.version
    ]
    for change in told:
        # When it was approved judges no text, and the number is each installation's own.
        del change["decided_at"], change["version"]
    body = json.dumps([shipped_wording_digest(), told], sort_keys=True, default=str)
    return hashlib.sha256(body.encode()).hexdigest()


def change_hash(change: LexiconChange) -> str:
    """SHA-256, hex, of what a reviewer of the change approves."""
    body = {
        "kind": change.kind,
        "rule_id": change.rule_id,
        "text": change.text,
        "category": change.category,
        "severity": change.severity,
        "verdict": change.verdict,
        "basis": change.basis,
        "products": change.products,
        "neutral": change.neutral,
        "explanation": [change.explanation_en, change.explanation_zh],
        "effective": [str(change.effective_from), str(change.effective_to)],
    }
    told = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()


@lru_cache(maxsize=4)
def _lexicon(newest: int) -> Lexicon:
    """An approved change is never changed, so the newest one's number stands for all of them."""
    approved = LexiconChange.objects.filter(version__lte=newest).order_by("version")
    changes = tuple(_as_value(change, change.version or 0) for change in approved)
    return Lexicon(history=History(name=str(newest), changes=changes), version=newest)


@lru_cache(maxsize=4)
def _rules(history: History) -> Mapping[str, Term]:
    return {term.rule_id: term for term in amended(shipped_wordbook(), history).listed}


def _as_value(change: LexiconChange, version: int) -> Addition | Removal:
    decided_at = change.decided_at or change.made_at
    if change.kind == LexiconChange.Kind.END:
        assert change.effective_to is not None, "the table has a constraint for it"
        return Removal(
            version=version,
            decided_at=decided_at,
            rule_id=change.rule_id,
            last_day=change.effective_to,
        )
    assert change.effective_from is not None, "the table has a constraint for it"
    return Addition(
        version=version,
        decided_at=decided_at,
        rule_id=change.rule_id,
        text=change.text,
        is_pattern=change.kind == LexiconChange.Kind.PATTERN,
        category=change.category,
        severity=Severity(change.severity),
        verdict=Verdict(change.verdict),
        basis=change.basis,
        products=frozenset(change.products),
        neutral=tuple(change.neutral),
        effective_from=change.effective_from,
        effective_to=change.effective_to,
        explanation=Explanation(en=change.explanation_en, zh=change.explanation_zh),
    )
