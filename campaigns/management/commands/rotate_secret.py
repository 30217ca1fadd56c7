"""`manage.py rotate_secret`: change a secret that receipts are signed with."""

import getpass
import json
import secrets
import sys
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.actions.accounts import ROTATING, rotate_secret
from campaigns.channels.errors import AccountInvalid
from campaigns.models import ProviderAccount
from compliance.command_input import whole
from compliance.reader import say


class Command(BaseCommand):
    """The new secret is read from standard input, or made and printed once."""

    help = "Change a secret by which a provider proves itself; the one before counts a while."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose secret, and for how long both count."""
        parser.add_argument("account", help="key of the provider account")
        parser.add_argument("secret", choices=sorted(ROTATING))
        parser.add_argument("--hours", type=whole(24, 48), default=36, help="24 to 48")
        parser.add_argument("--stdin", action="store_true", help="read the new secret from there")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        """Change it, then say until when the old one counts."""
        value = sys.stdin.readline().strip() if options["stdin"] else secrets.token_urlsafe(32)
        if len(value) < 16:
            raise CommandError(_("A secret has at least 16 characters."))
        try:
            until = rotate_secret(
                key=options["account"],
                name=options["secret"],
                value=value,
                overlap=timedelta(hours=options["hours"]),
                actor=getpass.getuser(),
                now=timezone.now(),
            )
        except ProviderAccount.DoesNotExist as error:
            raise CommandError(_("There is no account %s.") % options["account"]) from error
        except AccountInvalid as error:
            raise CommandError(say(error)) from error
        made = {} if options["stdin"] else {"secret": value}
        if options["json"]:
            self.stdout.write(json.dumps({**made, "counts_until": until.isoformat()}))
            return
        for secret in made.values():
            self.stdout.write(secret)
        self.stderr.write(_("The secret before counts until %s.") % until.isoformat())
