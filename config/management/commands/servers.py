"""`manage.py servers`: look at the embedded PostgreSQL and Valkey, or stop them."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config import embedded


class Command(BaseCommand):
    """Never starts a server."""

    help = "Show or stop this checkout's embedded PostgreSQL and Valkey."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do."""
        parser.add_argument("act", nargs="?", choices=["status", "stop"], default="status")
        parser.add_argument("--force", action="store_true", help="stop even while in use")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Act, then tell what runs."""
        if options["act"] == "stop":
            embedded.stop(force=options["force"])
        now = embedded.status()
        if options["json"]:
            self.stdout.write(json.dumps(asdict(now)))
            return
        for name, pid in (("PostgreSQL", now.postgres_pid), ("Valkey", now.valkey_pid)):
            self.stdout.write(f"{name}: {f'running, process {pid}' if pid else 'not running'}")
        users = ", ".join(str(pid) for pid in now.users)
        self.stdout.write(f"Used by: {users or 'nobody'}")
        self.stdout.write(f"State:   {now.home}")
