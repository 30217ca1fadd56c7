"""A segment's full rebuild beside the best SQL by hand and beside DuckDB over the same data.

    PYTHONPATH=. python bench/segment_rebuild.py [--customers N] [--events N] [--rounds N] [--keep]

The rule: at least 3 fund_viewed in 30 days and risk C3 or C4 and no order_filled in 90 days. The
compiler's statement, several statements by hand, DuckDB by hand and DuckDB by the engine's
expression run in turn, all finding the same members; medians of the rounds. One JSON line:
{"bench", "customers", "events", "members", "rebuild_seconds", "hand_seconds", "duckdb_seconds",
"engine_seconds" (by Ibis), "ratio_hand", "ratio_duckdb", "cpu" (seconds of the processor of each
way, the database's included), "cpu_ratio_hand", "cpu_ratio_duckdb" (what other work on the machine
does not change), "preview_seconds", "archive_seconds",
"archive_mb", "archived_events", "hand" (seconds of each statement), "required"}. The archive holds
what the rule asks and looks back on. How far the bench is, is told on standard error. ``--keep``:
the world is kept, and measured again if it stands:

    PYTHONPATH=. python bench/segment_rebuild.py --customers 1000000 --events 20000000 --keep
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

os.environ["TOUCHSTONE_SPACE"] = "bench_world"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

import duckdb  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from bench.world.build import add_sizes, stand  # noqa: E402
from bench.world.campaign import ISSUE_RULE  # noqa: E402
from bench.world.telling import database_cpu, tell  # noqa: E402
from segments.engines.comparisons import microseconds  # noqa: E402
from segments.engines.files import write_parquet  # noqa: E402
from segments.engines.run import matching_ids, open_engine, read_archive  # noqa: E402
from segments.engines.shape import TABLES, VERSION, Archive, Manifest  # noqa: E402
from segments.queries.archive import archived_customers, archived_events  # noqa: E402
from segments.queries.rules import check_rule, rule_sql  # noqa: E402
from segments.queries.sizes import preview  # noqa: E402
from segments.rules.moments import Clock  # noqa: E402

REQUIRED = {"ratio_hand": 1.5, "ratio_duckdb": 3.0, "preview_seconds": 2.0}
# The rule's longest window and the day it begins on.
ARCHIVED_DAYS = 91
VIEWED = """
    SELECT e.customer_id FROM customers_event e
    WHERE e.name = 'fund_viewed' AND e.occurred_at >= %(month)s AND e.occurred_at <= %(now)s
        AND e.customer_id IS NOT NULL
    GROUP BY e.customer_id HAVING count(*) >= 3
"""
ORDERED = """
    SELECT {0} FROM customers_event o
    WHERE o.name = 'order_filled' AND o.occurred_at >= %(quarter)s AND o.occurred_at <= %(now)s
