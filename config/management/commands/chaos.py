"""`manage.py chaos`: dispatch while everything breaks, then compare the provider's ledger."""

import json
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.command_input import whole
from config.chaos.plan import Knowledge, Plan
from config.chaos.run import Result, Run
from config.replay.agent import ReplayError
from config.replay.arguments import faults
from config.replay.build import BuildError
from config.replay.progress import Reporter
from config.replay.space import SpaceError
from config.supervisor import SupervisorError

MOST_TOLD = 50


class Command(BaseCommand):
    """Runs in a database of its own, made anew each time; exit 1 on any violation."""

    help = "Kill workers while campaigns are dispatched; then prove each touch sent exactly once."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """How much, and what goes wrong."""
        parser.add_argument(
            "--touches", type=whole(1, 1_000_000), default=3000, help="due and allowed"
        )
        parser.add_argument(
            "--kills", type=whole(0, 100_000), default=400, help="processes to kill -9"
        )
        parser.add_argument(
            "--seed", type=whole(0, 2**31 - 1), help="of kills and faults; else any"
        )
        parser.add_argument(
            "--faults", default="default", type=faults, help="the sandbox's: none, default, …"
        )
        parser.add_argument(
            "--provider",
            choices=list(Knowledge),
            type=Knowledge,
            default=Knowledge.ASKED,
            help="what it can tell of a message whose answer was lost",
        )
        parser.add_argument(
            "--storms",
            type=whole(0, 10_000),
            default=0,
            help="faults of this checkout's servers, too: PostgreSQL, Valkey, a sleeping worker …",
        )
        parser.add_argument("--workers", type=whole(1, 64), default=4, help="processes that work")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
        parser.add_argument("--verbose", action="store_true", help="show what the processes say")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, tell, and fail if anything was doubled, lost, changed or late."""
        plan = _plan(options)
        reporter = Reporter()
        reporter.say(f"Seed {plan.seed}")
        settings.STATE_DIR.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix="chaos-", dir=settings.STATE_DIR))
        try:
            with reporter.live():
                result = Run(plan, reporter, work).carry_out()
        except (BuildError, ReplayError, SpaceError, SupervisorError) as error:
            raise CommandError(str(error)) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
        self._tell(plan, result, as_json=options["json"])
        if result.violations:
            raise SystemExit(1)

    def _tell(self, plan: Plan, result: Result, *, as_json: bool) -> None:
        document = _document(plan, result)
        if as_json:
            self.stdout.write(json.dumps(document))
        else:
            for name, value in document.items():
                self.stdout.write(f"{name:<14} {value}")
        self.stdout.flush()
        if result.violations:
            self.stderr.write(f"{len(result.violations)} violations with seed {plan.seed}:")
        for line in result.violations[:MOST_TOLD]:
            self.stderr.write(f"  {line}")


def _document(plan: Plan, result: Result) -> dict[str, object]:
    found = result.findings
    return {
        "touches": found.touches,
        "accepted": found.accepted,
        "distinct_keys": found.distinct_keys,
        "doubles": len(found.doubles),
        "lost": len(found.lost),
        "ambiguous": found.ambiguous,
        "kills": result.kills,
        "seconds": round(result.seconds, 1),
        "seed": plan.seed,
        "changed": len(found.changed),
        "unallowed": len(found.unallowed),
        "unexplained": len(found.unexplained),
        "withheld": found.withheld,
        "attempts": result.attempts,
        "faults": result.faults,
        "recovery_seconds": round(result.recovery, 1),
        "open": result.open_touches,
        "storms": dict(result.storms),
    }


def _plan(options: dict[str, Any]) -> Plan:
    seed = options["seed"]
    return Plan(
        touches=options["touches"],
        kills=options["kills"],
        seed=random.randrange(2**31) if seed is None else seed,  # noqa: S311 - chance, not secrecy
        faults=options["faults"],
        workers=options["workers"],
        knowledge=options["provider"],
        storms=options["storms"],
        verbose=options["verbose"],
    )
