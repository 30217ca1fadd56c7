"""`manage.py import_customers`: bring a file of customers in."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from compliance.queries import clock_now
from customers.actions.consents import PERSONAL_NOTICE
from customers.actions.import_customers import (
    CUSTOMERS,
    ConsentTerms,
    ImportResult,
    import_customers,
)
from customers.actions.mappings import save_mapping
from customers.errors import FileRejected, ImportUnderWay, KeyRefused
from customers.identifiers import redact
from customers.importing.mapping import CHANNELS
from customers.management import import_answers
from customers.management.progress import Progress

LONGEST_NOTICE = 40


class Command(BaseCommand):
    """Exit code 0 when rows went in (some may be refused and listed), 2 when none could."""

    help = "Import customers from a CSV or XLSX file."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and how to read it."""
        parser.add_argument("file", type=Path, help="CSV or XLSX")
        parser.add_argument("--id", metavar="COL", help="the column with the customer number")
        parser.add_argument("--consent", default="", help="channels consented to, as email,sms")
        parser.add_argument("--notice", default="", help="version of the notice consented to")
        import_answers.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, then tell."""
        terms = _terms(options["consent"], options["notice"])
        now = clock_now()
        try:
            id_column, mapping = import_answers.chosen_mapping(
                CUSTOMERS, options["mapping"], options["map"], kept_as=options["save_mapping"]
            )
            id_column = options["id"] or id_column
            with Progress(_("Importing customers")) as bar:
                result = import_customers(
                    path=options["file"],
                    id_column=id_column,
                    mapping=mapping,
                    source_key=options["source"],
                    consents=terms,
                    encoding=options["encoding"],
                    dry_run=options["dry_run"],
                    resume=options["resume"],
                    now=now,
                    progress=lambda step: import_answers.show(bar, step),
                )
            if name := options["save_mapping"]:
                save_mapping(
                    kind=CUSTOMERS,
                    name=name,
                    columns=mapping,
                    id_column=id_column,
                    saved_by="",
                    now=now,
                )
        except FileRejected as error:
            import_answers.refuse(self, error, as_json=options["json"])
        except (ImportUnderWay, KeyRefused) as error:
            raise CommandError(error.message) from error
        else:
            self._tell(result, dry_run=options["dry_run"], as_json=options["json"])

    def _tell(self, result: ImportResult, *, dry_run: bool, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(asdict(result), ensure_ascii=False))
            return
        self.stdout.write(
            import_answers.summary(
                rows_ok=result.rows_ok,
                rows_bad=result.rows_bad,
                seconds=result.seconds,
                dry_run=dry_run,
            )
        )
        if result.errors_file:
            self.stdout.write(_("Refused and flagged rows: %s") % result.errors_file)


def _terms(channels: str, notice: str) -> ConsentTerms:
    wanted = tuple(part.strip() for part in channels.split(",") if part.strip())
    for channel in wanted:
        if channel not in CHANNELS:
            raise CommandError(
                _("Consent channels are %(known)s, not %(channel)s.")
                % {"known": ", ".join(CHANNELS), "channel": channel}
            )
    if len(notice) > LONGEST_NOTICE:
        raise CommandError(
            _("The version of a notice has at most %(most)d characters.") % {"most": LONGEST_NOTICE}
        )
    if redact(notice) != notice:
        raise CommandError(str(PERSONAL_NOTICE))
    if wanted and not notice:
        raise CommandError(_("Say with --notice which notice the customers consented to."))
    return ConsentTerms(channels=wanted, notice_version=notice)
