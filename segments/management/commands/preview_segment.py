"""`manage.py preview_segment`: whom a rule would select, without saving it."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from compliance.command_input import read_input
from compliance.json_text import NotJson, decode_bytes
from compliance.queries import clock_now
from compliance.reader import language, say
from segments.errors import RuleError, RuleTooSlow
from segments.queries.sizes import Preview, document, preview_or_estimate

# Far more than a rule may hold: what is too large for one is said with its place.
MOST_BYTES = 4_000_000


class Command(BaseCommand):
    """Exit code 0 when the rule can be used, however many it selects; 2 when it cannot, with the
    place of the first problem."""

    help = "Count and sample the customers whom a segment rule selects, say it in words and in SQL."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the rule is read."""
        parser.add_argument("rule", help="a JSON file, or - for standard input")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        """Preview, then tell."""
        try:
            rule = decode_bytes(read_input(options["rule"], most=MOST_BYTES), most=MOST_BYTES)
            found = preview_or_estimate(rule, now=clock_now())
        except NotJson as error:
            raise CommandError(str(error)) from error
        except RuleError as error:
            place = f"{error.path}: " if error.path else ""
            raise CommandError(f"{place}{say(error)}") from error
        except RuleTooSlow as error:
            raise CommandError(say(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(document(found), ensure_ascii=False))
            return
        for line in _lines(found):
            self.stdout.write(line)


def _lines(found: Preview) -> list[str]:
    count = f"≈ {found.count} ± {found.margin}" if found.is_estimate else str(found.count)
    return [
        found.explain[language()],
        _("%(count)s customers, %(ms)s ms") % {"count": count, "ms": found.milliseconds},
        *(f"{warning.path or '/'}: {say(warning.said)}" for warning in found.warnings),
        *found.sample,
    ]
