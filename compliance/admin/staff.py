"""People and their roles."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from compliance.actions import record
from compliance.models import User
from compliance.queries import clock_now

admin.site.unregister(Group)


class OnRecord:
    """What is changed here is told by the audit trail, too: Django's own log can be edited."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Made."""
        self._record(request, "made", obj, message)
        return super().log_addition(request, obj, message)  # type: ignore[misc]

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Changed: fields, roles or the password, by name."""
        self._record(request, "changed", obj, message)
        return super().log_change(request, obj, message)  # type: ignore[misc]

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Model]) -> Any:
        """Deleted."""
        # Who is about to be deleted may be referred to by somebody who waits for the audit trail.
        ids = [obj.pk for obj in queryset]
        kind = self.model  # type: ignore[attr-defined]
        list(kind.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))
        for obj in queryset:
            self._record(request, "deleted", obj, "")
        return super().log_deletions(request, queryset)  # type: ignore[misc]

    def _record(self, request: HttpRequest, act: str, obj: Model, message: Any) -> None:
        kind, has_now = "role", {}
        if isinstance(obj, User):
            kind = "staff"
            roles = sorted(obj.groups.values_list("name", flat=True))
            has_now = {"roles": roles, "superuser": obj.is_superuser, "active": obj.is_active}
        record(
            actor=request.user.get_username(),
            action=f"{kind}.{act}",
            subject=str(obj),
            now=clock_now(),
            detail={"message": message, **has_now},
        )


@admin.register(User)
class StaffAdmin(OnRecord, UserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]
    """Members of staff; only a superuser sees them."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "roles", "is_active", "is_superuser", "last_login")
    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        (_("Console"), {"fields": ("language", "time_zone")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With the roles read along."""
        return super().get_queryset(request).prefetch_related("groups")

    @transaction.atomic
    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """Set somebody's password, which is on record or not done."""
        return super().user_change_password(request, id, form_url)

    @display(description=_("roles"))
    def roles(self, user: User) -> str:
        """The groups by name."""
        return ", ".join(group.name for group in user.groups.all()) or "—"


@admin.register(Group)
class RoleAdmin(OnRecord, GroupAdmin, ModelAdmin):  # type: ignore[misc]
    """The roles; `manage.py roles` sets them back to `compliance.roles`."""
