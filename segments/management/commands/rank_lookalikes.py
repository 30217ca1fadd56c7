"""`manage.py rank_lookalikes`: carry out the rankings that were asked for."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from compliance.queries import clock_now
from segments.actions.rank_lookalike import rank_lookalike
from segments.models import LookalikeRun


class Command(BaseCommand):
    """In a process of its own: scikit-learn and everybody's figures leave with it."""

    help = "Rank everybody by likeness to the segments that somebody asked about."

    def add_arguments(self, parser: CommandParser) -> None:
        """No more than the form of the answer."""
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        """The oldest first."""
        ranked = list[dict[str, Any]]()
        for run in LookalikeRun.objects.filter(state="asked").order_by("id"):
            if not rank_lookalike(run=run, now=clock_now()):
                break
            ranked.append({"seed": run.seed.key, "count": run.ranked})
        if options["json"]:
            self.stdout.write(json.dumps({"ranked": ranked}))
            return
        for told in ranked:
            self.stdout.write(_("Likeness to %(seed)s: %(count)d people ranked.") % told)
