"""What every import shares: one process per file, a job that remembers how far it is."""

import gc
import hashlib
import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from django.conf import settings
from django.utils.translation import gettext as _

from compliance.queries import clock_now
from customers.errors import ImportUnderWay
from customers.importing.layout import Layout
from customers.models import ImportJob, Source
from customers.queries.database import execute, rows
from customers.queries.loads import CLEAR

_COLLECTED_AFTER: Final = 200_000  # new objects less freed ones
_GIVES_WAY_AFTER: Final = 0.0002  # seconds
_Batch = TypeVar("_Batch")
_Found = TypeVar("_Found")
_Prepared = TypeVar("_Prepared")


class ImportStatus(StrEnum):
    OK = "import_ok"  # every row
    PARTIAL = "import_partial"  # some rows were refused and are listed
    REJECTED = "reject_file"  # nothing was imported
    UNCLEAR = "needs_confirmation"  # nothing was imported until a person decides
    BLOCKED = "blocked"  # a rule of quality failed; the rows are staged
    WAITING = "waiting"  # staged until a file it depends on is in


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """How far an import is."""

    rows_done: int
    rows_total: int
    rows_bad: int


Tell = Callable[[ImportProgress], None]


@contextmanager
def alone(source: Source, layout: Layout) -> Iterator[None]:
    """Hold the file's lock; the database lets go of it when this process dies.

    Raises ImportUnderWay when another process has it.
    """
    with held(f"import:{source.key}:{layout.fingerprint}"):
        yield


@contextmanager
def held(name: str) -> Iterator[None]:
    """Hold the lock of this name; raises ImportUnderWay when another process has it."""
    key = {"key": name}
    if not rows("SELECT pg_try_advisory_lock(hashtextextended(%(key)s, 0))", key)[0][0]:
        raise ImportUnderWay("import_under_way", _("This file is being imported already."))
    try:
        yield
    finally:
        rows("SELECT pg_advisory_unlock(hashtextextended(%(key)s, 0))", key)


def open_job(
    *,
    source: Source,
    kind: str,
    path: Path,
    layout: Layout,
    mapping: Mapping[str, str],
    rows_total: int,
    started_by: str,
    resume: bool,
    now: datetime,
) -> ImportJob:
    """The job that a killed run left, when it is to be taken up; else a new one in its place."""
    left = ImportJob.objects.filter(
        source=source, file_hash=layout.fingerprint, state=ImportJob.State.RUNNING
    ).first()
    if left and resume and (left.kind, left.mapping) == (kind, dict(mapping)):
        return left
    if left:
        # Started afresh on purpose, or with another mapping: every row is upserted again.
        execute(CLEAR, {"load": left.pk})
        left.delete()
    return ImportJob.objects.create(
        source=source,
        kind=kind,
        file_name=path.name[:255],
        file_hash=layout.fingerprint,
        mapping=dict(mapping),
        rows_total=rows_total,
        started_by=started_by,
        started_at=now,
    )


def errors_path(job: ImportJob) -> Path:
    """Where the refused rows of a job are listed."""
    return _imports() / f"{job.pk}-refused.csv"


def dry_run_errors_path(source: Source, layout: Layout, mapping: Mapping[str, str]) -> Path:
    """Where those of a dry run are: of one file each source and mapping has a list of its own."""
    told = json.dumps([source.key, layout.fingerprint, dict(mapping)], sort_keys=True)
    return _imports() / f"dry-run-{hashlib.sha256(told.encode()).hexdigest()[:16]}-refused.csv"


def _imports() -> Path:
    return Path(settings.MEDIA_ROOT) / "imports"


def tell(job: ImportJob) -> None:
    """Store how far it is, for whoever looks at its page and for who takes it up."""
    job.told_at = clock_now()
    job.save(update_fields=["rows_done", "rows_ok", "rows_bad", "told_at"])


def close_job(job: ImportJob, errors: Path | None, now: datetime) -> None:
    """It is in."""
    job.state = ImportJob.State.DONE
    job.errors_file = str(errors or "")
    job.finished_at = now
    job.save(update_fields=["state", "errors_file", "finished_at"])


class _Shared:
    """A setting of the whole process: other while anybody wants it so, whoever leaves last."""

    def __init__(self, change: Callable[[], Callable[[], None]]) -> None:
        self._change = change
        self._lock = threading.Lock()
        self._users = 0
        self._restore: Callable[[], None] = lambda: None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if not self._users:
                self._restore = self._change()
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._restore()


def _collect_seldom() -> Callable[[], None]:
    usual = gc.get_threshold()
    gc.set_threshold(_COLLECTED_AFTER, *usual[1:])
    return lambda: gc.set_threshold(*usual)


def _give_way() -> Callable[[], None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_GIVES_WAY_AFTER)
    return lambda: sys.setswitchinterval(usual)


collecting_seldom: Final = _Shared(_collect_seldom)
"""Have Python look for cycles of dead objects once in some batches.

A batch of rows makes tens of thousands of objects that live for three batches and hold no cycle; to
look through them after every 700 took a tenth of this process's time.
"""
giving_way: Final = _Shared(_give_way)
"""Have the thread that prepares let the one that writes go on at once.

Sending one document to the database takes many turns of the interpreter. Each had to wait for the
other thread's turn to end, 5 ms, while the database had nothing to do.
"""


def ahead(batches: Iterator[_Batch]) -> Iterator[_Batch]:
    """The same batches, the next one being read while the database writes the last."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


def prepared_ahead(
    read: Callable[[], Future[_Batch | None]],
    look_up: Callable[[_Batch], _Found],
    prepare: Callable[[_Found], Future[_Prepared]],
) -> Iterator[_Prepared]:
    """All batches, prepared: while the database writes one, the next is got ready and the one after
    it is read.

    ``read`` and ``prepare`` only ask for it, of who does one thing after the other; ``look_up`` may
    ask the database, which it does between two writes.
    """
    reading = read()
    ready = list[Future[_Prepared]]()
    while (batch := reading.result()) is not None:
        ready.append(prepare(look_up(batch)))
        reading = read()
        if len(ready) > 1:
            yield ready.pop(0).result()
    for last in ready:
        yield last.result()
