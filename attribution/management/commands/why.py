"""`manage.py why CUSTOMER`: every decision about a customer, with reason codes."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from attribution.errors import AttributionError
from attribution.reports.why import why


class Command(BaseCommand):
    """Restricted grounds stay hidden: the console shows them to compliance."""

    help = "Tell why a customer got a message, or why not: the ordered timeline of decisions."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Whom, and of which journey."""
        parser.add_argument("customer", help="the customer number")
        parser.add_argument("--journey", help="only this journey, by its key")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        """Tell."""
        try:
            timeline = why(customer_no=options["customer"], journey_key=options["journey"])
        except AttributionError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(timeline.document(), ensure_ascii=False))
            return
        self.stdout.write(str(timeline.summary))
        for decision in timeline.decisions:
            at = decision.at.isoformat(timespec="seconds") if decision.at else "now"
            code = f" [{decision.code}]" if decision.code else ""
            self.stdout.write(f"{at}  {decision.journey}: {decision.sentence}{code}")
