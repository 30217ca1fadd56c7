"""`manage.py check_templates`: whether what live journeys send still passes the checks."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from campaigns.actions.check_templates import Objection, objections
from campaigns.errors import EngineUnavailable
from compliance.reader import say

SOME = 2  # the exit code


class Command(BaseCommand):
    """Exit code 0: all pass; 2: messages of some would be put aside."""

    help = (
        "Hold every template version that live journeys and waiting touches use against the"
        " checks of this release and the list of link hosts. Changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """How to tell."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, then tell."""
        try:
            checked, found = objections()
        except EngineUnavailable as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            told = {"checked": checked, "objections": [_document(each) for each in found]}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        else:
            for each in found:
                self.stdout.write(_line(each))
            self.stdout.write(
                _("%(checked)d template versions in use, %(found)d objections.")
                % {"checked": checked, "found": len(found)}
            )
        if found:
            raise SystemExit(SOME)


def _document(found: Objection) -> dict[str, object]:
    return {
        "template": found.template,
        "version": found.number,
        "journeys": list(found.journeys),
        "locale": found.locale,
        "part": found.part,
        "code": found.said.code,
        "message": say(found.said),
    }


def _line(found: Objection) -> str:
    name = f"{found.template} v{found.number}"
    where = " ".join(filter(None, [found.locale, found.part]))
    return f"{name} ({', '.join(found.journeys)}) {where}: {say(found.said)}"
