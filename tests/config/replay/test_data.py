"""The data files are looked through before anything starts: a damaged one is one sentence."""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from config.replay.data import FOLDER, DataError, DataSet, bank, hillstrom

READERS: dict[str, Callable[[Path, Path, int | None], DataSet]] = {
    "hillstrom.csv.gz": hillstrom,
    "bank-full.csv.gz": bank,
}


def spoil(tmp_path: Path, name: str, change: Callable[[list[str]], list[str]]) -> Path:
    """A folder in which the file ``name`` has other lines than those published."""
    lines = gzip.decompress((FOLDER / name).read_bytes()).decode().splitlines(keepends=True)
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / name).write_bytes(gzip.compress("".join(change(lines)).encode(), 1))
    return folder


@pytest.mark.parametrize(
    ("name", "old", "new", "column"),
    [
        ("hillstrom.csv.gz", "Womens E-Mail", "Somebody", "segment"),
        ("hillstrom.csv.gz", ",0,0,0\n", ",0,0,abc\n", "spend"),
        ("hillstrom.csv.gz", ",0,0,0\n", ",0,0,nan\n", "spend"),
        ("hillstrom.csv.gz", ",0,0,0\n", ",2,0,0\n", "visit"),
        ("hillstrom.csv.gz", ",0,0,0\n", ",0,,0\n", "conversion"),
        ("hillstrom.csv.gz", ",142.44,", ",much,", "history"),
        ("bank-full.csv.gz", '"unknown";5;', '"pigeon";5;', "contact"),
        ("bank-full.csv.gz", ';"no"\n', ';"nein"\n', "y"),
        ("bank-full.csv.gz", ";2143;", ";;", "balance"),
        ("bank-full.csv.gz", ";261;1;", ";261;0;", "campaign"),
    ],
)
def test_a_value_that_was_never_published_is_named_by_line_and_column(
    tmp_path: Path, name: str, old: str, new: str, column: str
) -> None:
    def change(lines: list[str]) -> list[str]:
        assert old in lines[1]
        return [lines[0], lines[1].replace(old, new), *lines[2:9]]

    folder = spoil(tmp_path, name, change)

    with pytest.raises(DataError, match=f"Line 2 of {name} .* {column}: restore the file"):
        READERS[name](folder, tmp_path, None)


@pytest.mark.parametrize("name", READERS)
def test_a_file_without_rows_is_damaged(tmp_path: Path, name: str) -> None:
    folder = spoil(tmp_path, name, lambda lines: lines[:1])

    with pytest.raises(DataError, match=f"{name} holds no rows: restore it"):
        READERS[name](folder, tmp_path, None)


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_ends_early_is_damaged_also_beyond_the_sample(
    tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    whole = (FOLDER / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])

    with pytest.raises(DataError, match=f"{name} is damaged"):
        READERS[name](folder, tmp_path, 10)


@pytest.mark.parametrize(
    ("name", "size"), [("hillstrom.csv.gz", 64_000), ("bank-full.csv.gz", 45_211)]
)
def test_what_was_published_passes_whole(tmp_path: Path, name: str, size: int) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy2(FOLDER / name, folder)

    assert READERS[name](folder, tmp_path, None).size == size
