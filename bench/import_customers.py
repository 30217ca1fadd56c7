"""Customer import beside a bare COPY of the same cells.

    python -m bench.import_customers [--rows N] [--bad 0.01] [--encoding gb18030]

Imports a generated file (name, phone, e-mail address and ten attributes, an SMS consent) into a
database of its own, then copies the same text into a plain table by one
connection. Prints one JSON line: {"bench", "value", "unit", "raw", "ratio", …}.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402

from bench.ingest import make_key, scratch_database  # noqa: E402

ATTRIBUTES = tuple(f"field_{number}" for number in range(10))
HEADER = ("customer_no", "name", "phone", "email", *ATTRIBUTES)


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
        write_file(path, told.rows, told.bad, told.encoding)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        good, bad, seconds = run_import(path)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        raw = copy_rate(url, path, told.rows, told.encoding)
    value = (good + bad) / seconds
    report = {
        "bench": "import_customers",
        "value": round(value),
        "unit": "rows/s",
        "raw": round(raw),
        "ratio": round(value / raw, 3),
        "rows_ok": good,
        "rows_bad": bad,
        "memory_mb": memory // 1024,
        "memory_grown_mb": (memory - before) // 1024,
    }
    sys.stdout.write(json.dumps(report) + "\n")


def write_file(path: Path, rows: int, bad: float, encoding: str) -> None:
    """A file with the given share of rows that must be refused."""
    every = round(1 / bad) if bad else rows + 1
    with path.open("w", encoding=encoding, newline="") as file:
        file.write(",".join(HEADER) + "\r\n")
        for number in range(rows):
            phone = "1.38E+10" if number % every == every - 1 else f"13{number:09d}"
            values = [f"c{number:08d}", "张伟", phone, f"c{number:08d}@example.com"]
            values += [str(number % (7 + column)) for column in range(5)]
            values += [f"level {number % (3 + column)}" for column in range(5)]
            file.write(",".join(values) + "\r\n")


def run_import(path: Path) -> tuple[int, int, float]:
    """Rows imported, rows refused, seconds."""
    from django.db import connections

    from compliance.queries import clock_now
    from customers.actions.import_customers import ConsentTerms, import_customers

    result = import_customers(
        path=path, consents=ConsentTerms(channels=("sms",), notice_version="1"), now=clock_now()
    )
    connections.close_all()
    return result.rows_ok, result.rows_bad, result.seconds


def copy_rate(url: str, path: Path, rows: int, encoding: str) -> float:
    """Rows a second of COPY of the same file into a plain table with a primary key."""
    columns = ", ".join(f"{name} text" for name in HEADER)
    text = path.read_text(encoding=encoding)
    with psycopg.connect(url) as link, link.cursor() as cursor:
        cursor.execute(f"CREATE TABLE raw_copy ({columns}, PRIMARY KEY (customer_no))".encode())
        began = time.perf_counter()
        with cursor.copy("COPY raw_copy FROM STDIN (FORMAT csv, HEADER true)") as stream:
            for start in range(0, len(text), 1 << 18):
                stream.write(text[start : start + (1 << 18)])
        link.commit()
        return rows / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
