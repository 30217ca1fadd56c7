"""Put a staged file into its tables, and let go on what waited for it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Max

from compliance.actions import import_products
from customers.actions.assessments import Assessment, record_assessments
from customers.actions.partitions import ensure_partitions
from customers.actions.ratings import propose_ratings
from customers.actions.tags import give_staged_tags
from customers.importing.kinds.base import Kind
from customers.importing.kinds.registry import KINDS
from customers.models import ImportJob
from customers.queries.database import as_json, execute, rows
from customers.queries.loads import (
    CLEAR,
    COUNT_ERASED,
    CUSTOMER,
    HOLD_BY_KYC,
    KNOWN_ASSESSMENTS,
    LOCK_DESCRIBED,
    PUT_TERMS,
    REFUSE_ERASED,
    REFUSE_NUMBERS,
    RELEASE_LOCK,
    RELEASING,
    STAGED_DATA,
    months_of,
    release,
)
from customers.queries.people import customer_ids

_AT_ONCE = 5_000
Row = tuple[int, Mapping[str, Any]]


def blocking_load(kind: Kind) -> ImportJob | None:
    """The newest file of a kind this one depends on, if it is not in; None when all are.

    Of each source the newest counts: a file that is in puts right an earlier one that was not.
    """
    held = [ImportJob.State.BLOCKED, ImportJob.State.WAITING]
    newest = (
        ImportJob.objects.filter(kind__in=kind.depends_on, state__in=[*held, ImportJob.State.DONE])
        .values("source", "kind")
        .annotate(newest=Max("pk"))
    )
    return (
        ImportJob.objects.filter(pk__in=newest.values("newest"), state__in=held)
        .order_by("pk")
        .first()
    )


@transaction.atomic
def release_load(*, job: ImportJob, kind: Kind, now: datetime) -> None:
    """Write the staged rows, clear the stage, and close the job, at once.

    Whoever was erased since the file was checked gets nothing of it.
    """
    rows(RELEASING, {"lock": RELEASE_LOCK})
    told = {"load": job.pk, "source": job.source_id, "now": now}
    if any(field.reference == CUSTOMER for field in kind.fields):
        execute(REFUSE_ERASED, {"load": job.pk})
    ((erased,),) = rows(COUNT_ERASED, {"load": job.pk})
    job.rows_bad += erased
    job.rows_ok -= erased
    if kind.is_by_month:
        months = [month for (month,) in rows(months_of(kind.day), told)]
        ensure_partitions(months=months, table=kind.table)
    if kind.key in _ACTS:
        _ACTS[kind.key](job, now)
    else:
        execute(release(kind.landing), told)
    execute(CLEAR + " AND code = ''", told)
    job.state = ImportJob.State.DONE
    job.waits_for = None
    job.finished_at = now
    job.save()


def release_waiting(*, kind: Kind, now: datetime) -> tuple[int, ...]:
    """Release the files that waited for this kind and wait for no other; their numbers."""
    released: list[int] = []
    waiting = ImportJob.objects.filter(state=ImportJob.State.WAITING).order_by("pk")
    for number, key in waiting.values_list("pk", "kind"):
        depends = KINDS[key]
        if kind.key not in depends.depends_on or blocking_load(depends):
            continue
        if release_held(number=number, now=now):
            released += [number, *release_waiting(kind=depends, now=now)]
    return tuple(released)


@transaction.atomic
def release_held(*, number: int, now: datetime) -> bool:
    """Release a file that waits; False where another process was quicker."""
    rows(RELEASING, {"lock": RELEASE_LOCK})
    waiting = ImportJob.objects.filter(pk=number, state=ImportJob.State.WAITING)
    job = waiting.select_for_update(of=("self",)).first()
    if job is None:
        return False
    release_load(job=job, kind=KINDS[job.kind], now=now)
    return True


def _batches(job: ImportJob) -> Iterator[Sequence[Row]]:
    staged = iter(rows(STAGED_DATA, {"load": job.pk}, binary=True))
    while batch := list(islice(staged, _AT_ONCE)):
        yield batch


def _release_products(job: ImportJob, now: datetime) -> None:
    told: dict[str, Mapping[str, Any]] = {}
    for batch in _batches(job):
        facts = [data for _number, data in batch]
        import_products(facts=facts, now=now)
        execute(PUT_TERMS, {"rows": as_json(facts), "load": job.pk})
        told.update((fact["code"], fact) for fact in facts)
    propose_ratings(job=job, facts=told, now=now)


def _release_assessments(job: ImportJob, now: datetime) -> None:
    """Those that are on record already are left, and refused when they are told otherwise now:
    records are only added to. Those taken too often are refused, too (S-07)."""
    source = f"file:{job.source.key}"
    execute(LOCK_DESCRIBED, {"load": job.pk})
    for batch in _batches(job):
        keyed = {
            f"{data['customer']}|{data['assessed_at']}": (number, data) for number, data in batch
        }
        known = {
            key: tuple(told)
            for key, *told in rows(KNOWN_ASSESSMENTS, {"source": source, "keys": list(keyed)})
        }
        ids = customer_ids({data["customer"] for _number, data in batch})
        all_told = {key: _assessment(key, data, ids) for key, (_number, data) in keyed.items()}
        fresh = [told for key, told in all_told.items() if key not in known]
        often = record_assessments(assessments=fresh, source=source, now=now)
        refused = {
            "assessed_too_often": [one.external_id for one in often],
            "assessed_otherwise": [
                key for key, stored in known.items() if stored != _result(all_told[key])
            ],
        }
        for code, keys in refused.items():
            numbers = [keyed[key][0] for key in keys if key]
            execute(REFUSE_NUMBERS, {"load": job.pk, "numbers": numbers, "code": code})
            job.rows_bad += len(numbers)
            job.rows_ok -= len(numbers)


def _result(told: Assessment) -> tuple[object, ...]:
    """As `KNOWN_ASSESSMENTS` tells it."""
    return (
        *(told.level, told.lowest_class, told.score),
        *(told.horizon_months, list(told.objectives), told.valid_until),
    )


def _assessment(key: str, data: Mapping[str, Any], ids: Mapping[str, int]) -> Assessment:
    until = data.get("valid_until")
    return Assessment(
        customer_id=ids[data["customer"]],
        level=data["level"],
        assessed_at=datetime.fromisoformat(data["assessed_at"]),
        lowest_class=data["lowest_class"],
        score=Decimal(data["score"]) if "score" in data else None,
        horizon_months=data.get("horizon_months"),
        objectives=str(data.get("objectives", "")).split("|") if data.get("objectives") else (),
        valid_until=date.fromisoformat(until) if until else None,
        external_id=key,
    )


def _release_kyc(job: ImportJob, now: datetime) -> None:
    told = {"load": job.pk, "source": job.source_id, "now": now}
    execute(release(KINDS["kyc"].landing), told)
    execute(HOLD_BY_KYC, told)


def _release_tags(job: ImportJob, now: datetime) -> None:
    refused = give_staged_tags(load=job.pk, now=now)
    job.rows_bad += refused
    job.rows_ok -= refused


_ACTS: dict[str, Callable[[ImportJob, datetime], None]] = {
    "products": _release_products,
    "risk_assessments": _release_assessments,
    "kyc": _release_kyc,
    "tags": _release_tags,
}
