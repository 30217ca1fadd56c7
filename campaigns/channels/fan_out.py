"""Run one act over many items with a bounded number at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


async def fan_out(
    *,
    items: Sequence[Item],
    act: Callable[[Item], Awaitable[Result]],
    concurrency: int,
) -> list[Result]:
    """Return `act(item)` for every item, in order of completion.

    A few long-lived tasks share one iterator: a task per item would cost more
    than the small requests it wraps, and so would one task for a single item.
    """
    if len(items) == 1:
        return [await act(items[0])]
    shared = iter(items)
    results: list[Result] = []
    workers = (_drain(shared, act, results) for _ in range(min(concurrency, len(items))))
    await asyncio.gather(*workers)
    return results


async def _drain(
    shared: Iterator[Item],
    act: Callable[[Item], Awaitable[Result]],
    results: list[Result],
) -> None:
    for item in shared:
        results.append(await act(item))
