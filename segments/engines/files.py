"""Rows that stream in as CSV, as PostgreSQL's COPY writes it, become a Parquet file.

A few megabytes are in memory at a time, whatever the number of rows.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
from pyarrow import csv, parquet

from segments.engines.shape import SUMMED, Columns

_TYPES: Final = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    SUMMED: pa.decimal128(38, 18),
}
_BLOCK: Final = 8 << 20
# Small enough that an engine skips most of a month for a few days of it.
_ROWS_PER_GROUP: Final = 250_000


def write_parquet(
    path: Path, *, columns: Columns, blocks: Iterable[bytes], told: Callable[[int], None]
) -> int:
    """Write the rows of `blocks` to `path`; the number of rows. `told` hears of each few thousand.

    An empty text is written as "", a missing value as nothing.
    """
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in columns.items()])
    total = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _batches(blocks, schema):
            writer.write_batch(batch, row_group_size=_ROWS_PER_GROUP)
            total += batch.num_rows
            told(batch.num_rows)
    return total


def _batches(blocks: Iterable[bytes], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    stream = _Stream(iter(blocks))
    if not stream.has_more():
        return
    yield from csv.open_csv(
        io.BufferedReader(stream, _BLOCK),
        read_options=csv.ReadOptions(column_names=schema.names, block_size=_BLOCK),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


class _Stream(io.RawIOBase):
    """Blocks read as one file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def has_more(self) -> bool:
        """Whether anything is left to read."""
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return False
            self._rest = memoryview(block)
        return True

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """The next bytes, as many as fit."""
        if not self.has_more():
            return 0
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken
