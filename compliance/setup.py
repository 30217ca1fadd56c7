"""What an installation needs before the first person logs in: the roles as groups."""

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
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    wanted = {name for names in PERMISSIONS.values() for name in names}
    if missing := sorted(wanted - known.keys()):
        raise ComplianceError(
            f"No such permission: {', '.join(missing)}. Run manage.py migrate first."
        )
    groups = {}
    for role, names in PERMISSIONS.items():
        groups[role], _created = Group.objects.get_or_create(name=role.value)
        groups[role].permissions.set([known[name] for name in names])
    return groups
