"""Customer import beside a bare COPY of the same cells.

    python -m bench.import_customers [--rows N] [--bad 0.01] [--encoding gb18030]

Imports a generated file (name, phone, e-mail address, risk level, birthday; an SMS consent) whose
spoilt rows are wrong in ten ways into a database of its own, then copies the good rows into a plain
table by one connection. Prints one JSON line: {"bench", "value", "unit", "raw", "ratio", …}.

`cpu_us` is the processor time a row took in this process, with the one that reads and seals for it,
and in its database session; `overlap` is how many of them worked at a time. On a machine that
others use they tell more than the clock.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402

from bench.ingest import make_key, scratch_database, spent  # noqa: E402

HEADER = ("external_id", "name", "phone", "email", "risk_level", "birthday")
Cells = list[str]


def _with(index: int, text: str) -> Callable[[Cells], Cells]:
    return lambda cells: [*cells[:index], text, *cells[index + 1 :]]


SPOILERS: tuple[Callable[[Cells], Cells], ...] = (
    _with(2, "13800"),
    _with(2, "1.38E+10"),
    _with(2, "010-88886666"),
    _with(3, "c@@x"),
    lambda cells: cells[:3],
    lambda cells: [*cells, "x", "y"],
    _with(4, "C9"),
    _with(5, "2023-02-30"),
    _with(0, ""),
    lambda cells: [f"c{int(cells[0][1:]) - 1:08d}", *cells[1:]],
)


def main() -> None:
    """Measure, print one line, leave nothing behind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--bad", type=float, default=0.01)
    parser.add_argument("--encoding", default="gb18030")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, scratch_database() as url:
        os.environ["DATABASE_URL"] = url
        os.environ["TOUCHSTONE_FILES"] = folder
        make_key()
        path = Path(folder) / "customers.csv"
        spoilt = write_file(path, told.rows, told.bad, told.encoding)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        good, bad, seconds, processor = run_import(path)
        memory = _memory()
        raw = copy_rate(url, path, told.rows - spoilt)
    if (good, bad) != (told.rows - spoilt, spoilt):
        raise SystemExit(f"{spoilt} rows must be refused, {bad} were")
    value = (good + bad) / seconds
    report = {
        "bench": "import_customers",
        "value": round(value),
        "unit": "rows/s",
        "raw": round(raw),
        "ratio": round(value / raw, 3),
        "seconds": round(seconds, 1),
        "cpu_us": {name: round(took / told.rows * 1e6, 1) for name, took in processor.items()},
        "overlap": round(sum(processor.values()) / seconds, 2),
        "rows_ok": good,
        "rows_bad": bad,
        "memory_mb": memory // 1024,
        "memory_grown_mb": (memory - before) // 1024,
    }
    sys.stdout.write(json.dumps(report) + "\n")


def write_file(path: Path, rows: int, bad: float, encoding: str) -> int:
    """A file whose spoilt rows are wrong in ten ways by turns; the number that must be refused."""
    every = round(1 / bad) if bad else rows + 1
    spoilt = 0
    with path.open("w", encoding=encoding, newline="") as file:
        file.write(",".join(HEADER) + "\r\n")
        for number in range(rows):
            cells = [
                f"c{number:08d}",
                "张伟芳"[: 2 + number % 2],
                f"13{number % 10}{number:08d}",
                f"c{number:08d}@example.com",
                f"C{1 + number % 5}",
                f"{1950 + number % 55}-{1 + number % 12:02d}-{1 + number % 28:02d}",
            ]
            if number % every == every - 1:
                cells = SPOILERS[spoilt % len(SPOILERS)](cells)
                spoilt += 1
            file.write(",".join(cells) + "\r\n")
    return spoilt


def run_import(path: Path) -> tuple[int, int, float, dict[str, float]]:
    """Rows imported, rows refused, seconds, and seconds of processor by whose they are."""
    from django.db import connection, connections

    from compliance.queries import clock_now
    from customers.actions.import_customers import ConsentTerms, import_customers

    before = _spent_here()
    result = import_customers(
        path=path, consents=ConsentTerms(channels=("sms",), notice_version="1"), now=clock_now()
    )
    processor = {
        "import": _spent_here() - before,
        "database": spent(connection.connection.info.backend_pid),
    }
    connections.close_all()
    return result.rows_ok, result.rows_bad, result.seconds, processor


def _spent_here() -> float:
    """Seconds of processor of this process and of those it has waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in usages)


def _memory() -> int:
    """The most KB that this process and the largest it has waited for had."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_maxrss for used in usages)


def copy_rate(url: str, path: Path, rows: int) -> float:
    """Rows a second of COPY of the good rows into a plain table with a primary key.

    From a file of them in UTF-8, so that neither reading nor recoding counts.
    """
    columns = ", ".join(f"{name} text" for name in HEADER)
    good = path.with_suffix(".good")
    write_file(good, rows, 0, "utf-8")
    with psycopg.connect(url) as link, link.cursor() as cursor, good.open("rb") as text:
        cursor.execute(f"CREATE TABLE raw_copy ({columns}, PRIMARY KEY (external_id))".encode())
        began = time.perf_counter()
        with cursor.copy("COPY raw_copy FROM STDIN (FORMAT csv, HEADER true)") as stream:
            while piece := text.read(1 << 18):
                stream.write(piece)
        link.commit()
        return rows / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
