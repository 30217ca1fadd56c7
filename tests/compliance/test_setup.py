"""The roles as groups."""

import pytest
from django.contrib.auth.models import Group, Permission

from compliance.roles import PERMISSIONS, Role
from compliance.setup import ensure_roles

pytestmark = pytest.mark.django_db


def held(role: Role) -> set[str]:
    permissions = Group.objects.get(name=role.value).permissions.select_related("content_type")
    return {f"{one.content_type.app_label}.{one.codename}" for one in permissions}


def test_groups_hold_exactly_their_roles_permissions() -> None:
    ensure_roles()

    for role in Role:
        assert held(role) == set(PERMISSIONS[role])


def test_running_again_takes_away_what_crept_in() -> None:
    groups = ensure_roles()
    groups[Role.MANAGER].permissions.add(Permission.objects.get(codename="change_review"))

    ensure_roles()

    assert "compliance.change_review" not in held(Role.MANAGER)
    assert Group.objects.count() == len(Role)


def test_nobody_deletes_and_makers_do_not_review() -> None:
    everything = {name for names in PERMISSIONS.values() for name in names}

    # A property is a line of its event's form; the published versions of the plan keep it.
    lines = {"customers.delete_eventproperty"}
    assert not [name for name in everything - lines if ".delete_" in name]
    assert "compliance.change_review" not in PERMISSIONS[Role.MARKETER]
    reviewers = {role for role, names in PERMISSIONS.items() if "compliance.change_review" in names}
    assert reviewers == {Role.CHECKER, Role.COMPLIANCE}
