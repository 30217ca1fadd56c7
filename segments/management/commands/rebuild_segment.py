"""`manage.py rebuild_segment`: a segment's members by PostgreSQL, DuckDB or Spark."""

import json
import sys
from dataclasses import asdict
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from compliance.queries import clock_now
from compliance.reader import say
from segments.actions.rebuild import POSTGRES, Rebuilt, rebuild
from segments.engines.run import engine_of
from segments.errors import EngineError, RuleError

# Where each engine is when ANALYTICS_URL names another.
_HERE: Final = {POSTGRES: POSTGRES, "duckdb": "duckdb://", "spark": "spark://local[*]"}


class Command(BaseCommand):
    """Exit code 0 when the members are right, 1 when the move is held, 2 when it could not be
    judged."""

    help = "Rebuild a segment's members on an engine of choice."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which segment, by which engine."""
        parser.add_argument("key", help="the segment's key")
        parser.add_argument("--engine", choices=_HERE, help="otherwise that of ANALYTICS_URL")
        parser.add_argument("--dry-run", action="store_true", help="only tell what would change")
        parser.add_argument(
            "--as-of",
            action="store_true",
            help="accept an archive older than the last change; of when it is the archive says",
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild, then tell."""
        try:
            done = rebuild(
                key=options["key"],
                url=_address(options["engine"]),
                root=settings.ANALYTICS_ARCHIVE,
                now=clock_now(),
                accepts_older=options["as_of"],
                is_trial=options["dry_run"],
            )
        except (EngineError, RuleError) as error:
            raise CommandError(say(error), returncode=2) from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(done), default=str))
        else:
            self.stdout.write(_told(done, is_trial=options["dry_run"]))
        if done.is_held:
            self.stderr.write(
                _("Held: so large a move is first to be looked at on the segment's page.")
            )
            sys.exit(1)


def _address(engine: str | None) -> str:
    own = settings.ANALYTICS_URL
    return own if engine in (None, engine_of(own)) else _HERE[engine]


def _told(done: Rebuilt, *, is_trial: bool) -> str:
    """The outcome as one line."""
    line = _(
        "%(engine)s: %(size)d members, +%(entered)d -%(left)d, as of %(as_of)s; judged in"
        " %(judging).1f s, %(seconds).1f s in all."
    ) % {
        "engine": done.engine,
        "size": done.size,
        "entered": done.entered,
        "left": done.left,
        "as_of": f"{localtime(done.as_of):%Y-%m-%d %H:%M:%S}",
        "judging": done.judging_seconds,
        "seconds": done.seconds,
    }
    unchanged = _("Nothing was changed.")
    return f"{line} {unchanged}" if is_trial else line
