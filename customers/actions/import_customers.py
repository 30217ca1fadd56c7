"""Import one file of customers."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from django.db import transaction

from customers.actions.import_jobs import (
    ImportProgress,
    ImportStatus,
    ahead,
    alone,
    close_job,
    collecting_seldom,
    dry_run_errors_path,
    errors_path,
    giving_way,
    open_job,
    prepared_ahead,
    tell,
)
from customers.actions.sources import internal_source
from customers.importing import refused
from customers.importing.layout import Layout, find_layout
from customers.importing.load import (
    ConsentTerms,
    Prepared,
    prepare,
    register_attributes,
    write_batch,
)
from customers.importing.mapping import (
    Plan,
    find_id_column,
    guess_types,
    make_plan,
    parse_wishes,
    undeclared,
)
from customers.importing.reader import read_header, read_records
from customers.importing.rows import BadRow, GoodRow, judge
from customers.models import ImportJob, Source
from customers.queries.database import execute
from customers.queries.people import ANALYSE, attribute_types, slots_of

__all__ = ["ConsentTerms", "ImportProgress", "ImportResult", "ImportStatus", "import_customers"]

BATCH_ROWS = 5_000
CUSTOMERS = "customers"
WORTH_ANALYSING = 1_000
"""After this many rows the planner's picture of the tables is renewed at once."""
_Batch = tuple[list[GoodRow], list[BadRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What became of a file."""

    status: ImportStatus
    rows_ok: int
    rows_bad: int
    rows_flagged: int
    """Imported, but not in all parts: see the file."""
    errors_file: str | None
    seconds: float
    encoding: str
    attributes: Mapping[str, str]
    """Type by key of the attributes the file brought."""
    ignored_columns: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    done: int = 0
    ok: int = 0
    bad: int = 0
    flagged: int = 0


def import_customers(
    *,
    path: Path,
    id_column: str | None = None,
    mapping: Mapping[str, str] | None = None,
    source_key: str = "file-import",
    consents: ConsentTerms | None = None,
    encoding: str | None = None,
    dry_run: bool = False,
    resume: bool = False,
    started_by: str = "",
    now: datetime,
    progress: Callable[[ImportProgress], None] | None = None,
) -> ImportResult:
    """Read the file twice: first to understand it whole, then to import it batch by batch.

    1. Find encoding, delimiter and header; guess the types of unknown columns.
    2. Open the job, or take up the one a killed run left.
    3. For each batch: customers, identifiers, consents and the job's progress in one transaction.
    4. Close the job.

    Rows that are refused never stop the others. Running the same file again changes nothing.

    Parameters
    ----------
    mapping : ``FIELD`` or ``FIELD:type`` by column; ``ignore`` leaves a column out
    consents : what the file's consents were given to
    dry_run : check everything, write nothing but the list of refused rows
    resume : go on where a killed run of the same file stopped

    Raises
    ------
    FileRejected, NeedsConfirmation : nothing was imported; the message says what to do.
    ImportUnderWay : another process is at it.
    """
    started = time.monotonic()
    layout = find_layout(path, encoding=encoding)
    plan, total = _understand(path, layout, id_column, mapping or {})
    terms = consents or ConsentTerms()
    source = internal_source(key=source_key, name=source_key, now=now)
    placed = {target.column: f"{target.part}:{target.field}" for target in plan.targets}
    with alone(source, layout), collecting_seldom(), giving_way():
        job = None
        if not dry_run:
            job = open_job(
                source=source,
                kind=CUSTOMERS,
                path=path,
                layout=layout,
                mapping=placed,
                rows_total=total,
                started_by=started_by,
                resume=resume,
                now=now,
            )
        if job:
            register_attributes(plan)
        errors = errors_path(job) if job else dry_run_errors_path(source, layout, placed)
        tally = _take_up(job)
        refused.start(errors, keep_to=tally.done)
        for batch in _prepared(_batches(path, layout, plan, skip=tally.done), job, terms):
            flagged = _write(batch, job, tally, source, errors, now)
            tally.flagged += len(flagged)
            if progress:
                progress(ImportProgress(rows_done=tally.done, rows_total=total, rows_bad=tally.bad))
        has_list = bool(tally.bad or tally.flagged)
        if not has_list:
            errors.unlink()
        if job and tally.ok > WORTH_ANALYSING:
            execute(ANALYSE, {})
        if job:
            close_job(job, errors if has_list else None, now)
    return ImportResult(
        status=ImportStatus.PARTIAL if tally.bad else ImportStatus.OK,
        rows_ok=tally.ok,
        rows_bad=tally.bad,
        rows_flagged=tally.flagged,
        errors_file=str(errors) if has_list else None,
        seconds=round(time.monotonic() - started, 3),
        encoding=layout.encoding,
        attributes=dict(plan.attributes),
        ignored_columns=plan.ignored,
    )


def _understand(
    path: Path, layout: Layout, id_column: str | None, mapping: Mapping[str, str]
) -> tuple[Plan, int]:
    header = read_header(path, layout)
    wishes = parse_wishes(mapping, header)
    id_index = find_id_column(header, id_column)
    known = attribute_types()
    keys = undeclared(header, id_index=id_index, wishes=wishes, known=known)
    total, guessed = guess_types(read_records(path, layout, columns=len(header)), keys)
    plan = make_plan(header, id_index=id_index, wishes=wishes, known=known, guessed=guessed)
    return plan, total


def _take_up(job: ImportJob | None) -> _Tally:
    if job is None:
        return _Tally()
    return _Tally(done=job.rows_done, ok=job.rows_ok, bad=job.rows_bad)


def _batches(path: Path, layout: Layout, plan: Plan, *, skip: int) -> Iterator[_Batch]:
    """Good and bad rows by batch; the first `skip` rows are judged (a later double of theirs is
    still one) but not given again."""
    seen: set[int] = set()
    verdicts = (
        judge(record, plan, seen) for record in read_records(path, layout, columns=len(plan.header))
    )
    for _verdict in islice(verdicts, skip):
        continue
    while batch := list(islice(verdicts, BATCH_ROWS)):
        yield (
            [verdict for verdict in batch if isinstance(verdict, GoodRow)],
            [verdict for verdict in batch if isinstance(verdict, BadRow)],
        )


def _prepared(
    batches: Iterator[_Batch], job: ImportJob | None, terms: ConsentTerms
) -> Iterator[Prepared]:
    if job is None:
        return (Prepared(good=good, bad=bad, slots={}) for good, bad in ahead(batches))
    return prepared_ahead(
        batches,
        lambda batch: slots_of([row.customer_no for row in batch[0]]),
        lambda batch, slots: prepare(*batch, slots, terms),
    )


def _write(
    batch: Prepared,
    job: ImportJob | None,
    tally: _Tally,
    source: Source,
    errors: Path,
    now: datetime,
) -> list[BadRow]:
    flagged = [cell for row in batch.good for cell in row.withheld]
    with transaction.atomic():
        if job:
            flagged += write_batch(batch, source=f"file:{source.key}", now=now)
        # The list first: what it has too much after a crash is dropped when the run is taken up.
        refused.append(errors, sorted([*batch.bad, *flagged], key=lambda row: row.number))
        tally.done += len(batch.good) + len(batch.bad)
        tally.ok += len(batch.good)
        tally.bad += len(batch.bad)
        if job:
            job.rows_done, job.rows_ok, job.rows_bad = tally.done, tally.ok, tally.bad
            tell(job)
    return flagged
