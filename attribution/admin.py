"""The console's tables of floor 4: goals, experiments, channel costs. Reports are in `pages`."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from attribution.models import ChannelCost, Experiment, Goal, Open, ReportRun
from campaigns.admin.delivery import ChannelFilter
from campaigns.labels import CHANNELS, say
from compliance.console.lists import ReadOnlyAdmin
from compliance.console.shown import code


@admin.register(Goal)
class GoalAdmin(ReadOnlyAdmin):
    """What counts as success for a journey."""

    list_display = (
        "name",
        "journey",
        "kind",
        "value_property",
        "currency",
        "days",
        "in_force_from",
    )
    list_filter = ("kind", "journey")
    list_select_related = ("journey",)
    ordering = ("journey__name", "kind", "-number")
    exclude = ("window",)
    readonly_fields = ("days",)

    @display(description=_("attribution window"), ordering="window")
    def days(self, goal: Goal) -> str:
        """How long after entry an event counts."""
        days = goal.window.days
        return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


@admin.register(Experiment)
class ExperimentAdmin(ReadOnlyAdmin):
    """Registered comparisons; their results are on the report of the journey."""

    list_display = ("name", "key", "journey", "node", "control", "registered_at")
    list_select_related = ("journey",)
    ordering = ("-registered_at",)


@admin.register(ChannelCost)
class ChannelCostAdmin(ReadOnlyAdmin):
    """Money spent on a channel beyond what each touch cost."""

    list_display = ("journey", "medium", "on", "amount", "currency", "note")
    list_filter = ("journey", ChannelFilter)
    list_select_related = ("journey",)
    ordering = ("-on",)

    @display(description=_("channel"), ordering="channel")
    def medium(self, cost: ChannelCost) -> str:
        """The channel in words."""
        return say(CHANNELS, cost.channel)


@admin.register(Open)
class OpenAdmin(ReadOnlyAdmin):
    """Who fetched the pictures of messages; the page says what that proves."""

    list_display = ("touch", "kind", "times", "first_at", "last_at")
    list_filter = ("kind",)
    ordering = ("-id",)
    about = _(
        "Apple Mail fetches the picture of every message that arrives, read or not, and other"
        " programs never fetch it. Openings are therefore neither proof of reading nor complete:"
        " they decide no experiment and no further message."
    )


@admin.register(ReportRun)
class ReportRunAdmin(ReadOnlyAdmin):
    """Reports as they were computed, to make a figure again."""

    list_display = ("id", "kind", "subject", "method", "cut_off", "made_at", "short_hash")
    list_filter = ("kind",)
    ordering = ("-id",)
    search_fields = ("subject__startswith",)

    @display(description=_("hash of the result"))
    def short_hash(self, run: ReportRun) -> SafeString:
        """The first characters; the page shows all."""
        return code(run.result_hash[:12])
