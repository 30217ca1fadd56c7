"""The replay from first to last: what happens when, and what to wait for."""

import asyncio
import errno
import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import redis
from django.conf import settings
from django.db import connection, connections

from attribution.tasks import collect_tick
from campaigns.tasks import advance_tick, enrol_tick
from compliance.actions import set_replay_clock
from compliance.bells import ring
from compliance.queries import clock_now
from config.replay import agent, build, data, space
from config.replay.agent import Doors, ReplayError
from config.replay.campaigns import MOST_CONTACTS, NO_EMAIL
from config.replay.progress import Reporter, Stage
from config.replay.staff import Login, hire
from config.supervisor import Supervisor
from customers.actions.sources import create_api_key
from customers.vocabulary import KeyScope

DAY: Final = timedelta(days=1)
# The bank's touches are a day apart; the replay starts in the past and ends at the present.
LEAD: Final = MOST_CONTACTS * DAY
NO_PROGRESS_SECONDS: Final = 120.0
LEAST_ROOM: Final = 16 * 2**20  # bytes; PostgreSQL takes this much at once for its log
# Each look counts all touches: more often would cost more than it tells.
LOOK_EVERY: Final = 0.75

# One row for each journey: what is open, what has been accepted, what is over.
_TOUCHES: Final = """
SELECT count(*),
       count(accepted_at),
       count(*) FILTER (WHERE state IN ('queued', 'deferred', 'handing_over', 'ambiguous')),
       count(*) FILTER (WHERE channel <> 'task' AND accepted_at IS NOT NULL
                        AND delivered_at IS NULL AND state <> 'bounced')
FROM campaigns_touch
"""
_DUE: Final = """
SELECT count(*) FROM campaigns_enrolment
WHERE state IN ('active', 'waiting') AND due_at <= %s
"""
_ENROLLED: Final = "SELECT count(*) FROM campaigns_enrolment"
_COLLECTED: Final = """
SELECT count(*) FROM attribution_conversion c
JOIN attribution_goal g ON g.id = c.goal_id AND g.kind = 'conversion'
"""
_READ_UNTIL: Final = "SELECT max(read_until) FROM attribution_collectcursor"
_TASKS: Final = "SELECT count(*), count(DISTINCT key) FROM campaigns_advisortask"


def require_room(folder: Path, least: int = LEAST_ROOM) -> None:
    """Whether the disk has room for what comes next; a full one only looks like no progress.

    Raises
    ------
    OSError : (ENOSPC) fewer than ``least`` bytes are left.
    """
    if shutil.disk_usage(folder).free < least:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to run the replay. ``customers`` limits each data set to its first rows."""

    customers: int | None
    faults: str
    seed: int
    workers: int
    port: int
    folder: Path = data.FOLDER
    verbose: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What the replay leaves for the report: the ledgers' counts and the times."""

    logins: list[Login]
    queued: int
    accepted: int
    dispatch_seconds: float
    ledger: dict[str, Any]
    tasks: int
    distinct_tasks: int


