"""Where a file of customers is read, judged and sealed, batch by batch, for whoever writes it.

The writer asks for a batch, looks up whose key seals for each of its customers, and asks for the
batch sealed. A desk answers in the order in which it is asked, in a thread or in a process of its
own (`beside`), so that a batch is written while the next one is got ready.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from customers.importing.layout import Layout
from customers.importing.load import ConsentTerms, Prepared, Unknown, prepare
from customers.importing.mapping import Plan, Wish, make_plan
from customers.importing.reader import read_records
from customers.importing.rows import BadRow, GoodRow, judge
from customers.vocabulary import AttributeType

_KEPT: Final = 3  # batches that are written, sealed or about to be
Ask = Callable[..., Future[Any]]
"""Ask a desk for one of its methods, by name and arguments."""
Batch = tuple[list[GoodRow], list[BadRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that `make_plan` needs, as values that go to another process."""

    header: tuple[str, ...]
    id_index: int
    wishes: Mapping[str, Wish]
    known: Mapping[str, str]
    guessed: Mapping[str, AttributeType]

    def plan(self) -> Plan:
        """Which column goes where; raises as `make_plan`."""
        return make_plan(
            self.header,
            id_index=self.id_index,
            wishes=self.wishes,
            known=self.known,
            guessed=self.guessed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One file for a desk."""

    path: Path
    layout: Layout
    reading: Reading
    terms: ConsentTerms
    source: str
    now: datetime
    skip: int
    """Rows that a killed run has written."""
    batch_rows: int


class Desk:
    """The file of one order. Every method is asked by one caller, in turn."""

    def __init__(self, order: Order) -> None:
        self._batches = read_batches(order)
        self._order = order
        self._read = deque[Batch]()
        self._sealed = deque[list[GoodRow]](maxlen=_KEPT)

    def read(self) -> list[str] | None:
        """Read the next batch: the numbers of its customers, None behind the last one."""
        batch = next(self._batches, None)
        if batch is None:
            return None
        self._read.append(batch)
        return [row.customer_no for row in batch[0]]

    def seal(self, slots: Sequence[int], ids: Sequence[int | None]) -> Prepared:
        """Seal the first batch that was read and is not sealed; ``slots`` by its customers, and
        the ``ids`` of those whom nobody knows."""
        good, bad = self._read.popleft()
        self._sealed.append(good)
        unknown = Unknown(ids=ids, source=self._order.source, now=self._order.now)
        return prepare(good, bad, slots, self._order.terms, unknown=unknown)

    def seal_again(self, slots: Mapping[str, int]) -> Prepared:
        """Customers of the last batches for other slots, by number, in the order of the file."""
        return self._sealed_for(slots, ConsentTerms())

    def seal_as_known(self, slots: Mapping[str, int]) -> Prepared:
        """The same with their consents, for a batch in which somebody was known after all."""
        return self._sealed_for(slots, self._order.terms)

    def _sealed_for(self, slots: Mapping[str, int], terms: ConsentTerms) -> Prepared:
        late = [row for good in self._sealed for row in good if row.customer_no in slots]
        return prepare(late, (), [slots[row.customer_no] for row in late], terms)


@contextmanager
def in_a_thread(order: Order) -> Iterator[Ask]:
    """A desk that shares this process's turns."""
    desk = Desk(order)
    with ThreadPoolExecutor(max_workers=1) as clerk:
        yield lambda act, *told: clerk.submit(getattr(desk, act), *told)


def read_batches(order: Order) -> Iterator[Batch]:
    """Good and bad rows by batch; those to be skipped are judged (a later double of theirs is still
    one) but not given again."""
    plan, seen = order.reading.plan(), set[int]()
    records = read_records(order.path, order.layout, columns=len(plan.header))
    verdicts = (judge(record, plan, seen) for record in records)
    for _verdict in islice(verdicts, order.skip):
        continue
    while batch := list(islice(verdicts, order.batch_rows)):
        yield (
            [verdict for verdict in batch if isinstance(verdict, GoodRow)],
            [verdict for verdict in batch if isinstance(verdict, BadRow)],
        )
