"""`manage.py scan_wording`: judge a text by the wording rules."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from compliance.command_input import day
from compliance.command_lexicon import add_lexicon_option, chosen_lexicon, lexicon_document
from compliance.errors import ComplianceError
from compliance.scan import Scan, scan_wording

MOST_CHARACTERS = 1_000_000


class Command(BaseCommand):
    """Exit code 0 whatever the verdict; 2 where nothing could be judged."""

    help = "Judge a text by the wording rules: allow, notice, review or block, and why."

    def add_arguments(self, parser: CommandParser) -> None:
        """The text, and what is known about it."""
        parser.add_argument("text", help="the text itself, a UTF-8 file, or - for standard input")
        parser.add_argument("--product", metavar="TYPE", help="kind of product, as public_fund")
        parser.add_argument("--channel", metavar="C", help="where it is to stand, as sms")
        parser.add_argument(
            "--on", metavar="DATE", type=day, help="rules in force on this day (default: today)"
        )
        add_lexicon_option(parser)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Scan, then tell."""
        text = _read(options["text"])
        if len(text) > MOST_CHARACTERS:
            raise CommandError(
                _("The text is longer than %(most)d characters.") % {"most": MOST_CHARACTERS}
            )
        lexicon, today = chosen_lexicon(is_in_force=options["in_force"])
        try:
            scan = scan_wording(
                text=text,
                on=options["on"] or today,
                product=options["product"],
                channel=options["channel"],
                lexicon=lexicon,
            )
        except ComplianceError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            told = {**document(scan), "lexicon": lexicon_document(lexicon)}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        for line in _lines(scan):
            self.stdout.write(line)


def document(scan: Scan) -> dict[str, object]:
    """The scan as plain JSON values."""
    return {
        "verdict": scan.verdict,
        "hits": [asdict(hit) for hit in scan.hits],
        "missing_disclosures": [
            {
                "rule_id": rule.rule_id,
                "name": rule.name,
                "text": rule.text,
                "verdict": rule.verdict,
                "severity": rule.severity,
                "basis": rule.basis,
            }
            for rule in scan.missing_disclosures
        ],
        "not_applied": list(scan.not_applied),
    }


def _lines(scan: Scan) -> list[str]:
    lines = [str(scan.verdict)]
    lines += [
        f"{hit.verdict}: {hit.term} ({hit.rule_id}, {hit.start}-{hit.end}, {hit.reason});"
        f" {hit.basis}"
        for hit in scan.hits
    ]
    lines += [
        f"{rule.verdict}: {rule.text} ({rule.rule_id}); {rule.basis}"
        for rule in scan.missing_disclosures
    ]
    return lines


def _read(told: str) -> str:
    """The text: from standard input, from a file of that name, or the argument itself.

    An argument is taken for a file where one of that name is there, or where it can only be meant
    as one: it has a folder or a text file's ending, and no blank or other script in it.
    """
    if told == "-":
        return _decoded(sys.stdin.buffer.read(), "-")
    if not told:
        return told  # as a path it would be the folder one is in
    path = Path(told)
    try:
        if path.is_file():
            return _decoded(path.read_bytes(), told)
        if path.is_dir():
            raise CommandError(_("%(path)s is a folder, not a text.") % {"path": told})
    except ValueError:
        return told  # a NUL character: no file has such a name
    except OSError as error:
        if len(told) > _LONGEST_PATH or not _looks_like_a_file(told):
            return told
        raise CommandError(
            _("%(path)s cannot be read: %(why)s.") % {"path": told, "why": error.strerror}
        ) from error
    if _looks_like_a_file(told):
        raise CommandError(_("There is no file %(path)s.") % {"path": told})
    return told


_LONGEST_PATH = 255


def _looks_like_a_file(told: str) -> bool:
    return told.isascii() and not any(c.isspace() for c in told) and told.endswith(_ENDINGS)


_ENDINGS = (".txt", ".html", ".md", ".json", ".liquid")


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(
            _("%(path)s is not UTF-8 text (byte %(byte)d).") % {"path": name, "byte": error.start}
        ) from error
