"""Verbs on the wording lexicon: propose a term, a pattern or a last day; approve or return it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from compliance.actions import ask_review, decide_review, record
from compliance.errors import NotPermitted
from compliance.lexicon_checks import check_addition, check_ending
from compliance.lexicon_versions import change_hash, lexicon_in_force, rules_of
from compliance.models import LexiconChange, Review, User
from compliance.queries import NEXT_LEXICON_RULE, NEXT_LEXICON_VERSION

KIND = "lexicon"  # under which changes of the lexicon are reviewed
OWN = "W-"  # how the institution's rules are numbered; no rule that we ship begins so


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A term or a pattern as an officer wants it.

    ``products``: kinds it is about, none for all; ``neutral``: texts in which it is no hit;
    ``samples``: texts that the maker tried it on, for the checker to see.
    """

    text: str
    is_pattern: bool
    category: str
    severity: str
    verdict: str
    basis: str
    explanation_en: str
    explanation_zh: str
    effective_from: date
    effective_to: date | None = None
    products: Sequence[str] = ()
    neutral: Sequence[str] = ()
    samples: Sequence[str] = ()


def drafted(wording: Wording, *, maker: User, now: datetime) -> LexiconChange:
    """The change that the wording would be, unsaved: to be tried on texts.

    Raises
    ------
    RulesRefused : it could not be judged by; ``path`` names the field.
    """
    change = LexiconChange(
        kind=LexiconChange.Kind.PATTERN if wording.is_pattern else LexiconChange.Kind.TERM,
        rule_id=f"{OWN}?",
        text=wording.text.strip(),
        category=wording.category,
        severity=wording.severity,
        verdict=wording.verdict,
        basis=wording.basis.strip(),
        products=sorted(wording.products),
        neutral=list(wording.neutral),
        samples=list(wording.samples),
        explanation_en=wording.explanation_en.strip(),
        explanation_zh=wording.explanation_zh.strip(),
        effective_from=wording.effective_from,
        effective_to=wording.effective_to,
        made_by=maker,
        made_at=now,
    )
    check_addition(change, lexicon_in_force(), today=localtime(now).date())
    return change


@transaction.atomic
def propose_wording(*, wording: Wording, maker: User, now: datetime) -> LexiconChange:
    """Write down a term or a pattern; it counts once a second person approved it.

    Raises
    ------
    RulesRefused : it could not be judged by; ``path`` names the field.
    NotPermitted : the maker's role keeps no rules.
    """
    _require_keeper(maker)
    change = drafted(wording, maker=maker, now=now)
    change.rule_id = f"{OWN}{_next(NEXT_LEXICON_RULE)}"
    return _proposed(change, maker, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDay:
    """After which day a rule no longer counts, and why."""

    rule_id: str
    last_day: date
    explanation_en: str
    explanation_zh: str


def drafted_last_day(ending: LastDay, *, maker: User, now: datetime) -> LexiconChange:
    """The change that the last day would be, unsaved.

    Raises
    ------
    RulesRefused : there is no such rule, or the day is over; ``path`` names the field.
    """
    lexicon = lexicon_in_force()
    rule = rules_of(lexicon).get(ending.rule_id)
    change = LexiconChange(
        kind=LexiconChange.Kind.END,
        rule_id=ending.rule_id,
        text=rule.text if rule else "",
        category=rule.category if rule else "",
        explanation_en=ending.explanation_en.strip(),
        explanation_zh=ending.explanation_zh.strip(),
        effective_to=ending.last_day,
        made_by=maker,
        made_at=now,
    )
    check_ending(change, lexicon, today=localtime(now).date())
    return change


@transaction.atomic
def propose_last_day(*, ending: LastDay, maker: User, now: datetime) -> LexiconChange:
    """Write down after which day a rule no longer counts; it stays in all older versions.

    Raises
    ------
    RulesRefused : see `drafted_last_day`.
    NotPermitted : the maker's role keeps no rules.
    """
    _require_keeper(maker)
    return _proposed(drafted_last_day(ending, maker=maker, now=now), maker, now)


@transaction.atomic
def review_change(
    *, change: LexiconChange, checker: User, approve: bool, opinion: str, now: datetime
) -> Review:
    """The second person's verdict; what is approved makes a new version of the lexicon.

    Raises
    ------
    RulesRefused : what was approved meanwhile leaves no room for it.
    ComplianceError : see `decide_review`.
    """
    held = LexiconChange.objects.select_for_update().get(pk=change.pk)
    # Its entry in the audit trail makes approvals wait for each other until they are committed:
    # without that a reader could see a number whose predecessor he is yet to miss.
    review = decide_review(
        kind=KIND,
        key=str(held),
        content_hash=change_hash(held),
        checker=checker,
        approve=approve,
        opinion=opinion,
        now=now,
        author=held.made_by,
    )
    held.status = LexiconChange.Status.RETURNED
    if approve:
        _check_again(held)
        held.status = LexiconChange.Status.APPROVED
        held.version = _next(NEXT_LEXICON_VERSION)
    held.checked_by, held.decided_at = checker, now
    held.save(update_fields=["status", "version", "checked_by", "decided_at"])
    return review


def _check_again(change: LexiconChange) -> None:
    """Against what others had approved since it was proposed; its first day may be over by now."""
    if change.kind == LexiconChange.Kind.END:
        check_ending(change, lexicon_in_force(), today=localtime(change.made_at).date())
    else:
        check_addition(change, lexicon_in_force(), today=localtime(change.made_at).date())


def _proposed(change: LexiconChange, maker: User, now: datetime) -> LexiconChange:
    change.save(force_insert=True)
    record(
        actor=maker.username,
        action="lexicon.propose",
        subject=str(change),
        now=now,
        detail={
            "kind": change.kind,
            "text": change.text,
            "verdict": change.verdict,
            "category": change.category,
            "effective_from": str(change.effective_from or ""),
            "effective_to": str(change.effective_to or ""),
        },
    )
    ask_review(kind=KIND, key=str(change), content_hash=change_hash(change), maker=maker, now=now)
    return change


def _require_keeper(maker: User) -> None:
    if not maker.has_perm("compliance.add_lexiconchange"):
        raise NotPermitted(_("Your role may not change rules. Ask compliance."))


def _next(sequence: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sequence)
        number: int = cursor.fetchone()[0]
        return number
