"""The copy that a person may have, as JSON, written piece by piece."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson


def written(document: Mapping[str, Any]) -> Iterator[bytes]:
    """One JSON object; chapters of many rows are read as they are written, and no more of them is
    held than a row.

    Parameters
    ----------
    document : by title; a mapping, a plain value, or an iterable of rows
    """
    yield b"{"
    for place, (title, told) in enumerate(document.items()):
        yield (b"," if place else b"") + orjson.dumps(title) + b":"
        if isinstance(told, Iterable) and not isinstance(told, str | bytes | Mapping):
            yield from _rows(told)
        else:
            yield orjson.dumps(told, default=str)
    yield b"}"


def _rows(told: Iterable[Any]) -> Iterator[bytes]:
    yield b"["
    for place, row in enumerate(told):
        yield (b"," if place else b"") + orjson.dumps(row, default=str)
    yield b"]"
