"""Who makes users, gives roles or sets passwords is in the audit trail."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from compliance.models import AuditEntry, User
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
SECRET = "a long enough secret 42"


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


def newest(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).latest("seq")


def test_a_new_user_is_on_record(root: Client) -> None:
    told = {"username": "li", "usable_password": "true", "password1": SECRET, "password2": SECRET}

    assert root.post(reverse("admin:compliance_user_add"), told).status_code == 302

    entry = newest("staff.made")
    assert (entry.actor, entry.subject, entry.detail["superuser"]) == ("root", "li", False)


def test_roles_given_are_on_record(root: Client) -> None:
    marketer = make_staff().marketer
    group = Group.objects.create(name="Extra")
    told = {
        "username": marketer.username,
        "is_active": "on",
        "is_superuser": "on",
        "groups": [group.pk],
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
    }

    answer = root.post(reverse("admin:compliance_user_change", args=[marketer.pk]), told)

    assert answer.status_code == 302
    entry = newest("staff.changed")
    assert (entry.subject, entry.detail["roles"]) == (marketer.username, ["Extra"])
    assert entry.detail["superuser"] is True


def test_a_password_set_for_somebody_is_on_record_without_it(root: Client) -> None:
    marketer = make_staff().marketer
    told = {"usable_password": "true", "password1": SECRET, "password2": SECRET}

    address = reverse("admin:auth_user_password_change", args=[marketer.pk])
    assert root.post(address, told).status_code == 302

    entry = newest("staff.changed")
    assert entry.subject == marketer.username
    assert "assword" in str(entry.detail["message"])
    assert SECRET not in str(entry.detail)


def test_a_deleted_role_is_on_record(root: Client) -> None:
    group = Group.objects.create(name="Extra")

    answer = root.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"})

    assert answer.status_code == 302
    assert (newest("role.deleted").actor, newest("role.deleted").subject) == ("root", "Extra")
