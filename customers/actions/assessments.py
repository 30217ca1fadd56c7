"""Record risk assessments; refuse those that were taken too often (S-07)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from compliance.queries import rulebook
from compliance.suitability.judge import may_assess
from compliance.suitability.values import Decision
from customers.queries.database import as_json, execute, rows
from customers.queries.locks import lock_standing
from customers.queries.people import ADD_ASSESSMENTS, ASSESSMENT_TIMES

YEAR = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One answered questionnaire."""

    customer_id: int
    level: str
    assessed_at: datetime
    lowest_class: bool
    score: Decimal | None = None
    horizon_months: int | None = None
    objectives: Sequence[str] = ()
    valid_until: date | None = None
    external_id: str | None = None
    """What makes it the same questionnaire when its source tells of it again."""


@transaction.atomic
def record_assessments(
    *, assessments: Sequence[Assessment], source: str, now: datetime
) -> tuple[Assessment, ...]:
    """Add those that may count, in order of their times; returns the ones refused.

    A customer who was assessed too often (S-07) keeps what was known of him. What is told of
    somebody who was merged into another is that one's, until they are two again.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    standing = lock_standing({item.customer_id for item in assessments})
    known = _times(sorted(set(standing.values())), now - YEAR, zone)
    rules = rulebook(now.astimezone(zone).date()).suitability
    kept, refused = [], []
    for item in sorted(assessments, key=lambda one: one.assessed_at):
        at = item.assessed_at.astimezone(zone)
        customer = standing[item.customer_id]
        earlier = [time for time in known[customer] if time <= at]
        if may_assess(earlier=earlier, now=at, rules=rules).decision is Decision.BLOCK:
            refused.append(item)
            continue
        known[customer].append(at)
        kept.append(_row(item, customer, at.date()))
    if kept:
        execute(ADD_ASSESSMENTS, {"rows": as_json(kept), "source": source, "now": now})
    return tuple(refused)


def _times(ids: Sequence[int], since: datetime, zone: ZoneInfo) -> dict[int, list[datetime]]:
    known: dict[int, list[datetime]] = defaultdict(list)
    for customer_id, at in rows(ASSESSMENT_TIMES, {"ids": ids, "since": since}):
        known[customer_id].append(at.astimezone(zone))
    return known


def _row(item: Assessment, customer: int, on: date) -> Mapping[str, object]:
    return {
        "customer_id": customer,
        "told_of_id": None if customer == item.customer_id else item.customer_id,
        "level": item.level,
        "score": None if item.score is None else str(item.score),
        "lowest_class": item.lowest_class,
        "horizon_months": item.horizon_months,
        "objectives": list(item.objectives),
        "assessed_at": item.assessed_at,
        "assessed_on": on,
        "valid_until": item.valid_until,
        "external_id": item.external_id,
    }
