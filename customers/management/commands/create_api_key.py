"""`manage.py create_api_key`: make a key for a client."""

import getpass
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from compliance.queries import clock_now
from customers.actions.sources import create_api_key
from customers.errors import KeyRefused
from customers.vocabulary import KeyScope


class Command(BaseCommand):
    """The key is shown once; only its hash is kept."""

    help = "Create an API key."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose key, and what it may do."""
        parser.add_argument("--name", required=True)
        parser.add_argument("--scope", required=True, choices=["ingest", "read", "manage"])
        parser.add_argument("--per-minute", type=int, help="events it may send in a minute")
        parser.add_argument("--field", action="append", help="what it may see of a customer")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it and show it."""
        try:
            made = create_api_key(
                name=options["name"],
                scope=KeyScope(options["scope"]),
                per_minute=options["per_minute"],
                fields=options["field"],
                actor=f"command:{getpass.getuser()}",
                now=clock_now(),
            )
        except KeyRefused as error:
            raise CommandError(error.message) from error
        if options["json"]:
            document = {
                "key": made.secret,
                "name": made.source.name,
                "scope": made.source.scope,
                "source": made.source.key,
            }
            self.stdout.write(json.dumps(document, ensure_ascii=False))
            return
        self.stdout.write(made.secret)
        self.stderr.write(_("Keep it now: it is not shown again."))
