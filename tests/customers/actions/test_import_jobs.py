"""Reading, sealing and writing a file go on at the same time, in order."""

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TypeVar

import pytest

from customers.actions.import_jobs import collecting_seldom, giving_way, prepared_ahead

Done = TypeVar("Done")


def in_turn(batches: Iterator[int], prepare: Callable[[int], Done]) -> Iterator[Done]:
    with ThreadPoolExecutor(max_workers=1) as worker:
        yield from prepared_ahead(
            lambda: worker.submit(next, batches, None),
            lambda batch: batch * 10,
            lambda found: worker.submit(prepare, found),
        )


def test_next_batch_is_prepared_and_the_one_after_it_read_while_one_is_written() -> None:
    read = {number: threading.Event() for number in range(5)}
    prepared = {number: threading.Event() for number in range(5)}

    def batches() -> Iterator[int]:
        for number in range(5):
            read[number].set()
            yield number

    def prepare(found: int) -> tuple[int, int]:
        prepared[found // 10].set()
        return found // 10, found

    written = []
    for done in in_turn(batches(), prepare):
        ahead = done[0] + 1
        assert ahead > 4 or prepared[ahead].wait(10)
        assert ahead > 3 or read[ahead + 1].wait(10)
        written.append(done)

    assert written == [(0, 0), (1, 10), (2, 20), (3, 30), (4, 40)]


def test_failing_preparation_reaches_the_writer_after_what_came_before_it() -> None:
    def prepare(found: int) -> int:
        if found == 20:
            raise ValueError(found)
        return found // 10

    written: list[int] = []
    with pytest.raises(ValueError, match="2"):
        written.extend(in_turn(iter(range(4)), prepare))

    assert written == [0, 1]


def test_python_collects_as_before_once_an_import_has_ended() -> None:
    usual = gc.get_threshold()

    with collecting_seldom():
        assert gc.get_threshold()[0] > usual[0]

    assert gc.get_threshold() == usual


def test_python_collects_as_before_once_an_import_has_failed() -> None:
    usual = gc.get_threshold()

    with pytest.raises(ZeroDivisionError), collecting_seldom():
        1 / 0  # noqa: B018

    assert gc.get_threshold() == usual


def test_threads_take_shorter_turns_during_an_import_and_as_before_after_it() -> None:
    usual = sys.getswitchinterval()

    with giving_way():
        within = sys.getswitchinterval()

    assert within < usual
    assert sys.getswitchinterval() == usual


def test_settings_of_the_process_stay_until_the_last_of_overlapping_imports_has_ended() -> None:
    usual = gc.get_threshold(), sys.getswitchinterval()
    first, second = ExitStack(), ExitStack()

    for stack in (first, second):
        stack.enter_context(collecting_seldom())
        stack.enter_context(giving_way())
    within = gc.get_threshold(), sys.getswitchinterval()
    first.close()
    between = gc.get_threshold(), sys.getswitchinterval()
    second.close()

    assert within == between != usual
    assert (gc.get_threshold(), sys.getswitchinterval()) == usual
