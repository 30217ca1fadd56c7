"""What the workers do with files that people brought by the console: try them, import them."""

import time
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.db.models import Q

from compliance.queries import clock_now
from customers.actions.import_customers import ImportResult, import_customers
from customers.actions.import_jobs import ImportProgress, Tell, held
from customers.actions.load_file import LoadResult, load_file
from customers.actions.uploads import stored_path, take_away
from customers.errors import FileRejected, ImportUnderWay, KeyRefused
from customers.importing import refused
from customers.importing.layout import ENCODINGS
from customers.importing.preview import CUSTOMERS
from customers.models import ImportJob, Upload
from customers.queries.database import apart
from customers.vocabulary import UploadState

TURN_SECONDS: Final = 200.0  # well below the time limit of a task; the next one goes on
FIRST_BAD: Final = 10
_UNDER_WAY: Final = (UploadState.CHECKING, UploadState.LOADING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one visit of a worker did."""

    dealt_with: int
    is_left: bool
    """One is under way still: the time was over."""


class _TurnOver(Exception):
    """The worker's time is over; what was written stays, the next one goes on."""


def continue_uploads(*, now: datetime, seconds: float = TURN_SECONDS) -> Turn:
    """Check and import what is under way, one after the other, until the time is over.

    A worker that dies lets go of the file; the next one goes on behind its last batch. An error
    that nobody foresaw is raised once the other files had their turn: it must not hold them up.
    """
    until, done, is_left = time.monotonic() + seconds, 0, False
    unforeseen: list[Exception] = []
    for pk in Upload.objects.filter(state__in=_UNDER_WAY).order_by("pk").values_list("pk"):
        try:
            with held(f"upload:{pk[0]}"):
                upload = Upload.objects.select_related("uploaded_by").get(pk=pk[0])
                if upload.state in _UNDER_WAY:
                    _work_on(upload, now, until)
                    done += 1
        except ImportUnderWay:
            continue  # another worker is at it
        except _TurnOver:
            is_left = True
            break
        except Exception as error:  # noqa: BLE001 raised below
            unforeseen.append(error)
    if unforeseen:
        raise unforeseen[0]
    return Turn(dealt_with=done, is_left=is_left)


def _work_on(upload: Upload, now: datetime, until: float) -> None:
    def progress(step: ImportProgress) -> None:
        _tell(upload, step)
        if time.monotonic() > until:
            raise _TurnOver

    try:
        if upload.state == UploadState.CHECKING:
            # Nobody sees what the transaction of a dry run writes.
            with apart() as tell:
                _check(upload, now, lambda step: tell(partial(_tell, upload, step)))
        else:
            _load(upload, now, progress)
    except (FileRejected, KeyRefused) as error:
        upload.state, upload.error = UploadState.REFUSED, error.message
    upload.save(update_fields=["state", "error", "result", "job"])


def _tell(upload: Upload, step: ImportProgress) -> None:
    Upload.objects.filter(pk=upload.pk).update(
        rows_done=step.rows_done, rows_total=step.rows_total, told_at=clock_now()
    )


def _check(upload: Upload, now: datetime, progress: Tell) -> None:
    found = _imported(upload, now, progress, dry_run=True)
    listed = found.errors_file
    upload.result = {
        "rows_ok": found.rows_ok,
        "rows_bad": found.rows_bad,
        "status": found.status,
        "errors_file": listed or "",
        "first_bad": [
            {name: row[name] for name in ("line", "column", "code", "value")}
            for row in (refused.first_rows(Path(listed), FIRST_BAD) if listed else [])
        ],
    }
    upload.state = UploadState.CHECKED


def _load(upload: Upload, now: datetime, progress: Tell) -> None:
    # A worker may have died after the import's end and before it was noted here.
    if _job_of(upload) is None:
        _imported(upload, now, progress, dry_run=False)
    upload.job = _job_of(upload)
    upload.state = UploadState.DONE
    take_away(upload)


def _imported(
    upload: Upload,
    now: datetime,
    progress: Tell,
    *,
    dry_run: bool,
) -> ImportResult | LoadResult:
    told: dict[str, Any] = {
        "path": stored_path(upload),
        "mapping": upload.mapping,
        "source_key": upload.source_key,
        "encoding": upload.encoding if upload.encoding in ENCODINGS else None,
        "dry_run": dry_run,
        "resume": True,
        "started_by": upload.uploaded_by.username,
        "now": now,
        "progress": progress,
    }
    if upload.kind == CUSTOMERS:
        return import_customers(id_column=upload.id_column or None, **told)
    return load_file(kind_key=upload.kind, **told)


def _job_of(upload: Upload) -> ImportJob | None:
    """The import that this load ended in; none that another one of the same file ended in, whose
    columns may have gone elsewhere."""
    others = Upload.objects.filter(file_hash=upload.file_hash, job__isnull=False)
    ended = ImportJob.objects.filter(
        # One that a killed command had left begins before, and goes on since.
        Q(started_at__gte=upload.began_at) | Q(told_at__gte=upload.began_at),
        source__key=upload.source_key,
        kind=upload.kind,
        file_hash=upload.file_hash,
    ).exclude(
        Q(state=ImportJob.State.RUNNING) | Q(pk__in=others.exclude(pk=upload.pk).values("job"))
    )
    return ended.order_by("-pk").first()