class Replay:
    """One run, inside a supervisor that keeps web, workers, beat and sandbox alive."""

    def __init__(self, plan: Plan, reporter: Reporter, work: Path) -> None:
        self._plan, self._reporter, self._work = plan, reporter, work
        self._ports = work / "sandbox-ports.json"
        self._receipt_secret = secrets.token_hex(32)
        self._api_secret = secrets.token_hex(32)
        self._dispatch_seconds = 0.0
        self.supervisor = Supervisor(
            port=plan.port,
            workers=plan.workers,
            log_dir=settings.STATE_DIR / "log" / settings.SPACE,
            extra=[("sandbox", self._sandbox_argv())],
            echo=plan.verbose,
        )

    def prepare(self) -> tuple[data.DataSet, data.DataSet]:
        """Check all that is needed, then make the demo's own database; before, nothing changes."""
        build.require_demo_space()
        self.supervisor.require_port()
        with redis.from_url(settings.REDIS_URL, socket_connect_timeout=5) as broker:
            broker.ping()
        folder, limit = self._plan.folder, self._plan.customers
        sets = data.hillstrom(folder, self._work, limit), data.bank(folder, self._work, limit)
        self._claim = space.claim()
        with self._reporter.stage("Prepare the demo's database"):
            space.renew()
            space.keep_small()
            self._shift(-LEAD)
            self._logins = hire()
            key = create_api_key(name="Replay agent", scope=KeyScope.INGEST, now=clock_now())
            self._write_key = key.secret
        connections.close_all()
        return sets

    def play(self, hillstrom: data.DataSet, bank: data.DataSet) -> Played:
        """Everything between the start of the processes and the reports.

        1. Import the customers; define, review and publish the campaigns.
        2. Day one: workers enrol, advance and dispatch both campaigns.
        3. The e-mail's readers act, and those who got none.
        4. Two more days for the bank; then its clients act.
        5. Back to the present; wait until everything is collected.
        """
        sandbox = self._sandbox()
        doors = Doors(
            product=self.supervisor.url, sandbox=sandbox["http_url"], write_key=self._write_key
        )
        self._set_up(sandbox, hillstrom, bank)
        self._dispatch("Enrol and dispatch, day 1")
        self._read_emails(doors, hillstrom)
        for day in range(2, MOST_CONTACTS + 1):
            self._shift((day - 1) * DAY - LEAD)
            ring(advance_tick)
            self._dispatch(f"Dispatch, day {day}")
        with self._reporter.stage("Clients open deposits") as stage:
            asyncio.run(agent.open_deposits(doors, bank.people, clock_now(), stage.at))
        self._shift(timedelta())
        self._collect(hillstrom, bank)
        return self._played(doors)

    def _sandbox_argv(self) -> list[str]:
        ledger = self._work / "ledger.jsonl"
        argv = [sys.executable, "-m", "campaigns.sandbox", "--ledger", str(ledger)]
        argv += ["--json-ports", str(self._ports), "--faults", self._plan.faults]
        argv += ["--seed", str(self._plan.seed), "--receipts-secret", self._receipt_secret]
        return [*argv, "--api-secret", self._api_secret]

    def _sandbox(self) -> dict[str, Any]:
        self._wait(self._ports.exists, "the sandbox starts")
        ports: dict[str, Any] = json.loads(self._ports.read_text())
        return ports

    def _set_up(self, sandbox: dict[str, Any], hillstrom: data.DataSet, bank: data.DataSet) -> None:
        push_account = asyncio.run(build.service_account(sandbox))
        asyncio.run(agent.send_receipts_to(sandbox["http_url"], f"{self.supervisor.url}/hooks"))
        build.open_accounts(sandbox, push_account, self._receipt_secret, self._api_secret)
        with self._reporter.stage("Import customers") as stage:
            build.bring_customers(hillstrom, bank, stage.at)
        # A session keeps the memory that its largest statement took.
        connection.close()
        with self._reporter.stage("Segments, templates, journeys: made, reviewed, published"):
            build.define_segments()
            build.approve_templates()
            build.loosen_rules()
            build.launch_journeys()
        ring(enrol_tick)

    def _dispatch(self, name: str) -> None:
        """Wait until nobody is due and no touch is open; keep the time from first to last."""
        began = time.monotonic()
        with self._reporter.stage(name) as stage:
            self._wait(lambda: self._is_quiet(stage), "touches are dispatched", self._position)
        self._dispatch_seconds += time.monotonic() - began
        with self._reporter.stage("Receipts") as stage:
            self._wait(lambda: self._is_receipted(stage), "receipts arrive", self._position)

    def _is_quiet(self, stage: Stage) -> bool:
        enrolled = self._row(_ENROLLED)[0]
        queued, accepted, open_touches, _ = self._row(_TOUCHES)
        stage.at(accepted, queued)
        due = self._row(_DUE, [clock_now()])[0]
        return bool(enrolled and self._all_entered() and not due and not open_touches)

    def _all_entered(self) -> bool:
        rows = "SELECT bool_and(enrolled_at IS NOT NULL) FROM campaigns_journey"
        return bool(self._row(rows)[0])

    def _is_receipted(self, stage: Stage) -> bool:
        _, accepted, _, missing = self._row(_TOUCHES)
        stage.at(accepted - missing, accepted)
        return not missing

    def _read_emails(self, doors: Doors, hillstrom: data.DataSet) -> None:
        addresses = {person.email: person for person in hillstrom.people}
        now = clock_now()
        visits = sum(1 for p in hillstrom.people if p.visited and p.arm != NO_EMAIL)
        with self._reporter.stage("Readers follow links and order", visits) as stage:
            followed = asyncio.run(agent.act_on_emails(doors, addresses, now, stage.at))
        if followed != visits:
            raise ReplayError(f"{followed} links were followed, the data say {visits}.")
        with self._reporter.stage("Customers without e-mail visit and order") as stage:
            asyncio.run(agent.act_unprompted(doors, hillstrom.people, now, stage.at))

    def _collect(self, hillstrom: data.DataSet, bank: data.DataSet) -> None:
        """Wait for the collector to have read everything that was posted before now."""
        posted = clock_now()
        ring(collect_tick)
        total = sum(1 for p in (*hillstrom.people, *bank.people) if p.converted)

        def is_collected() -> bool:
            stage.at(self._row(_COLLECTED)[0], total)
            read_until = self._row(_READ_UNTIL)[0]
            if read_until is None or read_until < posted:
                ring(collect_tick)
                return False
            return True

        with self._reporter.stage("Collect conversions") as stage:
            self._wait(is_collected, "conversions are collected", self._position)

    def _played(self, doors: Doors) -> Played:
        queued, accepted, *_rest = self._row(_TOUCHES)
        tasks, distinct = self._row(_TASKS)
        return Played(
            logins=self._logins,
            queued=queued,
            accepted=accepted,
            dispatch_seconds=self._dispatch_seconds,
            ledger=asyncio.run(agent.sandbox_ledger(doors)),
            tasks=tasks,
            distinct_tasks=distinct,
        )

    def _position(self) -> object:
        """What moves while work goes on; standing still for long is an error, not patience."""
        return (self._row(_TOUCHES), self._row(_ENROLLED), self._row(_COLLECTED))

    def _wait(
        self,
        is_done: Callable[[], bool],
        what: str,
        position: Callable[[], object] | None = None,
    ) -> None:
        last, moved = None, time.monotonic()
        while not is_done():
            require_room(settings.STATE_DIR)
            now = position() if position else None
            if now != last:
                last, moved = now, time.monotonic()
            if time.monotonic() - moved > NO_PROGRESS_SECONDS:
                raise ReplayError(
                    f"No progress for {NO_PROGRESS_SECONDS:.0f} s while {what}: see the logs in"
                    f" {settings.STATE_DIR / 'log' / settings.SPACE}."
                )
            time.sleep(LOOK_EVERY)

    @staticmethod
    def _row(sql: str, params: list[datetime] | None = None) -> tuple[Any, ...]:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            row: tuple[Any, ...] = cursor.fetchone() or ()
            return row

    @staticmethod
    def _shift(shift: timedelta) -> None:
        set_replay_clock(shift=shift, allowed=settings.REPLAY_CLOCK)
