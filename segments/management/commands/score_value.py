"""`manage.py score_value`: RFM scores, value clusters and personas of everybody."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from compliance.queries import clock_now
from segments.actions.score_value import score_value


class Command(BaseCommand):
    """In a process of its own: scikit-learn and everybody's figures leave with it."""

    help = "Score every customer by recency, frequency and assets, and cluster them."

    def add_arguments(self, parser: CommandParser) -> None:
        """No more than the form of the answer."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Score and tell."""
        run = score_value(now=clock_now())
        if run is None:
            raise CommandError(_("Another process is scoring already."))
        if options["json"]:
            self.stdout.write(json.dumps({"customers": run.customers, "clusters": run.clusters}))
            return
        self.stdout.write(_("%(count)d customers scored.") % {"count": run.customers})
        for cluster in run.clusters:
            self.stdout.write(f"{cluster['name']}: {cluster['size']}")
