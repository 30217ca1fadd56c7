"""Customers and their events, loaded as fast as the tables allow."""

from datetime import UTC, date, datetime, timedelta

from django.db import transaction

from bench.world.telling import tell
from customers.queries.database import execute, rows
from customers.queries.events import EVENTS, add_partition, month_of, partition_name

DAYS = 180
# Indexes of a month of three million events are sorted in memory; the setting ends with the load.
_SORT_MEMORY = "SET LOCAL maintenance_work_mem = '768MB'"

CROWD = """
    INSERT INTO customers_customer (
        customer_no, is_numbered, status, risk_level, risk_valid_until, gender, birth_on, city,
        region, investor_type, total_asset, personalise_off, aml_hold, internal_hold, attributes,
        created_at, updated_at)
    SELECT 'B' || lpad(n::text, 9, '0'), true, 'active', 'C' || 1 + n %% 5,
           (%(now)s::timestamptz + make_interval(days => n %% 700 - 100))::date,
           (ARRAY['female', 'male'])[1 + n %% 2],
           date '1950-01-01' + (n * 37) %% 20000,
           (ARRAY['上海', '北京', '深圳', '杭州', '成都'])[1 + n %% 5],
           (ARRAY['华东', '华北', '华南', '华东', '西南'])[1 + n %% 5],
           CASE WHEN n %% 20 = 0 THEN 'professional' ELSE 'retail' END,
           (n * 7919::bigint) %% 2000000, n %% 50 = 0, false, false, '{}', %(now)s, %(now)s
    FROM generate_series(1, %(customers)s::int) AS n
"""
# In the order of time, as they come in: the rows of one customer lie far apart. One in `rare`
# events is that of the one who has many.
MONTH = """
    INSERT INTO {table} (
        source_id, message_id, kind, name, customer_id, occurred_at, received_at, properties,
        context)
    SELECT 1, 'm' || n, 'track',
           (ARRAY['fund_viewed', 'fund_viewed', 'fund_viewed', 'fund_viewed', 'page_viewed',
                  'page_viewed', 'page_viewed', 'login', 'login', 'login', 'search', 'search',
                  'search', 'article_read', 'article_read', 'quiz_done', 'push_opened',
                  'link_clicked', 'form_sent', 'order_filled'])[1 + floor(random() * 20)::int],
           CASE WHEN n %% %(rare)s = 0 THEN %(first)s
                ELSE %(first)s + floor(random() * %(customers)s)::bigint END,
           at, at, '{{"code": "F012", "amount": 1500.5}}', '{{}}'
    FROM (SELECT n, %(now)s::timestamptz - (%(events)s - n) * %(pause)s::interval AS at
          FROM generate_series(%(low)s::bigint, %(high)s::bigint) AS n) AS place
    WHERE at >= %(start)s AND at < %(end)s
"""
OF_THE_BUSIEST = 10_000


def put_crowd(customers: int, *, now: datetime) -> int:
    """Customers of five risk levels; the id of the first, the others follow without a gap."""
    execute(CROWD, {"customers": customers, "now": now})
    found = rows("SELECT min(id) FROM customers_customer WHERE customer_no LIKE %(like)s", CROWD_IS)
    return int(found[0][0])


CROWD_IS = {"like": "B0%"}


def put_events(events: int, *, customers: int, first: int, now: datetime) -> None:
    """Events of half a year, evenly, by customers ``first`` and following.

    A month is filled before it becomes a part of the table: its indexes are built in one go, and
    a table made in the same transaction needs no log at this server's `wal_level`. Nobody follows
    them: no segment is there yet.
    """
    pause = timedelta(days=DAYS) / events
    execute("SELECT setseed(0.5)", {})
    start = month_of(now - timedelta(days=DAYS))
    while start <= month_of(now):
        end = month_of(datetime(start.year, start.month, 28, tzinfo=UTC) + timedelta(days=7))
        low = events - int((now - _midnight(start)) / pause) - 1
        high = events - int((now - _midnight(end)) / pause) + 1
        with transaction.atomic():
            execute(_SORT_MEMORY, {})
            table = partition_name(start, table=EVENTS)
            execute(_bare(table), {})
            execute(
                MONTH.format(table=table),
                {
                    "rare": max(2, events // OF_THE_BUSIEST),
                    "first": first,
                    "customers": customers,
                    "now": now,
                    "events": events,
                    "pause": pause,
                    "low": max(low, 1),
                    "high": min(high, events),
                    "start": _midnight(start),
                    "end": _midnight(end),
                },
            )
            execute(add_partition(start), {})
        tell(f"events of {start:%Y-%m}: up to {min(high, events):,} of {events:,}")
        start = end


def _bare(table: str) -> str:
    return f"CREATE TABLE {table} (LIKE {EVENTS} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
