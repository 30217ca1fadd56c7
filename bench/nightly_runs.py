"""What the runs over everybody cost: stages, value, values of tags, look-alikes; how that grows.

    PYTHONPATH=. python bench/nightly_runs.py [--small N] [--large N] [--each N] [--keep]

Two worlds, each in a database of its own that stays for ``--keep``, with ``--each`` events a
customer. In each, every run is made twice in a process of its own: the first time everything is
new, the second is what a night costs. One JSON line: {"bench", "value" (the most that a run's
processor time a customer grew by), "unit", "worlds": {customers: {run: {"first_s", "again_s" (of
the processor, its sessions in the database included), "process_mb" (the most that the process
held), "database_mb" (the most that its busiest session held beside the shared buffers),
"spilled_mb" (written to temporary files)}}}, "growth", "required"}.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ.setdefault("TOUCHSTONE_SPACE", "bench_nightly")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

import psutil  # noqa: E402

from bench.world.build import stand  # noqa: E402
from bench.world.telling import tell  # noqa: E402
from compliance.queries import clock_now  # noqa: E402
from compliance.roles import Role  # noqa: E402
from config.replay.staff import person  # noqa: E402
from customers.queries.database import execute, rows  # noqa: E402
from segments.actions.ask_lookalike import Seed, ask_lookalike  # noqa: E402
from segments.actions.catalogue import ship_tags, walk_values  # noqa: E402
from segments.actions.judge_lifecycle import judge_lifecycle  # noqa: E402
from segments.actions.rank_lookalike import rank_lookalike  # noqa: E402
from segments.actions.score_value import score_value  # noqa: E402
from segments.likeness.seeds import Basis, Origin  # noqa: E402
from segments.models import LifecycleRun, Refresh, Segment, ValueWalk  # noqa: E402

REQUIRED = 1.3
_MB = 1024 * 1024
_SESSIONS = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type IN ('client backend', 'parallel worker')
"""


def judged() -> None:
    """Everybody's stage."""
    LifecycleRun.objects.all().delete()
    assert judge_lifecycle(now=clock_now()).judged


def scored() -> None:
    """Everybody's value and cluster."""
    assert score_value(now=clock_now())


def walked(refresh: Refresh) -> None:
    """The values of one refresh, of everybody, in ranges of a thousand."""
    ship_tags(now=clock_now())
    walk_values(now=clock_now())  # makes the walks
    ValueWalk.objects.exclude(refresh=refresh).update(after_id=0, next_at="2100-01-01T00:00Z")
    ValueWalk.objects.filter(refresh=refresh).update(after_id=0, next_at=clock_now())
    while walk_values(now=clock_now()) is not None:
        pass


def ranked() -> None:
    """Everybody's likeness to those who carry a tag."""
    seed = Seed(
        segment=Segment.objects.get(key="tagged"),
        origin=Origin.OWN,
        basis=Basis.CONSENT,
        statement="The bench's own customers.",
    )
    now = clock_now()
    run = ask_lookalike(seed=seed, size=10_000, actor=person(Role.MARKETER), now=now)
    assert rank_lookalike(run=run, now=now)


RUNS: dict[str, Callable[[], None]] = {
    "lifecycle": judged,
    "value": scored,
    "values_hourly": lambda: walked(Refresh.HOURLY),
    "values_daily": lambda: walked(Refresh.DAILY),
    "lookalike": ranked,
}


def main() -> None:
    """Measure both worlds, print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=20_000)
    parser.add_argument("--large", type=int, default=60_000)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--world", type=int, help="measure this world only")
    parser.add_argument("--run", choices=RUNS, help="make this run only, in the world there is")
    told = parser.parse_args()
    if told.run:
        RUNS[told.run]()
        # Not by getrusage: that counts what the parent held before this program began, too.
        sys.stdout.write(f"{memory('self', 'VmHWM') / _MB:.0f}")
        return
    if told.world:
        sys.stdout.write(json.dumps(measured(told.world, told.each, keep=told.keep)))
        return
    worlds = {size: world_apart(size, told) for size in (told.small, told.large)}
    small, large = worlds.values()
    growth = {
        run: round(large[run]["again_s"] / told.large * told.small / small[run]["again_s"], 2)
        for run in RUNS
    }
    line = {
        "bench": "nightly_runs",
        "value": max(growth.values()),
        "unit": "times per customer",
        "worlds": worlds,
        "growth": growth,
        "required": REQUIRED,
    }
    sys.stdout.write(json.dumps(line) + "\n")


def world_apart(size: int, told: argparse.Namespace) -> dict[str, Any]:
    """One world's figures, measured by a process whose database is that world's."""
    own = [sys.executable, __file__, "--world", str(size), "--each", str(told.each)]
    environment = {**os.environ, "TOUCHSTONE_SPACE": f"bench_nightly_{size}"}
    call = [*own, "--keep"] if told.keep else own
    done = subprocess.run(call, env=environment, check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measured(customers: int, each: int, *, keep: bool) -> dict[str, dict[str, float]]:
    """Every run's cost in a world of this size, by name."""
    sizes = argparse.Namespace(customers=customers, events=customers * each, keep=keep)
    stand(sizes, is_whole=True)
    found = {}
    for run in RUNS:
        first, again = (one_run(run) for _turn in range(2))
        found[run] = {"first_s": first["cpu_s"], "again_s": again.pop("cpu_s"), **again}
        tell(f"{customers:,} customers, {run}: {found[run]}")
        execute("VACUUM ANALYZE", {})
    return found


def one_run(run: str) -> dict[str, float]:
    """Seconds of the processor, and what was held at most."""
    spilled, held, sessions = spilled_bytes(), 0, dict[int, float]()
    child = subprocess.Popen([sys.executable, __file__, "--run", run], stdout=subprocess.PIPE)
    own = 0.0
    while child.poll() is None:
        with suppress(psutil.NoSuchProcess):
            own = _seconds(child.pid)
        for (session,) in rows(_SESSIONS, {}):
            with suppress(psutil.NoSuchProcess):
                sessions[session] = _seconds(session)
                held = max(held, memory(session, "RssAnon"))
        time.sleep(0.05)
    assert child.stdout is not None
    peak = float(child.stdout.read())
    assert child.returncode == 0, run
    return {
        "cpu_s": round(own + sum(sessions.values()), 2),
        "process_mb": peak,
        "database_mb": round(held / _MB),
        "spilled_mb": round((spilled_bytes() - spilled) / _MB),
    }


def spilled_bytes() -> int:
    """What this database wrote to temporary files since its statistics began."""
    asked = "SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()"
    return int(rows(asked, {})[0][0])


def _seconds(process: int) -> float:
    times = psutil.Process(process).cpu_times()
    return float(times.user + times.system)


def memory(process: int | str, kind: str) -> int:
    """Bytes of this kind that a process holds; 0 once it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith(kind):
                return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main()