"""
BY_HAND = {
    "anti join": f"""
        SELECT c.id FROM customers_customer c JOIN ({VIEWED}) v ON v.customer_id = c.id
        WHERE c.status = 'active' AND c.risk_level IN ('C3', 'C4')
            AND NOT EXISTS ({ORDERED.format("1")} AND o.customer_id = c.id)
    """,
    "except": f"""
        SELECT c.id FROM customers_customer c
        JOIN ({VIEWED} EXCEPT {ORDERED.format("o.customer_id")}) v ON v.customer_id = c.id
        WHERE c.status = 'active' AND c.risk_level IN ('C3', 'C4')
    """,
    "one pass": """
        SELECT c.id FROM customers_customer c JOIN (
            SELECT e.customer_id FROM customers_event e
            WHERE e.occurred_at >= %(quarter)s AND e.occurred_at <= %(now)s
                AND (e.name = 'order_filled'
                     OR (e.name = 'fund_viewed' AND e.occurred_at >= %(month)s))
            GROUP BY e.customer_id
            HAVING count(*) FILTER (WHERE e.name = 'fund_viewed') >= 3
                AND count(*) FILTER (WHERE e.name = 'order_filled') = 0
        ) v ON v.customer_id = c.id
        WHERE c.status = 'active' AND c.risk_level IN ('C3', 'C4')
    """,
    "customers first": f"""
        SELECT c.id FROM customers_customer c JOIN customers_event e ON e.customer_id = c.id
        WHERE c.status = 'active' AND c.risk_level IN ('C3', 'C4') AND e.name = 'fund_viewed'
            AND e.occurred_at >= %(month)s AND e.occurred_at <= %(now)s
            AND NOT EXISTS ({ORDERED.format("1")} AND o.customer_id = c.id)
        GROUP BY c.id HAVING count(*) >= 3
    """,
}
BY_HAND_IN_DUCKDB = """
    SELECT c.id FROM read_parquet('{customers}') c JOIN (
        SELECT customer_id FROM read_parquet('{events}')
        WHERE name = 'fund_viewed' AND occurred_at >= {month} AND occurred_at <= {now}
        GROUP BY customer_id HAVING count(*) >= 3) v ON v.customer_id = c.id
    WHERE c.risk_level IN ('C3', 'C4') AND NOT EXISTS (
        SELECT 1 FROM read_parquet('{events}') o WHERE o.customer_id = c.id
            AND o.name = 'order_filled' AND o.occurred_at >= {quarter} AND o.occurred_at <= {now})
"""

# Number of members, and two sums over their ids that tell other members apart.
Found = tuple[int, int, int]
Way = Callable[[], Found]
Medians = dict[str, float]


def main() -> None:
    """Let a world stand, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_sizes(parser)
    parser.add_argument("--rounds", type=int, default=3)
    told = parser.parse_args()
    world = stand(told, is_whole=False)
    now = world.built_at
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        archive = write_archive(Path(folder), now)
        archive_seconds = time.perf_counter() - began
        size = sum(file.stat().st_size for file in archive.folder.rglob("*.parquet"))
        seconds, cpu, members = measure(candidates(now, archive), told.rounds)
    previews = [preview(ISSUE_RULE, now=now).milliseconds / 1_000 for _ in range(told.rounds)]
    hand = min(BY_HAND, key=lambda name: seconds[name])
    line = {
        "bench": "segments",
        "customers": told.customers,
        "events": told.events,
        "members": members,
        "rebuild_seconds": round(seconds["compiled"], 3),
        "hand_seconds": round(seconds[hand], 3),
        "duckdb_seconds": round(seconds["duckdb"], 3),
        "engine_seconds": round(seconds["ibis"], 3),
        "ratio_hand": round(seconds["compiled"] / seconds[hand], 2),
        "ratio_duckdb": round(seconds["compiled"] / seconds["duckdb"], 2),
        "cpu": {name: round(worked, 2) for name, worked in cpu.items()},
        "cpu_ratio_hand": round(cpu["compiled"] / min(cpu[name] for name in BY_HAND), 2),
        "cpu_ratio_duckdb": round(cpu["compiled"] / cpu["duckdb"], 2),
        "preview_seconds": round(statistics.median(previews), 3),
        "archive_seconds": round(archive_seconds, 1),
        "archive_mb": round(size / 1e6, 1),
        "archived_events": archive.manifest.rows["events"],
        "hand": {name: round(seconds[name], 3) for name in BY_HAND},
        "required": REQUIRED,
    }
    sys.stdout.write(json.dumps(line) + "\n")


