"""The rules of a day, as they bound a customer of some region."""

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings

from campaigns.guards.verdict import Policy
from compliance.calendar import zone
from compliance.queries import Rulebook, rulebook


@dataclass(frozen=True, slots=True)
class Rules:
    """The rulebook of the institution's day."""

    on: date
    book: Rulebook


def rules_at(now: datetime) -> Rules:
    """The rules in force on the institution's day."""
    on = now.astimezone(zone(None, settings.TIME_ZONE)).date()
    return Rules(on, rulebook(on))


def policy_of(region: str | None, at: Rules) -> Policy:
    """The rules as they bound a customer of this region."""
    rules = at.book
    where = rules.jurisdictions.of(region)
    return Policy(
        on=at.on,
        jurisdiction=where,
        suitability=where.suited(rules.suitability),
        contact=where.bounded(rules.contact),
        calendar=rules.calendar,
        lexicon=rules.lexicon,
        packs=rules.packs,
        digest=rules.digest,
    )
