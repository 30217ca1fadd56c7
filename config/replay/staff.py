"""One person of each role, so that whoever tries the demo can log in as any of them."""

import secrets
from dataclasses import dataclass

from django.db import transaction

from compliance.models import User
from compliance.roles import Role
from compliance.setup import ensure_roles


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What the terminal prints; the password exists nowhere else in clear."""

    role: Role
    username: str
    password: str


@transaction.atomic
def hire() -> list[Login]:
    """One user per role, each with a fresh random password."""
    groups = ensure_roles()
    logins = []
    for role, group in groups.items():
        password = secrets.token_urlsafe(9)
        user, _made = User.objects.get_or_create(username=role.value, defaults={"is_staff": True})
        user.set_password(password)
        user.save()
        user.groups.set([group])
        logins.append(Login(role=role, username=role.value, password=password))
    return logins


def person(role: Role) -> User:
    """The demo's member of staff with this role."""
    return User.objects.get(username=role.value)
