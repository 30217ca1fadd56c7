"""Import one file of customers."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from django.db import IntegrityError, OperationalError, transaction

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
from customers.importing.beside import in_a_process
from customers.importing.desk import Ask, Order, Reading, in_a_thread, read_batches
from customers.importing.layout import Layout, find_layout
from customers.importing.load import (
    ConsentTerms,
    Prepared,
    Written,
    register_attributes,
    write_batch,
)
from customers.importing.mapping import (
    find_id_column,
    guess_types,
    parse_wishes,
    undeclared,
)
from customers.importing.reader import count_records, read_header, read_records
from customers.importing.rows import BadRow
from customers.models import ImportJob
from customers.queries.database import execute, waiting_at_most
from customers.queries.people import ANALYSE, attribute_types
from customers.queries.strangers import is_overtaken, places_of
from customers.vocabulary import AttributeType

__all__ = ["ConsentTerms", "ImportProgress", "ImportResult", "ImportStatus", "import_customers"]

BATCH_ROWS = 5_000
CUSTOMERS = "customers"
WORTH_A_PROCESS = 30_000
"""So many rows take longer than the start of a process that reads and seals them."""
WORTH_ANALYSING = 1_000
"""After this many rows the planner's picture of the tables is renewed at once."""
_WAITS_AT_MOST = 500
"""Milliseconds: less than the database takes to look whether two writers wait for each other."""
_Store = Callable[[Prepared], list[BadRow]]


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
    reading, total = _understand(path, layout, id_column, mapping or {})
    plan = reading.plan()
    source = internal_source(key=source_key, name=source_key, now=now)
    placed = {target.column: f"{target.part}:{target.field}" for target in plan.targets}
    with alone(source, layout), collecting_seldom(), giving_way(), ExitStack() as desks:
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
            register_attributes(plan)
        errors = errors_path(job) if job else dry_run_errors_path(source, layout, placed)
        tally = _take_up(job)
        refused.start(errors, keep_to=tally.done)
        order = Order(
            path=path.absolute(),
            layout=layout,
            reading=reading,
            terms=consents or ConsentTerms(),
            source=f"file:{source.key}",
            now=now,
            skip=tally.done,
            batch_rows=BATCH_ROWS,
        )
        if job:
            ask = desks.enter_context(_desk(order, total - tally.done))
            store: _Store = partial(_store, ask, order)
            batches = _sealed(ask)
        else:
            store, batches = _store_nothing, _judged(order)
        for batch in batches:
            tally.flagged += _write(batch, job, tally, errors, store)
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
) -> tuple[Reading, int]:
    header = read_header(path, layout)
    wishes = parse_wishes(mapping, header)
    id_index = find_id_column(header, id_column)
    known = attribute_types()
    keys = undeclared(header, id_index=id_index, wishes=wishes, known=known)
    guessed: dict[str, AttributeType] = {}
    total = None if keys else count_records(path, layout)
    if total is None:
        total, guessed = guess_types(read_records(path, layout, columns=len(header)), keys)
    reading = Reading(
        header=tuple(header), id_index=id_index, wishes=wishes, known=known, guessed=guessed
    )
    return reading, total


def _take_up(job: ImportJob | None) -> _Tally:
    if job is None:
        return _Tally()
    return _Tally(done=job.rows_done, ok=job.rows_ok, bad=job.rows_bad)


def _desk(order: Order, rows_left: int) -> AbstractContextManager[Ask]:
    return in_a_process(order) if rows_left >= WORTH_A_PROCESS else in_a_thread(order)


def _judged(order: Order) -> Iterator[Prepared]:
    """The batches of a dry run, which need no seal."""
    for good, bad in ahead(read_batches(order)):
        yield Prepared(
            good=[Written(row.customer_no, 0, row.record.number, row.record.line) for row in good],
            bad=bad,
            withheld=[cell for row in good for cell in row.withheld],
        )


def _sealed(ask: Ask) -> Iterator[Prepared]:
    return prepared_ahead(lambda: ask("read"), places_of, lambda places: ask("seal", *places))


def _store(ask: Ask, order: Order, batch: Prepared) -> list[BadRow]:
    """Write a batch: who is not known by a stream, or as if he were when another writer has been
    quicker, or is at it and would have both wait for each other."""

    def written(batch: Prepared) -> list[BadRow]:
        return write_batch(
            batch,
            source=order.source,
            seal_again=lambda slots: ask("seal_again", slots).result(),
            now=order.now,
        )

    if not batch.strangers:
        return written(batch)
    try:
        with transaction.atomic(), waiting_at_most(_WAITS_AT_MOST):
            return written(batch)
    except (IntegrityError, OperationalError) as error:
        if not is_overtaken(error):
            raise
    slots = {row.customer_no: row.slot for row in batch.good}
    known: Prepared = ask("seal_as_known", slots).result()
    return [*known.bad, *written(known)]


def _store_nothing(_batch: Prepared) -> list[BadRow]:
    return []


def _write(
    batch: Prepared, job: ImportJob | None, tally: _Tally, errors: Path, store: _Store
) -> int:
    """Store a batch and what is told of it; the number of flagged cells and rows."""
    with transaction.atomic():
        flagged = [*batch.withheld, *store(batch)]
        # The list first: what it has too much after a crash is dropped when the run is taken up.
        refused.append(errors, sorted([*batch.bad, *flagged], key=lambda row: row.number))
        tally.done += len(batch.good) + len(batch.bad)
        tally.ok += len(batch.good)
        tally.bad += len(batch.bad)
        if job:
            job.rows_done, job.rows_ok, job.rows_bad = tally.done, tally.ok, tally.bad
            tell(job)
    return len(flagged)
