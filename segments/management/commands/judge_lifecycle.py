"""`manage.py judge_lifecycle`: everybody's lifecycle stage of today."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from compliance.queries import clock_now
from segments.actions.judge_lifecycle import judge_lifecycle, restore_lifecycle


class Command(BaseCommand):
    """A day is judged once; calling it again puts right what files changed since."""

    help = "Judge the lifecycle stage of every customer for today."

    def add_arguments(self, parser: CommandParser) -> None:
        """No more than the form of the answer."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Judge and tell."""
        done = judge_lifecycle(now=clock_now())
        restore_lifecycle(now=clock_now())
        if options["json"]:
            self.stdout.write(json.dumps(asdict(done)))
            return
        self.stdout.write(
            _("%(judged)d judged, %(changed)d took another stage, %(waiting)d wait.") % asdict(done)
        )
