"""`manage.py verify_audit`: whether the audit trail is as it was written."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from compliance.models import AuditHead
from compliance.queries import broken_audit_entries, unmet_anchors


class Command(BaseCommand):
    """Exit code 0 where it holds, 1 where it does not, 2 where nothing could be judged."""

    help = "Check the audit trail by its hashes, and by the anchors in a log that was kept."

    def add_arguments(self, parser: CommandParser) -> None:
        """The log that was kept elsewhere."""
        parser.add_argument(
            "--log", metavar="FILE", help="a log with lines “audit head …”, or - for standard input"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, then tell."""
        head = AuditHead.objects.filter(id=1).first()
        found = {
            "head": {"seq": head.seq, "hash": head.hash} if head else None,
            "broken": list(broken_audit_entries()),
            "unmet_anchors": list(unmet_anchors(_lines(options["log"]))),
        }
        holds = not found["broken"] and not found["unmet_anchors"]
        if options["json"]:
            self.stdout.write(json.dumps({"holds": holds, **found}))
        else:
            self.stdout.write(f"{'holds' if holds else 'BROKEN'}: {json.dumps(found)}")
        if not holds:
            sys.exit(1)


def _lines(name: str | None) -> list[str]:
    if name is None:
        return []
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(errors="replace")
    except OSError as error:
        raise CommandError(
            _("%(path)s cannot be read: %(why)s.") % {"path": name, "why": error.strerror}
        ) from error
    return text.splitlines()
