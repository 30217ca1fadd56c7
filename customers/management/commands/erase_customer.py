"""`manage.py erase_customer`: forget one person, as far as no retention duty runs.

With ``--after-restore``: forget again whom an older backup brought back.
"""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from compliance.models import User
from compliance.queries import clock_now
from customers.actions.rights import PERMISSION, erase_again, erase_customer
from customers.errors import RightRefused


class Command(BaseCommand):
    """Where a duty runs the customer is restricted; a second person may ask again."""

    help = "Erase a customer, or restrict him while a retention duty runs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whom, and who says so."""
        parser.add_argument("customer", nargs="?", default="", help="customer number")
        parser.add_argument("--actor", required=True, help="a user of the console: who asks")
        parser.add_argument("--after-restore", action="store_true")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and tell what came of it."""
        person = User.objects.filter(username=options["actor"], is_active=True).first()
        if person is None or not person.has_perm(PERMISSION):
            raise CommandError(_("Give --actor the name of a user who may erase customers."))
        if options["after_restore"]:
            self._again(options["actor"], as_json=options["json"])
            return
        try:
            asked = erase_customer(
                customer_no=options["customer"], actor=options["actor"], now=clock_now()
            )
        except RightRefused as error:
            raise CommandError(error.message) from error
        until = asked.retained_until
        if options["json"]:
            status = "erased" if asked.done_at else "restricted"
            document = {"status": status, "retained_until": until and until.isoformat()}
            self.stdout.write(json.dumps({**document, "basis": asked.basis}, ensure_ascii=False))
        elif asked.done_at:
            self.stdout.write(_("Erased."))
        else:
            self.stdout.write(
                _("Restricted until %(day)s: %(basis)s.") % {"day": until, "basis": asked.basis}
            )

    def _again(self, actor: str, *, as_json: bool) -> None:
        erased = erase_again(actor=actor, now=clock_now())
        said = _("%(count)d customers of the backup were erased again.") % {"count": erased}
        self.stdout.write(json.dumps({"erased": erased}) if as_json else said)
