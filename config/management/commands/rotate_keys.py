"""`manage.py rotate_keys`: encrypt everything anew under the first of the encryption keys."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from campaigns.queries import sealed as campaigns
from customers.actions.rotate import rotate
from customers.errors import UnknownKey
from customers.queries import sealed as customers


class Command(BaseCommand):
    """Everybody goes on working; it may be stopped and begun again at any time."""

    help = "Re-encrypt everything under the first key of TOUCHSTONE_ENCRYPTION_KEYS."

    def add_arguments(self, parser: CommandParser) -> None:
        """No more than the form of the answer."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Walk through the columns, telling how far it is."""
        done = 0
        try:
            for count in rotate(columns=(*customers.SEALED, *campaigns.SEALED)):
                done += count
                sys.stderr.write(_("%(count)d encrypted anew") % {"count": done} + "\n")
        except UnknownKey as error:
            raise CommandError(error.message) from error
        if options["json"]:
            self.stdout.write(json.dumps({"rotated": done}))
        else:
            self.stdout.write(_("%(count)d rows stand under the first key now.") % {"count": done})
