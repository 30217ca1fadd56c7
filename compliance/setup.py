"""What an installation needs before the first person logs in: the roles as groups."""

from collections.abc import Collection, Mapping

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from compliance.errors import ComplianceError
from compliance.roles import PERMISSIONS, Role


@transaction.atomic
def ensure_roles() -> dict[Role, Group]:
    """Create or update the groups to hold exactly the permissions of their role.

    Raises
    ------
    ComplianceError : a permission of `compliance.roles` has no table; migrate first.
    """
    codes = Permission.objects.values_list("pk", "content_type__app_label", "codename")
    known = {f"{app}.{codename}": pk for pk, app, codename in codes}
    wanted = {name for names in PERMISSIONS.values() for name in names}
    if missing := sorted(wanted - known.keys()):
        raise ComplianceError(
            f"No such permission: {', '.join(missing)}. Run manage.py migrate first."
        )
    Group.objects.bulk_create(
        [Group(name=role.value) for role in PERMISSIONS], ignore_conflicts=True
    )
    by_name = {group.name: group for group in Group.objects.filter(name__in=PERMISSIONS)}
    groups = {role: by_name[role.value] for role in PERMISSIONS}
    _hold({groups[role].pk: {known[name] for name in names} for role, names in PERMISSIONS.items()})
    return groups


def _hold(permissions: Mapping[int, Collection[int]]) -> None:
    """Let each group hold these permissions and no others, both by their ids."""
    links = Group.permissions.through.objects
    rows = links.filter(group__in=permissions).values_list("pk", "group", "permission")
    held = {(group, permission): pk for pk, group, permission in rows}
    wanted = {(group, one) for group, names in permissions.items() for one in names}
    if surplus := [pk for pair, pk in held.items() if pair not in wanted]:
        links.filter(pk__in=surplus).delete()
    links.bulk_create(
        [
            Group.permissions.through(group_id=group, permission_id=permission)
            for group, permission in sorted(wanted - held.keys())
        ],
        ignore_conflicts=True,
    )
