"""A segment's full rebuild beside the best SQL by hand and beside DuckDB over the same data.

    PYTHONPATH=. python bench/segment_rebuild.py [--customers N] [--events N] [--rounds N]

The rule: at least 3 fund_viewed in 30 days and risk C3 or C4 and no order_filled in 90 days. The
compiler's statement, several statements by hand, DuckDB by hand and DuckDB by the engine's
expression run in turn, all finding the same members; medians of the rounds. One JSON line:
{"bench", "customers", "events", "members", "rebuild_seconds", "hand_seconds", "duckdb_seconds",
"engine_seconds" (by Ibis), "ratio_hand", "ratio_duckdb", "preview_seconds", "archive_seconds",
"archive_mb", "hand" (which statement), "required"}.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

os.environ["TOUCHSTONE_SPACE"] = "bench"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

import duckdb  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from compliance.queries import clock_now  # noqa: E402
from config.replay import space  # noqa: E402
from customers.actions.partitions import ensure_partitions  # noqa: E402
from customers.queries.database import execute, rows  # noqa: E402
from customers.queries.events import month_of  # noqa: E402
from segments.actions.write_archive import archive_events  # noqa: E402
from segments.engines.comparisons import microseconds  # noqa: E402
from segments.engines.run import matching_ids, open_engine, read_archive  # noqa: E402
from segments.engines.shape import Archive  # noqa: E402
from segments.queries.rules import check_rule, rule_sql  # noqa: E402
from segments.queries.sizes import preview  # noqa: E402

REQUIRED = {"ratio_hand": 1.5, "ratio_duckdb": 3.0, "preview_seconds": 2.0}
DAYS = 180
RULE = {
    "all": [
        {"event": "fund_viewed", "count": {"op": "gte", "value": 3}, "within_days": 30},
        {"field": "risk_level", "op": "in", "value": ["C3", "C4"]},
        {"not": {"event": "order_filled", "within_days": 90}},
    ]
}

CROWD = """
    INSERT INTO customers_customer (
        customer_no, is_numbered, status, risk_level, personalise_off, aml_hold, internal_hold,
        attributes, created_at, updated_at)
    SELECT 'B' || lpad(n::text, 9, '0'), true, 'active', 'C' || 1 + n %% 5, false, false, false,
           '{}', %(now)s, %(now)s
    FROM generate_series(1, %(customers)s::int) AS n
"""
# In the order of time, as they come in: the rows of one customer lie far apart.
EVENTS = """
    INSERT INTO customers_event (
        source_id, message_id, kind, name, customer_id, occurred_at, received_at, properties,
        context)
    SELECT 1, 'm' || n, 'track',
           (ARRAY['fund_viewed', 'fund_viewed', 'fund_viewed', 'fund_viewed', 'page_viewed',
                  'page_viewed', 'page_viewed', 'login', 'login', 'login', 'search', 'search',
                  'search', 'article_read', 'article_read', 'quiz_done', 'push_opened',
                  'link_clicked', 'form_sent', 'order_filled'])[1 + floor(random() * 20)::int],
           %(first)s + floor(random() * %(customers)s)::bigint, at, at,
           '{"code": "F012", "amount": 1500.5}', '{}'
    FROM (SELECT n, %(now)s::timestamptz
              - (%(events)s - n) * (interval '1 day' * %(days)s / %(events)s) AS at
          FROM generate_series(%(low)s::bigint, %(high)s::bigint) AS n) AS place
"""
AT_ONCE = 1_000_000

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


def main() -> None:
    """Fill a space of its own, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    told = parser.parse_args()
    space.renew()
    now = clock_now()
    fill(told.customers, told.events, now)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        archive = archive_events(root=Path(folder), now=now)
        archive_seconds = time.perf_counter() - began
        size = sum(file.stat().st_size for file in archive.folder.rglob("*.parquet"))
        seconds, members = measure(candidates(now, archive), told.rounds)
    previews = [preview(RULE, now=now).milliseconds / 1_000 for _ in range(told.rounds)]
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
        "preview_seconds": round(statistics.median(previews), 3),
        "archive_seconds": round(archive_seconds, 1),
        "archive_mb": round(size / 1e6, 1),
        "hand": {name: round(seconds[name], 3) for name in BY_HAND},
        "required": REQUIRED,
    }
    sys.stdout.write(json.dumps(line) + "\n")


def fill(customers: int, events: int, now: datetime) -> None:
    """Customers of five risk levels, their events over half a year."""
    execute(CROWD, {"customers": customers, "now": now})
    first = rows("SELECT min(id) FROM customers_customer WHERE customer_no LIKE 'B%%'", {"": 0})
    days = (now - timedelta(days=back) for back in range(DAYS + 1))
    ensure_partitions(months={month_of(day) for day in days})
    execute("SELECT setseed(0.5)", {})
    for low in range(1, events + 1, AT_ONCE):
        execute(
            EVENTS,
            {
                "customers": customers,
                "events": events,
                "first": first[0][0],
                "now": now,
                "days": DAYS,
                "low": low,
                "high": min(low + AT_ONCE - 1, events),
            },
        )
    # As autovacuum leaves them.
    execute("VACUUM ANALYZE", {})


def candidates(now: datetime, archive: Archive) -> dict[str, Way]:
    """Ways to find the members, by name."""
    month, quarter = now - timedelta(days=30), now - timedelta(days=90)
    compiled = rule_sql(check_rule(RULE), now=now)
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
        ids = matching_ids(check_rule(RULE), reading=reading, now=now)
    return len(ids), sum(ids), sum(one * (one % 1009) for one in ids)


def measure(ways: Mapping[str, Way], rounds: int) -> tuple[dict[str, float], int]:
    """Median seconds of each way, in turn, and the number of members that all of them find."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    found: set[Found] = set()
    for turn in range(rounds + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            found.add(way())
            if turn:  # the first fills the caches
                seconds[name].append(time.perf_counter() - began)
    assert len(found) == 1, found
    return {name: statistics.median(times) for name, times in seconds.items()}, found.pop()[0]


if __name__ == "__main__":
    main()
