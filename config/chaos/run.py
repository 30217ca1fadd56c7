"""One run from first to last: campaigns start, processes die, providers fail; then the accounts."""

import asyncio
import itertools
import json
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
from django.conf import settings
from django.db import connections

from campaigns.actions.lease import LEASE
from campaigns.tasks import enrol_tick
from compliance.bells import ring
from config.chaos import world
from config.chaos.killer import Killer
from config.chaos.plan import Member, Plan
from config.chaos.reconcile import Findings, Place, Row, read_ledger, reconcile
from config.chaos.storms import Storm, Storms
from config.replay import agent, build, space
from config.replay.agent import ReplayError
from config.replay.progress import Reporter, Stage
from config.replay.staff import hire
from config.supervisor import Supervisor, beat_argv
from customers.queries.database import rows

RECOVERY: Final = LEASE.total_seconds() + 30.0
"""Seconds after the last fault in which every touch must have come to an end."""
NO_PROGRESS_SECONDS: Final = 150.0
LOOK_EVERY: Final = 0.5
STORM_SECONDS: Final = 3.0

_TOUCHES: Final = """
SELECT replace(t.key::text, '-', ''), c.customer_no, t.node, t.state, t.reason
FROM campaigns_touch t JOIN customers_customer c ON c.id = t.customer_id
"""
_STATES: Final = """
SELECT count(*),
       count(*) FILTER (WHERE attempts = 0 AND state = 'queued'),
       count(*) FILTER (WHERE state IN ('queued', 'deferred', 'handing_over')
                        OR state = 'ambiguous' AND channel <> ALL (%(blind)s))
FROM campaigns_touch
"""
_ATTEMPTS: Final = "SELECT coalesce(sum(attempts), 0) FROM campaigns_touch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a run. ``recovery``: seconds from the last fault until nothing was open."""

    findings: Findings
    kills: int
    faults: int
    attempts: int
    seconds: float
    recovery: float
    open_touches: int
    storms: Mapping[str, int]

    @property
    def violations(self) -> list[str]:
        """What must not be, one line each."""
        late = []
        if self.open_touches:
            late = [f"{self.open_touches} touches open {self.recovery:.0f} s after the last fault"]
        return [*late, *self.findings.violations]


