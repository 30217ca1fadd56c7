"""`manage.py emergency_stop`: stop all sending, or a part of it; with --release let it go on."""

import getpass
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from campaigns.actions.stop import Scope, ask_release, release, stop_sending
from campaigns.channels.base import Channel
from campaigns.errors import CampaignError
from campaigns.models import EmergencyStop, Journey, ProviderAccount
from compliance.errors import ComplianceError
from compliance.models import User
from compliance.queries import clock_now

LONGEST_NAME = 150


class Command(BaseCommand):
    """Stopping needs a shell and nothing else; releasing needs two persons of the console.

    Called with --release a first time it asks for the release, a second time, by another person,
    it grants it.
    """

    help = "Stop all sending, or that of one channel, account or journey, within ten seconds."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to stop, who does it and why."""
        scope = parser.add_mutually_exclusive_group()
        scope.add_argument("--channel", choices=[channel.value for channel in Channel], default="")
        scope.add_argument("--account", help="key of a provider account")
        scope.add_argument("--journey", help="key of a journey")
        parser.add_argument("--why", default="", help="goes into the audit trail")
        parser.add_argument("--release", action="store_true", help="let it go on; needs --by")
        parser.add_argument("--by", help="login name of the person who releases")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Stop or release, then tell what stands."""
        with translation.override("en"):
            try:
                stop = self._release(options) if options["release"] else self._stop(options)
            except (CampaignError, ComplianceError) as error:
                raise CommandError(str(error)) from error
        state = "released" if stop.released_at else "stopped"
        told = {
            "stop": stop.pk,
            "scope": stop.scope or "all",
            "state": state,
            "release_asked_by": stop.release_asked_by.username if stop.release_asked_by else None,
        }
        if options["json"]:
            self.stdout.write(json.dumps(told))
            return
        asked = f", release asked by {told['release_asked_by']}" if stop.release_asked_by else ""
        self.stdout.write(f"{told['scope']}: {state}{asked}")

    def _stop(self, options: dict[str, Any]) -> EmergencyStop:
        # Whatever is typed in a hurry stops: a name that is too long is cut.
        actor = (options["by"] or f"command line: {getpass.getuser()}")[:LONGEST_NAME]
        return stop_sending(scope=_scope(options), actor=actor, why=options["why"], now=clock_now())

    def _release(self, options: dict[str, Any]) -> EmergencyStop:
        person = User.objects.filter(username=options["by"] or "").first()
        if person is None:
            raise CommandError("--release needs --by with the login name of a person.")
        scope = _scope(options)
        stop = EmergencyStop.objects.filter(
            channel=scope.channel, account=scope.account, journey=scope.journey, released_at=None
        ).first()
        if stop is None:
            raise CommandError("Nothing of that scope is stopped.")
        is_second = stop.release_asked_by_id not in {None, person.pk}
        (release if is_second else ask_release)(stop=stop, actor=person, now=clock_now())
        stop.refresh_from_db()
        return stop


def _scope(options: dict[str, Any]) -> Scope:
    account = journey = None
    if key := options["account"]:
        account = ProviderAccount.objects.filter(key=key).first()
        if account is None:
            raise CommandError(f"There is no provider account {key!r}.")
    if key := options["journey"]:
        journey = Journey.objects.filter(key=key).first()
        if journey is None:
            raise CommandError(f"There is no journey {key!r}.")
    return Scope(channel=options["channel"], account=account, journey=journey)
