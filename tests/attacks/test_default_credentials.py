"""Attacks by default credentials: an installation with one does not go live."""

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from compliance.checks import KNOWN
from compliance.models import User
from compliance.roles import Role
from compliance.setup import ensure_roles

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def production(settings: Any) -> None:
    settings.PRODUCTION = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def test_an_installation_begins_without_anybody() -> None:
    ensure_roles()

    call_command("check", databases=["default"])

    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("command", "options"),
    [("check", {"databases": ["default"]}), ("migrate", {"verbosity": 0, "skip_checks": False})],
)
@pytest.mark.parametrize(
    ("name", "password"),
    [("admin", "admin"), ("root", "password"), ("demo", "demo"), (Role.CHECKER, Role.CHECKER)]
    + [("admin", word) for word in KNOWN],
)
def test_a_password_that_everybody_tries_first_stops_a_deployment(
    command: str, options: dict[str, Any], name: str, password: str
) -> None:
    User.objects.create_user(name, "", password, is_staff=True)

    with pytest.raises(SystemCheckError, match=f"account {name} has a password"):
        call_command(command, **options)


def test_passwords_of_their_own_and_accounts_out_of_use_stop_nothing() -> None:
    User.objects.create_user("admin", "", "correct horse battery staple")
    User.objects.create_user("root", "", "root", is_active=False)
    User.objects.create_user("checker", "")

    call_command("check", databases=["default"])


def test_a_developers_machine_is_left_alone(settings: Any) -> None:
    settings.PRODUCTION = False
    User.objects.create_user("admin", "", "admin")

    call_command("check", databases=["default"])
