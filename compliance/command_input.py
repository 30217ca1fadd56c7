"""What a command is given to read: a file by its name, or standard input by "-"."""

import sys
from pathlib import Path

from django.core.management.base import CommandError
from django.utils.translation import gettext as _


def read_input(name: str, *, most: int) -> bytes:
    """All of it.

    Raises CommandError: it cannot be read, or is longer than ``most`` bytes.
    """
    try:
        if name == "-":
            raw = sys.stdin.buffer.read(most + 1)
        else:
            with Path(name).open("rb") as file:
                raw = file.read(most + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise CommandError(
            _("%(path)s cannot be read: %(why)s.") % {"path": name, "why": why}
        ) from error
    if len(raw) > most:
        raise CommandError(_("The input is longer than %(most)d bytes.") % {"most": most})
    return raw
