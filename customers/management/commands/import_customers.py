"""`manage.py import_customers`: bring a file of customers in."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from compliance.queries import clock_now
from customers.actions.import_customers import (
    ConsentTerms,
    ImportProgress,
    ImportResult,
    ImportStatus,
    import_customers,
)
from customers.errors import FileRejected, ImportUnderWay, KeyRefused, NeedsConfirmation
from customers.importing.mapping import CHANNELS
from customers.management.progress import Progress


class Command(BaseCommand):
    """Exit code 0 when rows went in (some may be refused and listed), 2 when none could."""

    help = "Import customers from a CSV or XLSX file."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and how to read it."""
        parser.add_argument("file", type=Path, help="CSV or XLSX")
        parser.add_argument("--id", metavar="COL", help="the column with the customer number")
        parser.add_argument(
            "--map",
            metavar="COL=FIELD",
            action="append",
            default=[],
            help="where a column goes: a field, FIELD:type for an attribute, or ignore",
        )
        parser.add_argument("--source", default="file-import", help="key of the source")
        parser.add_argument("--consent", default="", help="channels consented to, as email,sms")
        parser.add_argument("--notice", default="", help="version of the notice consented to")
        parser.add_argument("--encoding", help="utf-8, gb18030, utf-16, big5 or latin-1")
        parser.add_argument("--dry-run", action="store_true", help="check only")
        parser.add_argument("--resume", action="store_true", help="go on after a killed import")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, then tell."""
        mapping = dict(_pair(text) for text in options["map"])
        terms = _terms(options["consent"], options["notice"])
        try:
            with Progress(_("Importing customers")) as bar:
                result = import_customers(
                    path=options["file"],
                    id_column=options["id"],
                    mapping=mapping,
                    source_key=options["source"],
                    consents=terms,
                    encoding=options["encoding"],
                    dry_run=options["dry_run"],
                    resume=options["resume"],
                    now=clock_now(),
                    progress=lambda step: _show(bar, step),
                )
        except FileRejected as error:
            self._refuse(error, as_json=options["json"])
        except (ImportUnderWay, KeyRefused) as error:
            raise CommandError(error.message) from error
        else:
            self._tell(result, as_json=options["json"])

    def _tell(self, result: ImportResult, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(asdict(result), ensure_ascii=False))
            return
        self.stdout.write(
            _("%(ok)d rows imported, %(bad)d refused in %(seconds).1f s.")
            % {"ok": result.rows_ok, "bad": result.rows_bad, "seconds": result.seconds}
        )
        if result.errors_file:
            self.stdout.write(_("Refused and flagged rows: %s") % result.errors_file)

    def _refuse(self, error: FileRejected, *, as_json: bool) -> None:
        if not as_json:
            raise CommandError(error.message) from error
        unclear = isinstance(error, NeedsConfirmation)
        document = {
            "status": ImportStatus.UNCLEAR if unclear else ImportStatus.REJECTED,
            "rows_ok": 0,
            "rows_bad": 0,
            "errors_file": None,
            "seconds": 0.0,
            "error": {"code": error.code, "message": error.message, "path": error.path},
        }
        self.stdout.write(json.dumps(document, ensure_ascii=False))
        self.stderr.write(error.message)
        sys.exit(2)


def _show(bar: Progress, step: ImportProgress) -> None:
    bar.show(done=step.rows_done, total=step.rows_total)


def _pair(text: str) -> tuple[str, str]:
    column, equals, field = text.partition("=")
    if not equals or not column:
        raise CommandError(_("--map takes COLUMN=FIELD, not %s.") % text)
    return column, field


def _terms(channels: str, notice: str) -> ConsentTerms:
    wanted = tuple(part.strip() for part in channels.split(",") if part.strip())
    for channel in wanted:
        if channel not in CHANNELS:
            raise CommandError(
                _("Consent channels are %(known)s, not %(channel)s.")
                % {"known": ", ".join(CHANNELS), "channel": channel}
            )
    if wanted and not notice:
        raise CommandError(_("Say with --notice which notice the customers consented to."))
    return ConsentTerms(channels=wanted, notice_version=notice)
