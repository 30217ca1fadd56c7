"""What a live segment costs, and how soon an event has moved its customer, with 200 of them.

    PYTHONPATH=. python bench/live_segments.py [--customers N] [--segments N] [--events N]
        [--seconds N] [--pace N]

The segments are of ten forms over four windows. Two JSON lines:

- `live_segments`: milliseconds of processor an event. Events come in a hundred at a time, as at 200
  a second every half second: they are recorded, then one pass follows them, both in this process.
  Counted are this process and its database session. `value` is both, `following` the pass alone,
  `raw` recording alone, `pass_ms` the median of a pass by the clock.
- `live_delay`: milliseconds from before an event is posted until its customer is seen in a segment,
  for `--seconds` of `--pace` events a second over HTTP with web, two workers and beat running.
  `value` is the 99th percentile, `raw` the median.
"""

import argparse
import base64
import json
import os
import random
import statistics
import sys
import threading
import time
import urllib.request
import uuid

os.environ["TOUCHSTONE_SPACE"] = "bench_live"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402

from bench.world.settled import settle  # noqa: E402
from bench.world.telling import spent  # noqa: E402
from compliance.queries import clock_now  # noqa: E402
from compliance.roles import Role  # noqa: E402
from config.replay import space  # noqa: E402
from config.replay.staff import hire, person  # noqa: E402
from config.supervisor import Supervisor  # noqa: E402
from customers.actions.partitions import keep_partitions  # noqa: E402
from customers.actions.record_events import record_events  # noqa: E402
from customers.actions.sources import create_api_key, internal_source  # noqa: E402
from customers.queries.database import execute, rows  # noqa: E402
from customers.tracking.event import NewEvent  # noqa: E402
from customers.vocabulary import KeyScope  # noqa: E402
from segments.actions.follow import follow  # noqa: E402
from segments.actions.refresh import refresh  # noqa: E402
from segments.actions.save import save_segment  # noqa: E402

REQUIRED = 5.0
REQUIRED_MS = 1_000.0
AT_ONCE = 100
NAMES = 20
WINDOWS = (7, 14, 30, 90)
PER_REQUEST = 10
LOOK_EVERY = 0.02
SOON = 30.0

CROWD = """
    INSERT INTO customers_customer (
        customer_no, is_numbered, status, risk_level, personalise_off, aml_hold, internal_hold,
        attributes, created_at, updated_at)
    SELECT 'B' || lpad(n::text, 9, '0'), true, 'active', 'C3', false, false, false, '{}', now(),
           now()
    FROM generate_series(1, %(customers)s::int) AS n
"""


IDLE = """
    SELECT c.customer_no, c.id FROM customers_customer c
    WHERE NOT EXISTS (SELECT FROM customers_event e WHERE e.customer_id = c.id)
    ORDER BY c.id LIMIT %(most)s
"""
# As if saved long ago.
AGE = "UPDATE segments_segment SET updated_at = updated_at - interval '1 hour'"
NEWEST = "SELECT coalesce(max(id), 0) FROM segments_membership"
# Not of the segments of shipped tags, which a start brings.
SEEN = """
    SELECT m.id, m.customer_id FROM segments_membership m JOIN segments_segment s
        ON s.id = m.segment_id AND s.tag_id IS NULL
    WHERE m.id > %(after)s
"""


def main() -> None:
    """Fill a space of its own, then let events come."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--segments", type=int, default=200)
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--pace", type=int, default=200)
    told = parser.parse_args()
    space.renew()
    hire()
    keep_partitions(now=clock_now())
    execute(CROWD, {"customers": told.customers})
    make_segments(told.segments)
    recording, following, passes = run(told.events)
    say(
        "live_segments",
        unit="ms CPU/event",
        value=round(recording + following, 2),
        following=round(following, 2),
        raw=round(recording, 2),
        ratio=round(recording / (recording + following), 3),
        segments=told.segments,
        pass_ms=round(statistics.median(passes), 1),
        required=REQUIRED,
    )
    delays = run_paced(told.seconds, told.pace)
    p50, p95, p99 = (statistics.quantiles(delays, n=100)[share - 1] for share in (50, 95, 99))
    say(
        "live_delay",
        unit="ms",
        value=round(p99),
        raw=round(p50),
        ratio=round(p50 / p99, 3),
        p95_ms=round(p95),
        worst_ms=round(max(delays)),
        moved=len(delays),
        events_per_second=told.pace,
        segments=told.segments,
        required=REQUIRED_MS,
    )


def say(bench: str, **figures: float | str) -> None:
    """One JSON line."""
    sys.stdout.write(json.dumps({"bench": bench, **figures}) + "\n")


def make_segments(count: int) -> None:
    """Each event's name is asked about by a share of the segments: once in every form."""
    author, now = person(Role.MARKETER), clock_now()
    for number in range(count):
        segment = save_segment(
            key=f"s{number}",
            name=f"s{number}",
            rule=rule_of(number),
            description="",
            author=author,
            now=now,
        )
        refresh(segment=segment, now=now)
    follow(now=clock_now())


