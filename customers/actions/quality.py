"""Judge a staged file by the rules of quality in force for its kind."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from compliance.actions import record
from compliance.errors import NotPermitted
from compliance.models import User
from customers.importing.kinds.base import Kind
from customers.models import ImportJob, QualityResult, QualityRule
from customers.queries.database import as_json, execute, rows
from customers.queries.loads import newest_day
from customers.queries.quality import (
    BALANCES,
    FILLED,
    READMIT,
    REFUSE_DOUBLES,
    REFUSE_RANGES,
    ROWS,
    USUAL_ROWS,
    refuse_unknown,
)
from customers.vocabulary import Aspect, Outcome

ZERO = Decimal(0)
SHIPPED = {
    Aspect.TYPES: Decimal("0.05"),
    Aspect.RANGES: Decimal("0.05"),
    Aspect.UNIQUENESS: Decimal("0.05"),
    Aspect.REFERENCES: Decimal("0.05"),
    Aspect.FRESHNESS: Decimal(7),
    Aspect.COMPLETENESS: Decimal("0.95"),
    Aspect.VOLUME: Decimal(3),
    Aspect.RECONCILIATION: Decimal("0.02"),
}
"""What an ordinary nightly file fulfils; whoever keeps a source changes it in the console."""
_ALWAYS = (Aspect.UNIQUENESS, Aspect.REFERENCES)
"""Rows that break these cannot be stored: they are refused also where the rule is not in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule found."""

    aspect: Aspect
    outcome: Outcome
    observed: Decimal | None
    """Of the unit of the limit; None where there was nothing to judge."""
    limit: Decimal
    rows: int
    """Rows that the rule refused or counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One file under examination."""

    job: ImportJob
    kind: Kind
    total: int
    unread: int
    """Rows whose cells are not what their columns say."""
    today: date

    def ask(self, statement: str, **told: object) -> tuple[Any, ...]:
        return rows(statement, {"load": self.job.pk, **told})[0]

    def newest_on(self) -> date | None:
        """The newest day of its good rows; None where they are of none."""
        day = self.kind.day
        return self.ask(newest_day(day), zone=settings.TIME_ZONE)[0] if day else None

    def refuse(self, statement: str, **told: object) -> int:
        return execute(statement, {"load": self.job.pk, **told})


@transaction.atomic
def check_load(*, job: ImportJob, kind: Kind, now: datetime) -> tuple[Finding, ...]:
    """Refuse the rows that break a rule, store what each rule found; safe to run again.

    The rules look in the order of `Aspect`: each sees the rows that the ones before it left.
    """
    rules = _rules(kind)
    codes = {"out_of_range", "key_twice"}
    codes |= {field.reference.code for field in kind.fields if field.reference}
    # What a run that was killed before it settled has refused is judged anew.
    execute(READMIT, {"load": job.pk, "codes": sorted(codes)})
    total, unread = rows(ROWS, {"load": job.pk})[0]
    look = _Look(
        job=job,
        kind=kind,
        total=total,
        unread=unread,
        today=now.astimezone(ZoneInfo(settings.TIME_ZONE)).date(),
    )
    findings = tuple(
        finding
        for aspect in Aspect
        if aspect in rules and (rules[aspect].is_active or aspect in _ALWAYS)
        if (finding := _judge(look, rules[aspect])) and rules[aspect].is_active
    )
    job.rows_bad = look.ask(ROWS)[1]
    job.rows_ok = total - job.rows_bad
    job.newest_on = look.newest_on()
    job.save(update_fields=["rows_bad", "rows_ok", "newest_on"])
    QualityResult.objects.filter(load=job).delete()
    QualityResult.objects.bulk_create(
        QualityResult(
            load=job,
            aspect=finding.aspect,
            outcome=finding.outcome,
            observed=finding.observed,
            limit=finding.limit,
            rows=finding.rows,
        )
        for finding in findings
    )
    return findings


def _rules(kind: Kind) -> dict[str, QualityRule]:
    """Those in force or not, by aspect; what the kind ships with is stored at its first file."""
    details: dict[Aspect, dict[str, Any]] = {
        Aspect.RANGES: {"bounds": [asdict(bound) for bound in kind.bounds]},
        Aspect.COMPLETENESS: {"fields": list(kind.filled)},
        Aspect.RECONCILIATION: {"tolerance": str(kind.tolerance)},
    }
    QualityRule.objects.bulk_create(
        (
            QualityRule(
                kind=kind.key,
                aspect=aspect,
                limit=limit,
                blocks=aspect is not Aspect.FRESHNESS,
                details=details.get(aspect, {}),
            )
            for aspect, limit in SHIPPED.items()
        ),
        ignore_conflicts=True,
    )
    return {rule.aspect: rule for rule in QualityRule.objects.filter(kind=kind.key)}


@transaction.atomic
def save_rule(*, rule: QualityRule, actor: User, now: datetime) -> QualityRule:
    """Put a changed rule into force for the next file, with its entry in the audit trail.

    Raises NotPermitted when the actor's role keeps no rules.
    """
    if not actor.has_perm("customers.change_qualityrule"):
        raise NotPermitted(_("Your role may not change rules of quality. Ask an operator."))
    before = QualityRule.objects.filter(pk=rule.pk).values("limit", "blocks", "is_active").get()
    rule.save()
    record(
        actor=actor.username,
        action="quality.save",
        subject=str(rule),
        now=now,
        detail={
            "limit": str(rule.limit),
            "blocks": rule.blocks,
            "is_active": rule.is_active,
            "before": {**before, "limit": str(before["limit"])},
        },
    )
    return rule


def _judge(look: _Look, rule: QualityRule) -> Finding:
    aspect = Aspect(rule.aspect)
    observed, counted = _OBSERVERS[aspect](look, rule.details)
    is_kept = observed is None or (
        observed >= rule.limit if aspect is Aspect.COMPLETENESS else observed <= rule.limit
    )
    beyond = Outcome.FAILED if rule.blocks else Outcome.WARNED
    return Finding(
        aspect=aspect,
        outcome=Outcome.PASSED if is_kept else beyond,
        observed=None if observed is None else round(observed, 4),
        limit=rule.limit,
        rows=counted,
    )


Observed = tuple[Decimal | None, int]


def _share(look: _Look, count: int) -> Observed:
    return (Decimal(count) / look.total if look.total else ZERO), count


def _types(look: _Look, details: Mapping[str, Any]) -> Observed:
    return _share(look, look.unread)


def _ranges(look: _Look, details: Mapping[str, Any]) -> Observed:
    bounds = [
        {**bound, "until_today": bool(bound.get("until_today"))}
        for bound in details.get("bounds", [])
    ]
    told = {"bounds": as_json(bounds), "today": look.today, "zone": settings.TIME_ZONE}
    return _share(look, look.refuse(REFUSE_RANGES, **told))


def _uniqueness(look: _Look, details: Mapping[str, Any]) -> Observed:
    return _share(look, look.refuse(REFUSE_DOUBLES))


def _references(look: _Look, details: Mapping[str, Any]) -> Observed:
    return _share(
        look,
        sum(
            look.refuse(refuse_unknown(field.name, field.reference))
            for field in look.kind.fields
            if field.reference
        ),
    )


def _freshness(look: _Look, details: Mapping[str, Any]) -> Observed:
    newest = look.newest_on()
    return (None if newest is None else Decimal((look.today - newest).days)), 0


def _completeness(look: _Look, details: Mapping[str, Any]) -> Observed:
    fields = details.get("fields", [])
    return (look.ask(FILLED, fields=as_json(fields))[0] if fields else None), 0


def _volume(look: _Look, details: Mapping[str, Any]) -> Observed:
    told = {"source": look.job.source_id, "kind": look.kind.key}
    usual = look.ask(USUAL_ROWS, **told)[0]
    good = look.ask(ROWS)
    count = good[0] - good[1]
    if not usual:
        return None, count
    # A tenth of the usual is as far off as ten times of it; nothing at all is beyond any limit.
    factor = max(count / usual, usual / max(count, 0.001))
    return Decimal(min(factor, 999_999)), count


def _reconciliation(look: _Look, details: Mapping[str, Any]) -> Observed:
    balance = BALANCES.get(look.kind.key)
    if balance is None:
        return None, 0
    tolerance = Decimal(str(details.get("tolerance", 0)))
    off, compared = look.ask(balance, tolerance=tolerance, zone=settings.TIME_ZONE)
    return (Decimal(off) / compared if compared else None), off


_OBSERVERS: dict[Aspect, Callable[[_Look, Mapping[str, Any]], Observed]] = {
    Aspect.TYPES: _types,
    Aspect.RANGES: _ranges,
    Aspect.UNIQUENESS: _uniqueness,
    Aspect.REFERENCES: _references,
    Aspect.FRESHNESS: _freshness,
    Aspect.COMPLETENESS: _completeness,
    Aspect.VOLUME: _volume,
    Aspect.RECONCILIATION: _reconciliation,
}
