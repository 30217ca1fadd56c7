"""`manage.py reconcile_invoice`: a provider's invoice beside our own touches."""

import getpass
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from campaigns.actions.invoices import take_invoice
from campaigns.invoices.read import FileUnreadable
from campaigns.models import ProviderAccount
from campaigns.reports.invoices import Reconciliation, items, reconcile
from compliance.command_input import whole
from compliance.queries import clock_now


class Command(BaseCommand):
    """Exit code 0 when the file was taken (lines may be refused and listed), 2 when it was not."""

    help = "Take a provider's invoice (CSV) and compare it with the touches of the account."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file and whose it is."""
        parser.add_argument("file", type=Path, help="CSV: provider_id or key, amount, date, …")
        parser.add_argument("--account", required=True, help="key of the provider account")
        parser.add_argument(
            "--most", type=whole(0, 1_000_000), default=1000, help="findings listed with --json"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take it, compare, tell."""
        try:
            account = ProviderAccount.objects.get(key=options["account"])
            invoice = take_invoice(
                account=account,
                file_name=options["file"].name,
                content=options["file"].read_bytes(),
                actor=getpass.getuser(),
                now=clock_now(),
            )
        except ProviderAccount.DoesNotExist as error:
            raise CommandError(_("There is no account %s.") % options["account"]) from error
        except OSError as error:
            raise CommandError(str(error)) from error
        except FileUnreadable as error:
            raise CommandError(_("The file cannot be read: %s.") % error.fault.value) from error
        result = reconcile(invoice)
        if options["json"]:
            found = [asdict(item) for item in items(invoice, limit=options["most"])]
            document = {**asdict(result), "findings": found}
            self.stdout.write(json.dumps(document, default=str, ensure_ascii=False))
            return
        self._tell(result)

    def _tell(self, result: Reconciliation) -> None:
        for finding, count in result.totals.items():
            self.stdout.write(f"{finding.value:16} {count}")
        self.stdout.write(
            _("Theirs %(theirs)s, ours %(ours)s %(currency)s; %(bad)d lines refused.")
            % {
                "theirs": result.their_amount,
                "ours": result.our_amount,
                "currency": result.currency,
                "bad": result.lines_bad,
            }
        )
