"""Which of a channel's accounts gets its messages."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from campaigns import labels
from campaigns.actions.routing import set_policy
from campaigns.labels import CHANNELS, POLICIES
from campaigns.models import ChannelRoute
from campaigns.states import Policy
from compliance.console.acts import person
from compliance.console.lists import ConsoleAdmin
from compliance.queries import clock_now


@admin.register(ChannelRoute)
class ChannelRouteAdmin(ConsoleAdmin):
    """A channel without a row goes by its default account; the others stand in when it is down."""

    about = _(
        "Which of a channel's accounts carries a message. A channel that is not listed goes by its"
        " default account, and by the others with a share while that one is down."
    )

    fields = ("channel", "policy")
    list_display = ("medium", "by")
    ordering = ("channel",)

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        """Channels and policies in words."""
        field: forms.Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        words = {"channel": CHANNELS, "policy": POLICIES}.get(db_field.name)
        if words and isinstance(field, forms.ChoiceField):
            codes = [value for value, _word in db_field.choices]
            field.choices = [(code, words[code]) for code in codes]
        return field

    def get_readonly_fields(
        self, request: HttpRequest, obj: ChannelRoute | None = None
    ) -> tuple[str, ...]:
        """The channel names the row."""
        return ("channel",) if obj else ()

    def save_model(self, request: HttpRequest, obj: ChannelRoute, form: Any, change: bool) -> None:
        """By the verb."""
        set_policy(
            channel=obj.channel,
            policy=Policy(obj.policy),
            actor=person(request).username,
            now=clock_now(),
        )

    @display(description=_("channel"), ordering="channel")
    def medium(self, route: ChannelRoute) -> str:
        """The channel in words."""
        return labels.say(CHANNELS, route.channel)

    @display(description=_("policy"))
    def by(self, route: ChannelRoute) -> str:
        """The policy in words."""
        return labels.say(POLICIES, route.policy)
