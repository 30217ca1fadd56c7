"""What a command is given: a file by its name, standard input by "-", a day, a number."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

# Told so, a command judges by what this installation's officers changed, and joins its database.
IN_FORCE: Final = "--in-force"


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


def day(told: str) -> date:
    """A day as ISO 8601 writes it, for an argument's ``type``.  Raises ArgumentTypeError."""
    try:
        found = date.fromisoformat(told)
    except ValueError:
        found = date.min
    # What lies outside has no midnight in every zone.
    if not date.min < found < date.max:
        raise ArgumentTypeError(_("%(told)r is no day, as 2026-09-30") % {"told": told})
    return found


def whole(least: int, most: int) -> Callable[[str], int]:
    """For an argument's ``type``: reads a whole number within these bounds."""

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 19 and least <= int(text) <= most:
            return int(text)
        raise ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")

    return read
