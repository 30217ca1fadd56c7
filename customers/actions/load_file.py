"""Stage one file, check it as a whole, and release it at once or not at all."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from customers.actions.import_jobs import (
    ImportProgress,
    ImportStatus,
    Tell,
    ahead,
    alone,
    collecting_seldom,
    errors_path,
    open_job,
    tell,
)
from customers.actions.quality import Finding, check_load
from customers.actions.release import (
    blocking_load,
    release_held,
    release_load,
    release_waiting,
)
from customers.actions.sources import internal_source
from customers.errors import FileRejected
from customers.importing import refused
from customers.importing.kinds.base import Kind
from customers.importing.kinds.registry import KINDS
from customers.importing.layout import Layout, find_layout
from customers.importing.reader import read_header, read_records
from customers.importing.rows import BadRow, shown
from customers.importing.staging import Columns, StagedValue, find_columns, judge_staged
from customers.models import ImportJob
from customers.queries.database import as_json, execute, rows
from customers.queries.loads import (
    ANALYSE_STAGE,
    CLEAR,
    IS_COVERED,
    REFUSED,
    RELEASE_LOCK,
    RELEASING,
    STAGE,
)
from customers.vocabulary import Outcome

BATCH_ROWS = 5_000
_Verdicts = list[StagedValue | BadRow]
_STATUS: dict[str, ImportStatus] = {
    ImportJob.State.BLOCKED: ImportStatus.BLOCKED,
    ImportJob.State.WAITING: ImportStatus.WAITING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """What became of a file."""

    status: ImportStatus
    load: int
    rows_ok: int
    rows_bad: int
    errors_file: str | None
    seconds: float
    findings: tuple[Finding, ...]
    waits_for: int | None = None
    released: tuple[int, ...] = ()
    """Files that had waited for this one, and are in now."""


class _DryRun(Exception):
    """Carries a result out of a transaction that is to leave nothing."""

    def __init__(self, result: LoadResult) -> None:
        self.result = result


def load_file(
    *,
    kind_key: str,
    path: Path,
    source_key: str,
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    dry_run: bool = False,
    resume: bool = False,
    started_by: str = "",
    now: datetime,
    progress: Tell | None = None,
) -> LoadResult:
    """Bring a file of one kind in.

    1. Find encoding, delimiter and columns.
    2. Stage every row, refused ones with their reason, batch by batch; a killed run goes on here.
    3. Look at the whole: the rules of quality refuse further rows and judge the file.
    4. Release it in one transaction, unless a rule that blocks failed, or a file of a kind that
       this one depends on is blocked. What waited for it is released, too.

    A file ten times as long takes ten times as long, and no more memory.

    Raises
    ------
    FileRejected, NeedsConfirmation : nothing was staged; the message says what to do.
    ImportUnderWay : another process is at it.
    """
    if dry_run:
        return _without_trace(kind_key, path, source_key, mapping or {}, encoding, now, progress)
    started = time.monotonic()
    kind = kind_of(kind_key)
    layout = find_layout(path, encoding=encoding)
    header = read_header(path, layout)
    columns = find_columns(header, kind, mapping or {})
    source = internal_source(key=source_key, name=source_key, now=now)
    with alone(source, layout), collecting_seldom():
        job = open_job(
            source=source,
            kind=kind.key,
            path=path,
            layout=layout,
            mapping=columns.mapping,
            rows_total=sum(1 for _record in read_records(path, layout, columns=len(header))),
            started_by=started_by,
            resume=resume,
            now=now,
        )
        _stage(job, path, layout, columns, progress)
        findings = check_load(job=job, kind=kind, now=now)
        return _settle(job, kind, findings, started, now)


def kind_of(key: str) -> Kind:
    """The kind by its key; raises FileRejected when there is none."""
    if key not in KINDS:
        raise FileRejected(
            "kind_unknown",
            _("There is no kind %(kind)s; there are %(known)s.")
            % {"kind": key, "known": ", ".join(KINDS)},
            path="kind",
        )
    return KINDS[key]


def _without_trace(
    kind_key: str,
    path: Path,
    source_key: str,
    mapping: Mapping[str, str],
    encoding: str | None,
    now: datetime,
    progress: Tell | None,
) -> LoadResult:
    try:
        with transaction.atomic():
            raise _DryRun(
                load_file(
                    kind_key=kind_key,
                    path=path,
                    source_key=source_key,
                    mapping=mapping,
                    encoding=encoding,
                    started_by="",
                    now=now,
                    progress=progress,
                )
            )
    except _DryRun as told:
        return told.result


def _stage(
    job: ImportJob, path: Path, layout: Layout, columns: Columns, progress: Tell | None
) -> None:
    for batch in ahead(_batches(path, layout, columns, skip=job.rows_done)):
        with transaction.atomic():
            execute(STAGE, {"load": job.pk, "rows": as_json([_staged(one) for one in batch])})
            bad = sum(isinstance(one, BadRow) for one in batch)
            job.rows_done += len(batch)
            job.rows_bad += bad
            job.rows_ok += len(batch) - bad
            tell(job)
        if progress:
            progress(
                ImportProgress(
                    rows_done=job.rows_done, rows_total=job.rows_total, rows_bad=job.rows_bad
                )
            )
    execute(ANALYSE_STAGE, {})


def _batches(path: Path, layout: Layout, columns: Columns, *, skip: int) -> Iterator[_Verdicts]:
    records = read_records(path, layout, columns=len(columns.header))
    verdicts = (judge_staged(record, columns) for record in islice(records, skip, None))
    while batch := list(islice(verdicts, BATCH_ROWS)):
        yield batch


def _staged(verdict: StagedValue | BadRow) -> dict[str, object]:
    if isinstance(verdict, BadRow):
        return {
            "number": verdict.number,
            "line": verdict.line,
            "key": "",
            "data": {},
            "code": verdict.code,
            "column": verdict.column,
            "value": verdict.value,
        }
    return {
        "number": verdict.record.number,
        "line": verdict.record.line,
        "key": verdict.key,
        "data": verdict.data,
        "code": "",
        "column": "",
        "value": "",
    }


def _settle(
    job: ImportJob,
    kind: Kind,
    findings: tuple[Finding, ...],
    started: float,
    now: datetime,
) -> LoadResult:
    """Block it, let it wait, or release it; then list what was refused."""
    is_failed = any(finding.outcome is Outcome.FAILED for finding in findings)
    released = tuple[int, ...]()
    with transaction.atomic():
        rows(RELEASING, {"lock": RELEASE_LOCK})
        blocker = None if is_failed else blocking_load(kind)
        if is_failed:
            job.state = ImportJob.State.BLOCKED
        elif blocker:
            job.state, job.waits_for = ImportJob.State.WAITING, blocker
        _replace_earlier(job)
        if job.state == ImportJob.State.RUNNING:
            for earlier in _earlier(job, ImportJob.State.WAITING):
                release_held(number=earlier.pk, now=now)
            release_load(job=job, kind=kind, now=now)
        errors = _list_refused(job)
        job.errors_file = str(errors or "")
        job.save()
        if job.state != ImportJob.State.BLOCKED:
            execute(CLEAR + " AND code <> ''", {"load": job.pk})
    if job.state == ImportJob.State.DONE:
        released = release_waiting(kind=kind, now=now)
    return LoadResult(
        status=_STATUS.get(job.state)
        or (ImportStatus.PARTIAL if job.rows_bad else ImportStatus.OK),
        load=job.pk,
        rows_ok=job.rows_ok,
        rows_bad=job.rows_bad,
        errors_file=job.errors_file or None,
        seconds=round(time.monotonic() - started, 3),
        findings=findings,
        waits_for=blocker.pk if blocker else None,
        released=released,
    )


def _replace_earlier(job: ImportJob) -> None:
    """An earlier file of the same source and kind that was blocked never will be in.

    One that waits was good: it goes unless this one waits or is in and tells each of its rows anew.
    """
    never = _earlier(job, ImportJob.State.BLOCKED)
    if job.state != ImportJob.State.BLOCKED:
        told = {"load": job.pk}
        never += [
            earlier
            for earlier in _earlier(job, ImportJob.State.WAITING)
            if rows(IS_COVERED, {**told, "earlier": earlier.pk})[0][0]
        ]
    for earlier in never:
        execute(CLEAR, {"load": earlier.pk})
    ImportJob.objects.filter(pk__in=[earlier.pk for earlier in never]).update(
        state=ImportJob.State.REPLACED
    )


def _earlier(job: ImportJob, state: str) -> list[ImportJob]:
    told = ImportJob.objects.filter(source=job.source, kind=job.kind, state=state)
    return list(told.filter(pk__lt=job.pk).order_by("pk").select_for_update(of=("self",)))


def _list_refused(job: ImportJob) -> Path | None:
    """Write the list anew, from what is staged: after a crash it is the same."""
    found = rows(REFUSED, {"load": job.pk})
    if not found:
        return None
    path, kind = errors_path(job), kind_of(job.kind)
    refused.start(path, keep_to=0)
    refused.append(
        path,
        [
            BadRow(
                number=number,
                line=line,
                customer_no=key,
                column=column,
                code=code,
                message=kind.reason(code, job.mapping.get(column, column)),
                value=shown(value),
            )
            for number, line, key, column, code, value in found
        ],
    )
    return path
