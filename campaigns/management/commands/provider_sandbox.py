"""`manage.py provider_sandbox`: a thin door to `python -m campaigns.sandbox`.

The process is replaced, so that the sandbox holds neither Django nor a
database connection; its own command line says what it takes.
"""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Hand the arguments over untouched."""

    help = "Vendors of every channel as one server on loopback."
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        """Become the sandbox."""
        # The package must be found from whatever folder the command was called in.
        paths = [str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
        command = [sys.executable, "-m", "campaigns.sandbox", *argv[2:]]
        os.execve(sys.executable, command, environment)  # noqa: S606 - no shell is wanted

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse a call from code, where replacing the process would surprise."""
        raise CommandError("provider_sandbox is run from the command line only")
