"""Write the event archive: what rules ask about, as Parquet files that any engine reads."""

import fcntl
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection, transaction

from customers.queries.database import execute
from customers.queries.events import month_of
from segments.engines.files import write_parquet
from segments.engines.shape import MANIFEST, TABLES, VERSION, Archive, Manifest, folder_name
from segments.queries.archive import (
    Copy,
    archived_attributes,
    archived_customers,
    archived_events,
    archived_memberships,
    archived_properties,
    archived_taggings,
    archived_touches,
    span_of_events,
)
from segments.queries.rules import catalog, references
from segments.rules.moments import Clock

# Read from the customer's own row where the birthday is unknown, whether registered or not.
_AGE: Final = "age"
_BEGUN: Final = ".begun-"
_KEPT: Final = 2
_TOLD: Final = ("customers", "events")


def archive_events(
    *,
    root: Path,
    now: datetime,
    since: date | None = None,
    told: Callable[[int], None] = lambda _rows: None,
    attributes: Collection[str] | None = None,
) -> Archive:
    """Write an archive of this moment under `root`.

    1. One snapshot of the database is read, table by table, events month by month.
    2. The files are written into a folder that no reader looks at.
    3. The folder gets its name in one step. The archive before it stays for who is reading it;
       older ones go.

    Cost: one read of the events since `since`, a few megabytes of memory.

    Parameters
    ----------
    since : events before this local day stay out; None: none do
    told : hears of each few thousand customers and events written
    attributes : which imported attributes go in; None: the registered ones
    """
    root.mkdir(parents=True, exist_ok=True)
    clock = Clock.at(now=now, zone=settings.TIME_ZONE)
    plan = _Plan(
        clock=clock,
        start=None if since is None else clock.day_start(since),
        attributes=_registered() if attributes is None else frozenset({_AGE, *attributes}),
    )
    with _alone(root):
        begun = Path(tempfile.mkdtemp(prefix=_BEGUN, dir=root))
        try:
            rows = _write(begun, plan, told)
            manifest = Manifest(
                version=VERSION,
                as_of=now,
                since=plan.start,
                zone=clock.zone.key,
                attributes=tuple(sorted(plan.attributes)),
                rows={table: rows[table] for table in TABLES},
            )
            (begun / MANIFEST).write_text(manifest.written(), "utf-8")
            folder = begun.rename(root / folder_name(now))
        finally:
            shutil.rmtree(begun, ignore_errors=True)
        _remove_old(root)
    return Archive(folder=folder, manifest=manifest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What goes in: from when on, which attributes, in whose days."""

    clock: Clock
    start: datetime | None
    attributes: frozenset[str]

    def copies(self) -> Iterator[tuple[str, str, Copy]]:
        """Table, file and the rows for it."""
        yield "customers", "all", archived_customers(self.clock)
        yield "attributes", "all", archived_attributes(self.clock, self.attributes)
        yield "taggings", "all", archived_taggings()
        yield "memberships", "all", archived_memberships()
        yield "touches", "all", archived_touches()
        for start, end in self._months():
            file = f"{start:%Y-%m}"
            yield "events", file, archived_events(self.clock, start, end)
            yield "properties", file, archived_properties(self.clock, start, end)

    def _months(self) -> Iterator[tuple[datetime, datetime]]:
        """The months of the events by UTC, as their partitions are; this one at least."""
        first, last = span_of_events(references().events) or (self.clock.now, self.clock.now)
        start = max(first, self.start or first)
        if start > max(last, first):
            # An engine reads no table that has no file.
            yield self.clock.now, self.clock.now
        while start <= max(last, first):
            month = month_of(start)
            following = (month + timedelta(days=31)).replace(day=1)
            end = datetime(following.year, following.month, 1, tzinfo=UTC)
            yield start, end
            start = end


def _write(begun: Path, plan: _Plan, told: Callable[[int], None]) -> Counter[str]:
    """Every table's files, of one snapshot; the rows of each."""
    counted = Counter[str]()
    with _one_snapshot():
        for table, file, copy in plan.copies():
            (begun / table).mkdir(exist_ok=True)
            counted[table] += write_parquet(
                begun / table / f"{file}.parquet",
                columns=TABLES[table],
                blocks=copy.blocks(),
                told=told if table in _TOLD else lambda _rows: None,
            )
    return counted


@contextmanager
def _one_snapshot() -> Iterator[None]:
    """All statements see the same rows; inside of a transaction, as that one sees them."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", {})
        yield


def _registered() -> frozenset[str]:
    return frozenset({_AGE, *(one.name for one in catalog().fields.values() if not one.column)})


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Nobody else writes an archive here; what somebody killed left half done goes."""
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in root.glob(f"{_BEGUN}*"):
            shutil.rmtree(left)
        yield


def _remove_old(root: Path) -> None:
    for old in sorted(path.parent for path in root.glob(f"*/{MANIFEST}"))[:-_KEPT]:
        shutil.rmtree(old)
