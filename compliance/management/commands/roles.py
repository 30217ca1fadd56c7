"""`manage.py roles`: create or update the groups of the console."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.errors import ComplianceError
from compliance.roles import Role
from compliance.setup import ensure_roles


class Command(BaseCommand):
    """Safe to run again: each group ends with exactly its role's permissions."""

    help = f"Create or update the roles {', '.join(Role)}."

    def add_arguments(self, parser: CommandParser) -> None:
        """How to answer."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set the groups, then tell how many permissions each holds."""
        try:
            groups = ensure_roles()
        except ComplianceError as error:
            raise CommandError(str(error)) from error
        held = {role.value: group.permissions.count() for role, group in groups.items()}
        if options["json"]:
            self.stdout.write(json.dumps(held))
            return
        for role, count in held.items():
            self.stdout.write(f"{role}: {count} permissions")
