"""`manage.py demo`: replay two real campaigns and show what came of them."""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from attribution.actions.reports import run_report
from attribution.reports.campaign import CampaignReport
from compliance.queries import clock_now
from config.replay import outcome
from config.replay.agent import ReplayError
from config.replay.arguments import faults
from config.replay.build import BuildError
from config.replay.campaigns import JOURNEYS
from config.replay.data import FOLDER, DataError
from config.replay.progress import Reporter
from config.replay.space import SpaceError
from config.replay.stage import Plan, Played, Replay
from config.supervisor import SupervisorError, free_or


class Command(BaseCommand):
    """Runs in a database of its own beside the installation's, made anew each time."""

    help = "Replay two published campaigns end to end and print channel ROI and A/B results."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """What to replay, against which provider, and where to serve."""
        parser.add_argument("--headless", action="store_true", help="end after the last report")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
        parser.add_argument(
            "--customers", type=_positive, help="only the first N customers of each data set"
        )
        parser.add_argument(
            "--faults", default="none", type=faults, help="the sandbox's faults: none, default, …"
        )
        parser.add_argument("--seed", type=int, default=1, help="of the faults")
        parser.add_argument("--workers", type=_positive, default=2, help="processes that work")
        parser.add_argument(
            "--port", type=int, default=None, help="8000 or, if that is taken, any free one"
        )
        parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the data files")
        parser.add_argument("--verbose", action="store_true", help="show what the processes say")

    def handle(self, *args: Any, **options: Any) -> None:
        """Play, report; then serve until told to stop, unless headless."""
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _interrupt)
        settings.STATE_DIR.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix="replay-", dir=settings.STATE_DIR))
        try:
            self._run(_plan(options), work, ended, options)
        except (BuildError, DataError, ReplayError, SpaceError, SupervisorError) as error:
            raise CommandError(str(error)) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _run(self, plan: Plan, work: Path, ended: threading.Event, options: dict[str, Any]) -> None:
        reporter = Reporter()
        began = time.monotonic()
        with reporter.live():
            replay = Replay(plan, reporter, work)
            sets = replay.prepare()
            with reporter.stage("Start web, workers, beat and the provider sandbox"):
                replay.supervisor.__enter__()
        try:
            with reporter.live():
                reporter.say(f"Processes: {json.dumps(replay.supervisor.pids())}")
                played = replay.play(*sets)
                with reporter.stage("Reports"):
                    reports = [
                        run_report(journey_key=journey.key, now=clock_now())[0]
                        for journey in JOURNEYS
                    ]
            self._show(played, reports, time.monotonic() - began, options)
            if not options["headless"]:
                self._serve(replay, played, ended, options)
        finally:
            replay.supervisor.stop()

    def _show(
        self,
        played: Played,
        reports: list[CampaignReport],
        seconds: float,
        options: dict[str, Any],
    ) -> None:
        result = outcome.document(played, reports, seconds)
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
            self.stdout.flush()
            return
        console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
        outcome.print_tables(console, played, reports)
        touches, ledger = result["touches"], result["ledger"]
        console.print(
            f"{touches['accepted']:,} of {touches['queued']:,} touches accepted"
            f" ({touches['per_second']:,}/s); the providers' ledgers hold {ledger['accepted']:,}"
            f" accepts of {ledger['distinct_keys']:,} different keys. {seconds:.0f} s in all."
        )

    def _serve(
        self, replay: Replay, played: Played, ended: threading.Event, options: dict[str, Any]
    ) -> None:
        write = self.stderr.write if options["json"] else self.stdout.write
        write(f"\nThe console: {replay.supervisor.url}/admin/   (Ctrl-C stops it)")
        for login in played.logins:
            write(f"  {login.username:<12} {login.password}")
        try:
            ended.wait()
        except KeyboardInterrupt:
            write("Stopping …")


def _plan(options: dict[str, Any]) -> Plan:
    port = options["port"]
    if port is None:
        port = 0 if options["headless"] else free_or(8000)
    if not 0 <= port <= 65535:
        raise CommandError("--port must be between 0 and 65535.")
    return Plan(
        customers=options["customers"],
        faults=options["faults"],
        seed=options["seed"],
        workers=options["workers"],
        port=port,
        folder=options["data"],
        verbose=options["verbose"],
    )


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
