"""`manage.py preview_template`: what a template would say with these values, and whether it may."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.actions.preview import Preview, document, preview_template, read_asked
from campaigns.errors import BadRequest, EngineUnavailable
from campaigns.queries.accounts import link_hosts
from compliance.command_input import read_input
from compliance.command_lexicon import add_lexicon_option, chosen_lexicon, lexicon_document
from compliance.json_text import NotJson, decode_bytes
from compliance.reader import say

MOST_BYTES = 4_000_000


class Command(BaseCommand):
    """Exit code 0 whatever the verdict; 2 where nothing could be judged."""

    help = (
        "Render a template: {template, context?, channel?} in JSON gives"
        " ok, ok_warn, parse_error, render_error, suppress, limit or blocked, and why."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the request is read."""
        parser.add_argument("file", help="a JSON file, or - for standard input")
        add_lexicon_option(parser)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Preview, then tell."""
        try:
            raw = read_input(options["file"], most=MOST_BYTES)
            asked = read_asked(decode_bytes(raw, most=MOST_BYTES))
            lexicon, today = chosen_lexicon(is_in_force=options["in_force"])
            # Without --in-force it joins no database.
            hosts = link_hosts() if options["in_force"] else settings.LINK_HOSTS
            preview = preview_template(asked=asked, on=today, hosts=hosts, lexicon=lexicon)
        except NotJson as error:
            raise CommandError(str(error)) from error
        except (BadRequest, EngineUnavailable) as error:
            raise CommandError(say(error)) from error
        if options["json"]:
            told = {**document(preview), "lexicon": lexicon_document(lexicon)}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        for line in _lines(preview):
            self.stdout.write(line)


def _lines(preview: Preview) -> list[str]:
    output = preview.output
    parts = output.items() if isinstance(output, dict) else [("", output)]
    said = [f"{name}: {text}" if name else text for name, text in parts if text]
    return [str(preview.verdict), *said, *(say(problem.said) for problem in preview.problems)]
