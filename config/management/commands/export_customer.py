"""`manage.py export_customer`: everything kept of one person, as JSON."""

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.queries import clock_now
from config.personal import CHAPTERS
from customers.actions.rights import export_customer
from customers.errors import RightRefused
from customers.reports.copies import written


class Command(BaseCommand):
    """The document goes to stdout; who asked and why go into the audit trail."""

    help = "Export everything that is kept of one customer."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whom, and why."""
        parser.add_argument("customer", help="customer number")
        parser.add_argument("--why", required=True, help="kept in the audit trail")
        parser.add_argument("--json", action="store_true", help="the only form there is")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the document."""
        try:
            document = export_customer(
                customer_no=options["customer"],
                actor=f"command:{getpass.getuser()}",
                why=options["why"],
                now=clock_now(),
                chapters=CHAPTERS,
            )
        except RightRefused as error:
            raise CommandError(error.message) from error
        for piece in written(document):
            self.stdout.write(piece.decode(), ending="")
        self.stdout.write("")
