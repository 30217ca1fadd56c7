"""What keeps an installation from going live: passwords that everybody tries first."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core import checks
from django.db import DatabaseError, connections

from compliance.models import User
from compliance.roles import Role

KNOWN: Final = ("admin", "password", "123456", "changeme", "touchstone")
FIRST_NAMES: Final = frozenset({"admin", "root", "test", "demo", "touchstone", *Role})
"""Names that are tried first. Hashing is slow on purpose: not everybody's can be looked at."""


@checks.register(checks.Tags.database)
def default_passwords(
    app_configs: Sequence[Any] | None, databases: Sequence[str] | None = None, **_others: object
) -> Iterable[checks.CheckMessage]:
    """An error for each account in use with a password that everybody tries first.

    In production alone, where `migrate` and `check --database default` then stop a deployment.
    """
    if not settings.PRODUCTION or not databases:
        return []
    try:
        if User._meta.db_table not in connections["default"].introspection.table_names():
            return []
        found = list(User.objects.filter(is_active=True, username__in=FIRST_NAMES))
    except DatabaseError:
        return []  # before the first migration, or one under way
    return [
        checks.Error(
            f"The account {user.username} has a password that everybody tries first.",
            hint=f"manage.py changepassword {user.username}, or take the account out of use.",
            id="compliance.E001",
        )
        for user in found
        if any(check_password(word, user.password) for word in (user.username, *KNOWN))
    ]
