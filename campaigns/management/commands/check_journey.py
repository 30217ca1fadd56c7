"""`manage.py check_journey`: whether a journey's JSON may go live."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from campaigns.actions.launch import problems_of
from campaigns.errors import GraphError
from campaigns.journeys.check import Severity
from campaigns.journeys.graph import Json
from campaigns.journeys.parse import parse
from campaigns.journeys.sentences import NOT_A_JOURNEY
from compliance.command_input import read_input
from compliance.json_text import NotJson, each_key_once
from compliance.reader import say

MOST_BYTES = 2_000_000


class Command(BaseCommand):
    """Exit code 0 whatever the verdict; 2 where nothing could be judged: it is no JSON object."""

    help = "Judge a journey as publishing would: publish_ok, publish_warn or publish_reject."

    def add_arguments(self, parser: CommandParser) -> None:
        """The journey, and what to take as known."""
        parser.add_argument("journey", help="a JSON file, or - for standard input")
        parser.add_argument(
            "--assume-known",
            metavar="KEY,…",
            type=lambda told: frozenset(filter(None, told.split(","))),
            default=frozenset(),
            help="segments, templates (with an account for their channel), tags, journeys and"
            " events to take for granted",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, then tell."""
        raw = _read(options["journey"])
        problems = _problems(raw, options["assume_known"])
        found = {problem["severity"] for problem in problems}
        verdict = "publish_warn" if found else "publish_ok"
        if Severity.ERROR in found:
            verdict = "publish_reject"
        if options["json"]:
            # ASCII: what is refused may hold what no encoding can write.
            self.stdout.write(json.dumps({"verdict": verdict, "problems": problems}))
            return
        self.stdout.write(verdict)
        for problem in problems:
            self.stdout.write(f"{problem['severity']}: {_printable(problem['message'])}")


def _printable(text: str) -> str:
    """The text with what no terminal can show written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _problems(raw: Json, assumed: frozenset[str]) -> list[dict[str, str]]:
    try:
        graph = parse(raw)
    except GraphError as error:
        return [
            {
                "code": error.code,
                "message": say(error),
                "node": _node_at(raw, error.path),
                "severity": Severity.ERROR,
                "path": error.path,
            }
        ]
    return [
        {
            "code": problem.code,
            "message": say(problem.said),
            "node": problem.node,
            "severity": problem.severity,
        }
        for problem in problems_of(graph, assumed=assumed)
    ]


def _node_at(raw: Json, path: str) -> str:
    """The id of the node that a pointer leads into; empty where it leads elsewhere."""
    first, _slash, rest = path.removeprefix("/").partition("/")
    index = rest.partition("/")[0]
    if first != "nodes" or not index.isdigit():
        return ""
    node = raw["nodes"][int(index)]
    node_id = node.get("id") if isinstance(node, dict) else None
    return node_id if isinstance(node_id, str) else ""


def _read(name: str) -> Json:
    text = read_input(name, most=MOST_BYTES)
    try:
        found = json.loads(text.decode("utf-8-sig"), object_pairs_hook=each_key_once)
    except NotJson as error:
        raise CommandError(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise CommandError(_("%(path)s is not a JSON document.") % {"path": name}) from error
    if not isinstance(found, dict):
        raise CommandError(say(GraphError(NOT_A_JOURNEY)))
    return found
