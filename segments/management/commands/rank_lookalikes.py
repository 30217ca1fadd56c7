"""`manage.py rank_lookalikes`: carry out the rankings that were asked for."""

import json
import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from compliance.queries import clock_now
from segments.actions.rank_lookalike import rank_lookalike
from segments.models import LookalikeRun

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """In a process of its own: scikit-learn and everybody's figures leave with it."""

    help = "Rank everybody by likeness to the segments that somebody asked about."

    def add_arguments(self, parser: CommandParser) -> None:
        """No more than the form of the answer."""
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        """The oldest first; one that fails stays asked for and holds up no other."""
        ranked, failed = list[dict[str, Any]](), list[Exception]()
        for run in LookalikeRun.objects.filter(state="asked").order_by("id"):
            try:
                is_mine = rank_lookalike(run=run, now=clock_now())
            except Exception as error:
                log.exception("the ranking by likeness to %s failed", run.seed.key)
                failed.append(error)
                continue
            if not is_mine:
                break
            ranked.append({"seed": run.seed.key, "count": run.ranked})
        self._tell(ranked, options)
        if failed:
            raise failed[0]

    def _tell(self, ranked: list[dict[str, Any]], options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps({"ranked": ranked}))
            return
        for told in ranked:
            self.stdout.write(_("Likeness to %(seed)s: %(count)d people ranked.") % told)
