"""`manage.py import_file`: bring a file of accounts, balances, trades and the like in."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from compliance.queries import clock_now
from customers.actions.import_jobs import ImportStatus
from customers.actions.load_file import LoadResult, kind_of, load_file
from customers.actions.mappings import save_mapping
from customers.errors import FileRejected, ImportUnderWay, KeyRefused
from customers.importing.kinds.registry import KINDS
from customers.management import import_answers
from customers.management.progress import Progress
from customers.vocabulary import Outcome


class Command(BaseCommand):
    """Exit code 0 when the file is in or waits for another, 2 when it is refused or blocked."""

    help = "Import a file of accounts, products, prices, assets, positions, trades or the like."

    def add_arguments(self, parser: CommandParser) -> None:
        """The kind, the file, and how to read it."""
        parser.add_argument("kind", help=", ".join(KINDS))
        parser.add_argument("file", type=Path, help="CSV or XLSX")
        import_answers.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, then tell."""
        try:
            result = self._load(options)
        except FileRejected as error:
            import_answers.refuse(self, error, as_json=options["json"])
        except (ImportUnderWay, KeyRefused) as error:
            raise CommandError(error.message) from error
        else:
            self._tell(result, dry_run=options["dry_run"], as_json=options["json"])
            if result.status is ImportStatus.BLOCKED:
                sys.exit(2)

    def _load(self, options: dict[str, Any]) -> LoadResult:
        kind = kind_of(options["kind"]).key
        _column, mapping = import_answers.chosen_mapping(
            kind, options["mapping"], options["map"], kept_as=options["save_mapping"]
        )
        now = clock_now()
        with Progress(_("Importing %s") % kind) as bar:
            result = load_file(
                kind_key=kind,
                path=options["file"],
                source_key=options["source"],
                mapping=mapping,
                encoding=options["encoding"],
                dry_run=options["dry_run"],
                resume=options["resume"],
                now=now,
                progress=lambda step: import_answers.show(bar, step),
            )
        if name := options["save_mapping"]:
            save_mapping(kind=kind, name=name, columns=mapping, saved_by="", now=now)
        return result

    def _tell(self, result: LoadResult, *, dry_run: bool, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(asdict(result), ensure_ascii=False, default=str))
            return
        for finding in result.findings:
            if finding.outcome is not Outcome.PASSED:
                self.stdout.write(
                    _("%(aspect)s: %(observed)s, the limit is %(limit)s (%(rows)d rows).")
                    % asdict(finding)
                )
        words = {
            ImportStatus.BLOCKED: _("Blocked: nothing of it is in, and what depends on it waits."),
            ImportStatus.WAITING: _("Staged: it waits for file %s.") % result.waits_for,
        }
        self.stdout.write(
            words.get(result.status)
            or import_answers.summary(
                rows_ok=result.rows_ok,
                rows_bad=result.rows_bad,
                seconds=result.seconds,
                dry_run=dry_run,
            )
        )
        if result.errors_file:
            self.stdout.write(_("Refused and flagged rows: %s") % result.errors_file)