class Run:
    """Everything a run needs, in a space of its own; `carry_out` does it once."""

    def __init__(self, plan: Plan, reporter: Reporter, work: Path) -> None:
        self._plan, self._reporter, self._work = plan, reporter, work
        self._members = list(plan.members())
        self._ports = work / "sandbox-ports.json"
        self._secrets = (secrets.token_hex(32), secrets.token_hex(32))
        self._began = time.monotonic()
        self.supervisor = Supervisor(
            port=0,
            workers=plan.workers,
            log_dir=settings.STATE_DIR / "log" / settings.SPACE,
            # Only one of two beats may lead.
            extra=[("sandbox", self._sandbox_argv()), ("second-beat", beat_argv())],
            echo=plan.verbose,
        )

    def carry_out(self) -> Result:
        """Set up, break, wait, reconcile.

        1. A database of its own, customers, accounts, templates.
        2. Campaigns start one after another while processes are killed.
        3. When every touch has been tried and every kill made, the provider's faults end, too.
        4. Nothing may be open `RECOVERY` seconds later; then the ledger is compared.
        """
        build.require_demo_space()
        self._claim = space.claim()
        with self._reporter.stage("Prepare a database"):
            space.renew()
            hire()
        connections.close_all()
        with self.supervisor:
            sandbox = self._set_up()
            kills, storms = self._break()
            recovery, left = self._recover(sandbox)
            found, faults, attempts = self._reconcile(sandbox)
            return Result(
                findings=found,
                kills=kills,
                faults=faults,
                attempts=attempts,
                seconds=time.monotonic() - self._began,
                recovery=recovery,
                open_touches=left,
                storms=storms,
            )

    def _sandbox_argv(self) -> list[str]:
        argv = [sys.executable, "-m", "campaigns.sandbox"]
        argv += ["--ledger", str(self._work / "ledger.jsonl"), "--json-ports", str(self._ports)]
        argv += ["--faults", self._plan.faults, "--seed", str(self._plan.seed)]
        argv += ["--receipts-secret", self._secrets[0], "--api-secret", self._secrets[1]]
        return [*argv, "--dedupe"] if self._plan.dedupes else argv

    def _set_up(self) -> dict[str, Any]:
        while not self._ports.exists():
            time.sleep(0.05)
        sandbox: dict[str, Any] = json.loads(self._ports.read_text())
        hooks = f"{self.supervisor.url}/hooks"
        asyncio.run(agent.send_receipts_to(sandbox["http_url"], hooks))
        push_account = asyncio.run(build.service_account(sandbox))
        world.open_channels(sandbox, self._plan.knowledge, push_account, self._secrets)
        with self._reporter.stage("Import customers"):
            world.bring_members(self._members, self._work)
            world.approve_templates()
            build.loosen_rules()
        return sandbox

    def _break(self) -> tuple[int, Mapping[str, int]]:
        """Start the campaigns while processes die; the number killed, and the storms by kind."""
        plan = self._plan
        pause = max(plan.kills * plan.kill_every, plan.storms * STORM_SECONDS) / plan.waves
        storms = Storms(seed=plan.seed, pids=self.supervisor.pids)
        kinds = itertools.cycle(Storm)
        killer = Killer(
            kills=plan.kills,
            every=plan.kill_every,
            seed=plan.seed,
            pids=self.supervisor.pids,
        )
        with killer, self._reporter.stage("Campaigns start, processes die", plan.kills) as stage:
            for wave in range(plan.waves):
                world.launch_wave(wave)
                ring(enrol_tick)
                stage.at(killer.killed)
                time.sleep(pause)
                # As many as are due by this wave, spread evenly over all of them.
                for _ in range(_share(plan.storms, wave, plan.waves)):
                    storms.strike(next(kinds))
            self._wait_until_tried(killer, stage)
        storms.wait_for_thaw()
        return killer.killed, storms.struck

    def _wait_until_tried(self, killer: Killer, stage: Stage) -> None:
        last, moved = None, time.monotonic()
        total = sum(member.sends for member in self._members)
        while True:
            made, untried, _ = self._states()
            stage.at(killer.killed)
            if killer.is_done and made == total and not untried:
                return
            now = (made, untried, killer.killed)
            if now != last:
                last, moved = now, time.monotonic()
            if time.monotonic() - moved > NO_PROGRESS_SECONDS:
                # The accounts will name what is missing.
                return
            time.sleep(LOOK_EVERY)

    def _recover(self, sandbox: dict[str, Any]) -> tuple[float, int]:
        """End the provider's faults, too; how long until nothing was open, and what still is."""
        asyncio.run(_post(f"{sandbox['http_url']}/faults", {"faults": "none"}))
        began = time.monotonic()
        with self._reporter.stage("All touches come to an end", self._plan.touches) as stage:
            while True:
                made, _, left = self._states()
                stage.at(made - left, made)
                if not left or time.monotonic() - began > RECOVERY:
                    return time.monotonic() - began, left
                time.sleep(LOOK_EVERY)

    def _reconcile(self, sandbox: dict[str, Any]) -> tuple[Findings, int, int]:
        """What the accounts say, the provider's faults, our attempts."""
        asyncio.run(_post(f"{sandbox['http_url']}/flush", {}))
        ledger = read_ledger(Path(sandbox["ledger"]))
        found = [
            Row(key=key, place=(number, node), state=state, reason=reason)
            for key, number, node, state, reason in rows(_TOUCHES, {})
        ]
        findings = reconcile(
            expected=_places(self._members, is_allowed=True),
            forbidden=_places(self._members, is_allowed=False),
            rows=found,
            ledger=ledger,
        )
        return findings, ledger.faults, int(rows(_ATTEMPTS, {})[0][0])

    def _states(self) -> tuple[int, int, int]:
        made, untried, left = rows(_STATES, {"blind": list(self._plan.blind_channels)})[0]
        return made, untried, left


def _share(whole: int, part: int, parts: int) -> int:
    return whole * (part + 1) // parts - whole * part // parts


def _places(members: Sequence[Member], *, is_allowed: bool) -> list[Place]:
    return [
        (member.customer_no, channel)
        for member in members
        if member.is_allowed is is_allowed
        for channel in member.channels
    ]


async def _post(url: str, body: dict[str, str]) -> None:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        if answer.status != 200:
            raise ReplayError(f"{url} answered {answer.status}.")