def write_archive(folder: Path, now: datetime) -> Archive:
    """The tables that the rule asks, as the product writes them; all others without a row.

    Properties are two thirds of a whole archive's cost, and no part of this rule.
    """
    clock = Clock.at(now=now, zone=settings.TIME_ZONE)
    copies = {"customers": archived_customers(clock)}
    start = now - timedelta(days=ARCHIVED_DAYS)
    while start < now:
        end = min(start + timedelta(days=30), now + timedelta(microseconds=1))
        copies[f"events/{start:%Y-%m-%d}"] = archived_events(clock, start, end)
        start = end
    counted = Counter[str]()
    for table, columns in TABLES.items():
        (folder / table).mkdir()
        chosen = {name: copy for name, copy in copies.items() if name.startswith(table)}
        for place, copy in chosen.items() or [(table, None)]:
            blocks = copy.blocks() if copy else ()
            file = folder / table / f"{place.rpartition('/')[2]}.parquet"
            counted[table] += write_parquet(
                file, columns=columns, blocks=blocks, told=lambda _rows: None
            )
            tell(f"archive: {place}, {counted[table]:,} rows")
    manifest = Manifest(
        version=VERSION, as_of=now, since=None, zone=clock.zone.key, attributes=(), rows=counted
    )
    return Archive(folder=folder, manifest=manifest)


def candidates(now: datetime, archive: Archive) -> dict[str, Way]:
    """Ways to find the members, by name."""
    month, quarter = now - timedelta(days=30), now - timedelta(days=90)
    compiled = rule_sql(check_rule(ISSUE_RULE), now=now)
    moments = {"now": now, "month": month, "quarter": quarter}
    by_hand = BY_HAND_IN_DUCKDB.format(
        customers=archive.files("customers"),
        events=archive.files("events"),
        **{name: microseconds(moment) for name, moment in moments.items()},
    )
    ways: dict[str, Way] = {"compiled": lambda: in_postgres(compiled.sql, compiled.params)}
    for name, sql in BY_HAND.items():
        ways[name] = lambda sql=sql: in_postgres(sql, moments)  # type: ignore[misc]
    ways["duckdb"] = lambda: in_duckdb(by_hand)
    ways["ibis"] = lambda: in_engine(archive, now)
    return ways


def in_postgres(sql: str, params: Mapping[str, object]) -> Found:
    """The ids into a temporary table, as a rebuild keeps them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE found (id bigint) ON COMMIT DROP")
        cursor.execute(f"INSERT INTO found {sql}", params)
        cursor.execute("SELECT count(*), sum(id), sum(id * (id %% 1009)) FROM found", {})
        count, total, mixed = cursor.fetchone()
        return int(count), int(total), int(mixed)


def in_duckdb(sql: str) -> Found:
    """The ids into a table, likewise."""
    with duckdb.connect() as link:
        link.execute(f"CREATE TABLE found AS {sql}")
        told = link.execute("SELECT count(*), sum(id), sum(id * (id % 1009)) FROM found")
        ((count, total, mixed),) = told.fetchall()
        return int(count), int(total), int(mixed)


def in_engine(archive: Archive, now: datetime) -> Found:
    """The ids by the engine, from its start to the last of them."""
    with open_engine("duckdb://") as engine:
        reading = read_archive(archive, engine)
        ids = matching_ids(check_rule(ISSUE_RULE), reading=reading, now=now)
    return len(ids), sum(ids), sum(one * (one % 1009) for one in ids)


def measure(ways: Mapping[str, Way], rounds: int) -> tuple[Medians, Medians, int]:
    """Of each way the median seconds by the clock and of the processor, in turn; and the number of
    members that all of them find."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    found: set[Found] = set()
    for turn in range(rounds + 1):
        for name, way in ways.items():
            before, began = time.process_time() + database_cpu(), time.perf_counter()
            found.add(way())
            taken = time.perf_counter() - began
            worked = time.process_time() + database_cpu() - before
            tell(f"round {turn}: {name} {taken:.2f} s, {worked:.2f} s of the processor")
            if turn:  # the first fills the caches
                seconds[name].append(taken)
                cpu[name].append(worked)
    assert len(found) == 1, found
    return medians(seconds), medians(cpu), found.pop()[0]


def medians(told: Mapping[str, list[float]]) -> Medians:
    """The median of each."""
    return {name: statistics.median(values) for name, values in told.items()}


if __name__ == "__main__":
    main()
