"""What the import commands share: how they take a mapping and how they refuse a file."""

import json
import sys
from collections.abc import Mapping, Sequence

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from customers.actions.import_jobs import ImportProgress, ImportStatus
from customers.actions.mappings import require_name, saved_mapping
from customers.errors import FileRejected, NeedsConfirmation
from customers.management.progress import Progress


def add_arguments(parser: CommandParser) -> None:
    """Those of every import."""
    parser.add_argument(
        "--map",
        metavar="COL=FIELD",
        action="append",
        default=[],
        help="where a column goes: a field, or ignore",
    )
    parser.add_argument("--mapping", metavar="NAME", help="a saved mapping; --map adds to it")
    parser.add_argument("--save-mapping", metavar="NAME", help="keep the mapping under this name")
    parser.add_argument("--source", default="file-import", help="key of the source")
    parser.add_argument("--encoding", help="utf-8, gb18030, utf-16, big5 or latin-1")
    parser.add_argument("--dry-run", action="store_true", help="check only")
    parser.add_argument("--resume", action="store_true", help="go on after a killed import")
    parser.add_argument("--json", action="store_true")


def chosen_mapping(
    kind: str, name: str | None, pairs: Sequence[str], *, kept_as: str | None
) -> tuple[str | None, dict[str, str]]:
    """The column of the number if the saved mapping knows it, and field by column.

    Under which name it is to be kept is looked at before anything is imported.
    """
    if kept_as is not None:
        require_name(kept_as)
    said = dict(_pair(text) for text in pairs)
    if name is None:
        return None, said
    saved = saved_mapping(kind=kind, name=name)
    columns: Mapping[str, str] = saved.columns
    return saved.id_column or None, {**columns, **said}


def _pair(text: str) -> tuple[str, str]:
    column, equals, field = text.partition("=")
    if not equals or not column:
        raise CommandError(_("--map takes COLUMN=FIELD, not %s.") % text)
    return column, field


def show(bar: Progress, step: ImportProgress) -> None:
    """One step on the bar."""
    bar.show(done=step.rows_done, total=step.rows_total)


def summary(*, rows_ok: int, rows_bad: int, seconds: float, dry_run: bool) -> str:
    """How many rows are in and how many were refused; of a dry run, would be."""
    told = {"ok": rows_ok, "bad": rows_bad, "seconds": seconds}
    if dry_run:
        return _("%(ok)d rows would be imported, %(bad)d refused; nothing was written.") % told
    return _("%(ok)d rows imported, %(bad)d refused in %(seconds).1f s.") % told


def refuse(command: BaseCommand, error: FileRejected, *, as_json: bool) -> None:
    """Say why nothing was imported, and end with exit code 2."""
    if not as_json:
        raise CommandError(error.message) from error
    unclear = isinstance(error, NeedsConfirmation)
    document = {
        "status": ImportStatus.UNCLEAR if unclear else ImportStatus.REJECTED,
        "rows_ok": 0,
        "rows_bad": 0,
        "errors_file": None,
        "seconds": 0.0,
        "error": {"code": error.code, "message": error.message, "path": error.path},
    }
    command.stdout.write(json.dumps(document, ensure_ascii=False))
    command.stderr.write(error.message)
    sys.exit(2)
