"""`manage.py provider_sandbox`: a thin door to `python -m campaigns.sandbox`.

The process is replaced, so that the sandbox holds neither Django nor a
database connection.
"""

import os
import sys
from argparse import ArgumentParser
from dataclasses import fields
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from campaigns.sandbox.options import Options, as_arguments, declare_options


class Command(BaseCommand):
    """Read the arguments, then become the sandbox."""

    help = "Vendors of every channel as one server on loopback."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what the sandbox takes."""
        declare_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Replace the process; nothing after this line runs."""
        told = Options(**{field.name: options[field.name] for field in fields(Options)})
        # The package must be found from whatever folder the command was called in.
        paths = [str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
        command = [sys.executable, "-m", "campaigns.sandbox", *as_arguments(told)]
        os.execve(sys.executable, command, environment)  # noqa: S606 - no shell is wanted