def rule_of(number: int) -> dict[str, object]:
    """The segment's rule: its name, form and window go by its number."""
    form, days = number // NAMES, WINDOWS[(number + number // NAMES) % len(WINDOWS)]
    event = {"event": f"event_{number % NAMES}"}
    viewed = {**event, "within_days": days}
    large = [{"property": "amount", "op": "gte", "value": 500}]
    idle = {"not": {"event": "order_filled", "within_days": days}}
    forms: tuple[dict[str, object], ...] = (
        viewed,
        {"all": [{**viewed, "count": {"op": "gte", "value": 1 + number % 4}}, idle]},
        {"all": [viewed, {"field": "risk_level", "op": "in", "value": ["C3", "C4"]}, idle]},
        {**viewed, "where": large},
        {**viewed, "aggregate": {"of": "amount", "fn": "sum", "op": "gt", "value": 900}},
        {"sequence": [event, {**event, "within_days": 2}], "within_days": days},
        {"months_in_a_row": {**event, "months": 2}},
        {"any": [{**viewed, "where": large}, {"lifecycle": ["成熟"]}, {"event": "order_filled"}]},
        {"all": [viewed, {"sample": 50}, {"field": "city", "op": "not_exists"}]},
        {"all": [{"not": viewed}, {"field": "risk_level", "op": "eq", "value": "C3"}]},
    )
    return forms[form % len(forms)]


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
                properties={"amount": chance.randrange(1_000)},
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


def run_paced(seconds: int, pace: int) -> list[float]:
    """Milliseconds from the post to the move, of customers who had done nothing so far."""
    settle()
    execute(AGE, {})
    people: dict[str, int] = dict(rows(IDLE, {"most": seconds * pace}))
    secret = create_api_key(name="pace", scope=KeyScope.INGEST, now=clock_now()).secret
    logs = settings.STATE_DIR / "log" / settings.SPACE
    posted: dict[int, float] = {}
    with Supervisor(port=0, workers=2, log_dir=logs) as running:
        sender = threading.Thread(
            target=post_paced, args=(running.url, secret, people, pace, posted)
        )
        sender.start()
        seen = watch(len(people), until=time.perf_counter() + seconds + SOON)
        sender.join()
    if len(seen) < len(people):
        raise SystemExit(f"{len(people) - len(seen)} of {len(people)} customers were not moved.")
    return [(seen[customer] - posted[customer]) * 1_000 for customer in people.values()]


def post_paced(
    url: str, secret: str, people: dict[str, int], pace: int, posted: dict[int, float]
) -> None:
    """Post an event of each, so many a second; when, in ``posted``, is told before."""
    token = base64.b64encode(f"{secret}:".encode()).decode()
    head = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    began, numbers = time.perf_counter(), list(people)
    for start in range(0, len(numbers), PER_REQUEST):
        time.sleep(max(0.0, began + start / pace - time.perf_counter()))
        some = numbers[start : start + PER_REQUEST]
        body = json.dumps({"batch": [call(number, of) for number, of in enumerate(some, start)]})
        at = time.perf_counter()
        posted |= {people[number]: at for number in some}
        request = urllib.request.Request(f"{url}/v1/batch", body.encode(), head)
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()


def call(number: int, customer_no: str) -> dict[str, object]:
    """A first event that lets its customer into the segments of three forms at least."""
    return {
        "type": "track",
        "userId": customer_no,
        "event": f"event_{number % NAMES}",
        "messageId": str(uuid.uuid4()),
        "properties": {"amount": 999},
    }


def watch(expected: int, *, until: float) -> dict[int, float]:
    """When each customer was first seen in a segment."""
    (newest,), seen = rows(NEWEST, {})[0], dict[int, float]()
    while len(seen) < expected and time.perf_counter() < until:
        found = rows(SEEN, {"after": newest})
        at = time.perf_counter()
        for number, customer in found:
            newest = max(newest, number)
            seen.setdefault(customer, at)
        time.sleep(LOOK_EVERY)
    return seen


if __name__ == "__main__":
    main()
