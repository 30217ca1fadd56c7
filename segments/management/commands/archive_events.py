"""`manage.py archive_events`: write what analytics engines read."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from compliance.command_input import day
from compliance.queries import clock_now
from customers.management.progress import Progress
from segments.actions.write_archive import archive_events
from segments.queries.archive import rows_about


class Command(BaseCommand):
    """Exit code 0 when the archive is whole; a broken one is never seen by anybody."""

    help = "Write customers, events and what rules ask about as Parquet files (ANALYTICS_ARCHIVE)."

    def add_arguments(self, parser: CommandParser) -> None:
        """How far back."""
        parser.add_argument(
            "--since", metavar="DATE", type=day, help="leave out events before this day"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, then tell."""
        now, total, done = clock_now(), rows_about(), 0
        with Progress(_("Writing the event archive")) as bar:

            def show(rows: int) -> None:
                nonlocal done
                done += rows
                bar.show(done=done, total=max(total, done))

            archive = archive_events(
                root=settings.ANALYTICS_ARCHIVE, now=now, since=options["since"], told=show
            )
        rows = archive.manifest.rows
        if options["json"]:
            self.stdout.write(json.dumps({"folder": str(archive.folder), "rows": dict(rows)}))
            return
        self.stdout.write(
            _("%(customers)d customers, %(events)d events, %(properties)d properties in %(folder)s")
            % {**rows, "folder": archive.folder}
        )
