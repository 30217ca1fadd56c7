"""`manage.py up`: web, workers and beat in the foreground."""

import json
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from config import tables
from config.supervisor import Supervisor, SupervisorError


class Command(BaseCommand):
    """Runs until Ctrl-C or SIGTERM; a child that dies is started again."""

    help = "Run web, workers and beat in the foreground."
    # The children check for themselves.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Port, numbers of processes, and what to show."""
        parser.add_argument("--port", type=int, default=8000, help="0 picks a free port")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--workers", type=int, default=2, help="processes that do the work")
        parser.add_argument("--web", type=int, default=2, help="processes that answer requests")
        parser.add_argument("--no-migrate", action="store_true", help="leave the tables alone")
        parser.add_argument("--verbose", action="store_true", help="show what the children say")
        parser.add_argument("--json", action="store_true", help="print the URL as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, say where, wait for the signal, stop."""
        if not 0 <= options["port"] <= 65535:
            raise CommandError("--port must be between 0 and 65535.")
        if not 1 <= options["workers"] <= 64:
            raise CommandError("--workers must be between 1 and 64.")
        if not 1 <= options["web"] <= 64:
            raise CommandError("--web must be between 1 and 64.")
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: ended.set())
        try:
            supervisor = Supervisor(
                port=options["port"],
                workers=options["workers"],
                web=options["web"],
                host=options["host"],
                log_dir=settings.STATE_DIR / "log",
                echo=options["verbose"],
            )
            if not options["no_migrate"]:
                tables.make()
            connections.close_all()
            with supervisor:
                self._announce(supervisor, as_json=options["json"])
                ended.wait()
        except SupervisorError as error:
            raise CommandError(str(error)) from error

    def _announce(self, supervisor: Supervisor, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"url": supervisor.url, "pids": supervisor.pids()}))
        else:
            self.stdout.write(f"Touchstone is ready at {supervisor.url}/admin/ (Ctrl-C stops it).")
        self.stdout.flush()
