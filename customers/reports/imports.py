"""How far a file is, and what each source has brought up to now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from customers.models import ImportJob, Source, Upload
from customers.vocabulary import UploadState


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast an import goes."""

    done: int
    total: int
    per_second: float
    left: timedelta | None
    """None when it is over, or nothing is known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """What one source has brought of one kind."""

    source: Source
    kind: str
    newest: ImportJob
    released: ImportJob | None
    """The newest that is in; None when none ever was."""
    age_days: int | None
    """From the newest day that is in to today; None for a kind whose rows have no day."""


def pace_of(job: ImportJob) -> Pace:
    """Rows a second since it began, and how long the rest takes at that rate."""
    return _pace(
        job,
        began_at=job.started_at,
        until=job.told_at or job.finished_at,
        is_open=job.state == ImportJob.State.RUNNING,
    )


def upload_pace(upload: Upload) -> Pace:
    """The same of a check or load that a person asked for."""
    return _pace(
        upload,
        began_at=upload.began_at,
        until=upload.told_at,
        is_open=upload.state in (UploadState.CHECKING, UploadState.LOADING),
    )


def _pace(
    told: ImportJob | Upload, *, began_at: datetime | None, until: datetime | None, is_open: bool
) -> Pace:
    seconds = (until - began_at).total_seconds() if until and began_at else 0
    rate = told.rows_done / seconds if seconds > 0 else 0.0
    left = (told.rows_total - told.rows_done) / rate if is_open and rate else None
    return Pace(
        done=told.rows_done,
        total=max(told.rows_total, told.rows_done),
        per_second=rate,
        left=None if left is None else timedelta(seconds=round(max(left, 0))),
    )


def freshness(*, today: date) -> Sequence[Freshness]:
    """The newest file of each source and kind; one index descent for each of them."""
    jobs = ImportJob.objects.select_related("source").order_by("source", "kind", "-pk")
    newest = jobs.distinct("source", "kind")
    done = {
        (job.source_id, job.kind): job
        for job in jobs.filter(state=ImportJob.State.DONE).distinct("source", "kind")
    }
    return [_of(job, done.get((job.source_id, job.kind)), today) for job in newest]


def _of(newest: ImportJob, released: ImportJob | None, today: date) -> Freshness:
    day = released.newest_on if released else None
    return Freshness(
        source=newest.source,
        kind=newest.kind,
        newest=newest,
        released=released,
        age_days=None if day is None else (today - day).days,
    )
