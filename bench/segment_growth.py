"""How a segment's storage and the time of its rebuild grow with the customers.

    PYTHONPATH=. python bench/segment_growth.py [--small N] [--large N] [--each N] [--rounds N]

Two worlds, one after the other in one database of their own, with ``--each`` events a customer. In
each, segments from a handful of members to everybody are saved, rebuilt for the first time (all
members come) and again (nobody moves). One JSON line: {"bench", "value" (the most that anything
grew by), "unit", "small", "large" (per customer: bytes of customers, events and memberships with
their indexes; microseconds of the processor, the database's included, of the first rebuilds and of
the later ones), "growth" (what a customer costs in the large world, over what one costs in the
small), "seconds" (of each world's rebuilds, by the clock), "required"}.

What grows linearly has a growth of 1; a cost that an index's depth adds to grows by its logarithm.
The processor is counted for the whole database server: nothing else should ask it meanwhile.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

os.environ["TOUCHSTONE_SPACE"] = "bench_growth"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from bench.world.build import stand  # noqa: E402
from bench.world.campaign import RULES  # noqa: E402
from bench.world.telling import database_cpu, tell  # noqa: E402
from compliance.queries import clock_now  # noqa: E402
from compliance.roles import Role  # noqa: E402
from config.replay.staff import hire, person  # noqa: E402
from customers.queries.database import execute, rows  # noqa: E402
from segments.actions.refresh import refresh  # noqa: E402
from segments.actions.save import save_segment  # noqa: E402
from segments.models import Segment  # noqa: E402

REQUIRED = 1.3
ASKED = ("everybody", "browsing", "two-levels", "viewers")

# A partitioned table's own size is nothing: its parts count.
SIZES = """
    SELECT split_part(parent, '_', 2), sum(pg_total_relation_size(part))::bigint
    FROM unnest(ARRAY['customers_customer', 'customers_event', 'segments_membership']) AS parent
    CROSS JOIN LATERAL (
        SELECT parent::regclass AS part
        UNION SELECT relid::regclass FROM pg_partition_tree(parent::regclass)) parts
    GROUP BY parent
"""


def main() -> None:
    """Measure both worlds, print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    told = parser.parse_args()
    small, small_seconds = measured(told.small, told.each, told.rounds)
    large, large_seconds = measured(told.large, told.each, told.rounds)
    growth = {name: round(large[name] / small[name], 2) for name in small}
    line = {
        "bench": "segment_growth",
        "value": max(growth.values()),
        "unit": "times per customer",
        "small": small,
        "large": large,
        "growth": growth,
        "seconds": {told.small: small_seconds, told.large: large_seconds},
        "required": REQUIRED,
    }
    sys.stdout.write(json.dumps(line) + "\n")


def measured(customers: int, each: int, rounds: int) -> tuple[dict[str, float], float]:
    """What one customer costs in a world of this size, by name; the seconds of a later rebuild."""
    sizes = argparse.Namespace(customers=customers, events=customers * each, keep=False)
    stand(sizes, is_whole=False)
    hire()
    segments = [saved(key, RULES[key]) for key in ASKED]
    came = spent(lambda: all_rebuilt(segments))
    execute("VACUUM ANALYZE segments_membership", {})
    stayed, seconds = [], []
    for turn in range(rounds):
        began = time.perf_counter()
        stayed.append(spent(lambda: all_rebuilt(segments)))
        seconds.append(time.perf_counter() - began)
        tell(f"{customers:,} customers, round {turn}: {seconds[-1]:.2f} s")
    per_customer: dict[str, float] = {
        f"{table}_bytes": round(size / customers, 1) for table, size in rows(SIZES, {})
    }
    per_customer["first_us"] = round(came / customers * 1e6, 3)
    per_customer["again_us"] = round(statistics.median(stayed) / customers * 1e6, 3)
    return per_customer, round(statistics.median(seconds), 2)


def saved(key: str, rule: Mapping[str, Any]) -> Segment:
    """A segment without members yet."""
    return save_segment(
        key=key,
        name=key,
        rule=rule,
        description="",
        author=person(Role.MARKETER),
        now=clock_now(),
    )


def all_rebuilt(segments: list[Segment]) -> None:
    """Each of them once."""
    for segment in segments:
        segment.refresh_from_db()
        done = refresh(segment=segment, now=clock_now())
        assert done.size, segment.key
        assert not done.is_held, segment.key


def spent(work: Callable[[], None]) -> float:
    """Seconds of the processor of this process and of the database server."""
    before = time.process_time() + database_cpu()
    work()
    return time.process_time() + database_cpu() - before


if __name__ == "__main__":
    main()
