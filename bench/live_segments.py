"""What a live segment costs: milliseconds of processor per event with 200 of them.

    PYTHONPATH=. python bench/live_segments.py [--customers N] [--segments N] [--events N]

Events come in a hundred at a time, as at 200 a second every half second: they are recorded, then
one pass follows them, both in this process. Counted are this process and its database session.
One JSON line: {"bench", "value" (both), "unit", "following" (the pass alone), "raw" (recording
alone), "ratio", "segments", "pass_ms" (median of a pass by the clock), "required"}.
"""

import argparse
import json
import os
import random
import statistics
import sys
import time
import uuid

os.environ["TOUCHSTONE_SPACE"] = "bench_live"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from bench.world.telling import spent  # noqa: E402
from compliance.queries import clock_now  # noqa: E402
from compliance.roles import Role  # noqa: E402
from config.replay import space  # noqa: E402
from config.replay.staff import hire, person  # noqa: E402
from customers.actions.partitions import keep_partitions  # noqa: E402
from customers.actions.record_events import record_events  # noqa: E402
from customers.actions.sources import internal_source  # noqa: E402
from customers.queries.database import execute, rows  # noqa: E402
from customers.tracking.event import NewEvent  # noqa: E402
from segments.actions.follow import follow  # noqa: E402
from segments.actions.refresh import refresh  # noqa: E402
from segments.actions.save import save_segment  # noqa: E402

REQUIRED = 5.0
AT_ONCE = 100
NAMES = 20

CROWD = """
    INSERT INTO customers_customer (
        customer_no, is_numbered, status, risk_level, personalise_off, aml_hold, internal_hold,
        attributes, created_at, updated_at)
    SELECT 'B' || lpad(n::text, 9, '0'), true, 'active', 'C3', false, false, false, '{}', now(),
           now()
    FROM generate_series(1, %(customers)s::int) AS n
"""


def main() -> None:
    """Fill a space of its own, then let events come."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--segments", type=int, default=200)
    parser.add_argument("--events", type=int, default=2_000)
    told = parser.parse_args()
    space.renew()
    hire()
    keep_partitions(now=clock_now())
    execute(CROWD, {"customers": told.customers})
    make_segments(told.segments)
    recording, following, passes = run(told.events)
    line = {
        "bench": "live_segments",
        "value": round(recording + following, 2),
        "unit": "ms CPU/event",
        "following": round(following, 2),
        "raw": round(recording, 2),
        "ratio": round(recording / (recording + following), 3),
        "segments": told.segments,
        "pass_ms": round(statistics.median(passes), 1),
        "required": REQUIRED,
    }
    sys.stdout.write(json.dumps(line) + "\n")


def make_segments(count: int) -> None:
    """Each event name is asked about by a share of the segments, one name by all."""
    author, now = person(Role.MARKETER), clock_now()
    for number in range(count):
        viewed = {
            "event": f"event_{number % NAMES}",
            "count": {"op": "gte", "value": 1 + number % 4},
            "within_days": 30,
        }
        segment = save_segment(
            key=f"s{number}",
            name=f"s{number}",
            rule={"all": [viewed, {"not": {"event": "order_filled", "within_days": 90}}]},
            description="",
            author=author,
            now=now,
        )
        refresh(segment=segment, now=now)
    follow(now=clock_now())


def run(events: int) -> tuple[float, float, list[float]]:
    """Milliseconds of processor an event for recording and for following, and of each pass."""
    ids = [number for (number,) in rows("SELECT id FROM customers_customer", {})]
    source = internal_source(key="bench", name="bench", now=clock_now())
    chance = random.Random(1)
    recording = following = 0.0
    passes = []
    for _turn in range(events // AT_ONCE):
        at = clock_now()
        batch = [
            NewEvent(
                message_id=uuid.uuid4().hex,
                kind="track",
                name=f"event_{chance.randrange(NAMES)}",
                occurred_at=at,
                customer_id=chance.choice(ids),
            )
            for _ in range(AT_ONCE)
        ]
        before = spent()
        record_events(source=source, events=batch, now=at)
        between, began = spent(), time.perf_counter()
        follow(now=clock_now())
        passes.append((time.perf_counter() - began) * 1_000)
        recording, following = recording + between - before, following + spent() - between
    return recording / events * 1_000, following / events * 1_000, passes


if __name__ == "__main__":
    main()
