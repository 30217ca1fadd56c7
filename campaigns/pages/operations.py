"""How the stations stand, renewed every two seconds, and the button that stops them."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from campaigns.actions.stop import (
    PERMISSION,
    Scope,
    ask_release,
    keep_stopped,
    release,
    stop_sending,
)
from campaigns.channels.base import Channel
from campaigns.errors import CampaignError
from campaigns.labels import CHANNELS, FAULTS, REASONS, STAGES, TOUCH_STATES, say
from campaigns.models import EmergencyStop, Journey, PoisonRow, ProviderAccount
from campaigns.reports.operations import Account, Operations, Stage, operations, standing_stops
from compliance.console.acts import tell
from compliance.console.shown import Panel, Tone, badge, figure, link, moment
from compliance.errors import ComplianceError
from compliance.models import User
from compliance.queries import clock_now

app_name = "operations"
VIEW = "campaigns.view_emergencystop"
SLOW = 60.0  # seconds a due row may wait before its age is shown as a warning
SILENT = 30.0  # seconds without a sign of life after which a worker counts as gone


class StopForm(forms.Form):
    """What to stop and why; nothing named is everything."""

    channel = forms.ChoiceField(
        label=_("channel"),
        required=False,
        choices=[("", "—"), *((c.value, CHANNELS[c.value]) for c in Channel)],
    )
    account = forms.ModelChoiceField(
        ProviderAccount.objects.order_by("key"),
        label=_("provider account"),
        required=False,
        empty_label="—",
    )
    journey = forms.ModelChoiceField(
        Journey.objects.filter(state__in=["running", "paused"]).order_by("name"),
        label=_("journey"),
        required=False,
        empty_label="—",
    )
    why = forms.CharField(
        label=_("why"),
        max_length=2000,
        error_messages={"required": _("Say why in a few words: who lets it go on has to know.")},
    )

    def clean(self) -> dict[str, Any]:
        """One scope at a time: each stop is released by itself."""
        given = super().clean() or {}
        if sum(bool(given.get(name)) for name in ("channel", "account", "journey")) > 1:
            raise forms.ValidationError(
                _t("Choose a channel, an account or a journey, not several.")
            )
        return given


@never_cache
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The page."""
    _person(request, VIEW)
    return _page(request, StopForm())


def _page(request: HttpRequest, form: StopForm) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": _t("Stations"),
        "form": form,
        "may_stop": request.user.has_perm(PERMISSION),
        **_board(),
    }
    request.current_app = admin.site.name
    return TemplateResponse(request, "campaigns/operations.html", context)


@never_cache
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """The figures alone, which the page fetches again every two seconds."""
    _person(request, VIEW)
    return TemplateResponse(request, "campaigns/_operations_board.html", _board())


@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """Stop at once; a question answered wrongly is asked again, with what was typed."""
    actor = _person(request, PERMISSION)
    form = StopForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    given = form.cleaned_data
    scope = Scope(channel=given["channel"], account=given["account"], journey=given["journey"])
    stop_sending(scope=scope, actor=actor.username, why=given["why"], now=clock_now())
    messages.success(request, _t("Stopped. Nothing more is handed over within ten seconds."))
    return redirect("operations:index")


@require_POST
def let_go(request: HttpRequest, pk: int) -> HttpResponse:
    """What the button said: ask for a release, agree to it, or keep it stopped.

    Another person may have asked since the page was drawn: a button does no more than it says.
    """
    actor = _person(request, PERMISSION)
    standing = get_object_or_404(EmergencyStop, pk=pk)
    known = {
        "ask": (ask_release, _t("A second person has to agree to the release.")),
        "agree": (release, _t("Released: what waited is judged anew and handed over.")),
        "keep": (keep_stopped, _t("It stays stopped.")),
    }
    if request.POST.get("act") not in known:
        messages.error(
            request, _t("Say which: ask for the release, agree to it, or keep it stopped.")
        )
        return redirect("operations:index")
    act, done = known[request.POST["act"]]
    tell(
        request,
        lambda: act(stop=standing, actor=actor, now=clock_now()),
        done=done,
        refusals=(CampaignError, ComplianceError),
    )
    return redirect("operations:index")


def stop_words(standing: EmergencyStop) -> str:
    """What is stopped, in a sentence's worth of words."""
    if standing.account is not None:
        return _t("account %(name)s") % {"name": standing.account.key}
    if standing.journey is not None:
        return _t("journey %(name)s") % {"name": standing.journey.name}
    return say(CHANNELS, standing.channel) if standing.channel else _t("everything")


def banner(request: HttpRequest) -> dict[str, Any]:
    """Context of every page of the console: what is stopped, for whoever is logged in."""
    if not request.user.is_authenticated or not request.user.is_staff:
        return {}
    return {"standing_stops": [stop_words(standing) for standing in standing_stops()]}


def _person(request: HttpRequest, permission: str) -> User:
    if not isinstance(request.user, User) or not request.user.has_perm(permission):
        raise PermissionDenied
    return request.user


def _board() -> dict[str, Any]:
    now = clock_now()
    found = operations(now=now, today=timezone.localdate(now))
    return {
        "now": moment(now),
        "tiles": [_tile(stage) for stage in found.stages],
        "stops": [
            (standing, stop_words(standing), moment(standing.stopped_at))
            for standing in found.stops
        ],
        "panels": [_rates(found), _troubles(found), _aside(found), _workers(found)],
    }


def _tile(stage: Stage) -> dict[str, object]:
    depth = f"≈ {figure(stage.depth)}" if stage.is_estimate else figure(stage.depth)
    is_slow = stage.depth and stage.age > SLOW
    oldest = _t("oldest %(age)s") % {"age": spell(stage.age)}
    return {
        "label": say(STAGES, stage.name),
        "figure": depth,
        "note": badge(oldest, Tone.WARN) if is_slow else (oldest if stage.depth else ""),
    }


def spell(seconds: float) -> str:
    """A span in the two largest units that matter."""
    span = timedelta(seconds=round(seconds))
    minutes, rest = divmod(span.seconds, 60)
    parts = (
        (span.days, ngettext("%(n)d day", "%(n)d days", span.days)),
        (minutes // 60, _t("%(n)d h")),
        (minutes % 60, _t("%(n)d min")),
        (rest, _t("%(n)d s")),
    )
    first = next((place for place, (n, _word) in enumerate(parts) if n), len(parts) - 1)
    return " ".join(word % {"n": n} for n, word in parts[first : first + 2])


def _rates(found: Operations) -> Panel:
    rates = {rate.account: rate for rate in found.rates}
    rows = []
    for account in found.accounts:
        rate = rates.get(account.key)
        spoken = (rate.minute, rate.five, rate.quarter) if rate else (0.0, 0.0, 0.0)
        rows.append(
            (
                link(
                    reverse("admin:campaigns_provideraccount_change", args=[account.id]),
                    account.key,
                ),
                say(CHANNELS, account.channel),
                _breaker(account),
                *(f"{value:,.1f}" for value in spoken),
                figure(account.per_second) if account.per_second else "—",
                _today(account),
            )
        )
    return Panel(
        title=_t("Provider accounts"),
        note=_t("Accepted per second over the last 1, 5 and 15 minutes."),
        headers=(
            _t("Account"),
            _t("Channel"),
            _t("Breaker"),
            *(_t("%(n)d min") % {"n": minutes} for minutes in (1, 5, 15)),
            _t("Limit per second"),
            _t("Reserved today"),
        ),
        rows=rows,
        empty=_t("There is no provider account yet."),
        numeric=frozenset({3, 4, 5, 6, 7}),
    )


def _breaker(account: Account) -> SafeString:
    if not account.is_active:
        return badge(_t("Switched off"), Tone.WARN)
    why = say(FAULTS, account.code)
    if account.is_half_open:
        return badge(_t("On trial: %(why)s") % {"why": why}, Tone.WARN)
    if not account.open_seconds:
        return badge(_t("Closed"), Tone.GOOD)
    said = _t("Open for %(span)s: %(why)s")
    return badge(said % {"span": spell(account.open_seconds), "why": why}, Tone.BAD)


def _today(account: Account) -> str:
    if account.reserved_today is None:
        return "—"
    taken = figure(account.reserved_today)
    return f"{taken} / {figure(account.per_day)}" if account.per_day is not None else taken


def _troubles(found: Operations) -> Panel:
    page = reverse("admin:campaigns_touch_changelist")
    return Panel(
        title=_t("Touches that need a person"),
        note=_t("Open the list, choose touches and an act: nothing is done before you confirm it."),
        headers=(
            _t("Account"),
            _t("State"),
            _t("Reason"),
            _t("The provider's word"),
            _t("Touches"),
            _t("Oldest"),
        ),
        rows=[
            (
                item.account,
                link(
                    f"{page}?state={item.state}&reason={item.reason}"
                    f"&account__id__exact={item.account_id}",
                    say(TOUCH_STATES, item.state),
                ),
                say(REASONS, item.reason),
                ", ".join(say(FAULTS, code) for code in item.codes) or "—",
                figure(item.count),
                spell(item.age),
            )
            for item in found.troubles
        ],
        empty=_t("No touch needs a person."),
        numeric=frozenset({4, 5}),
    )


def _aside(found: Operations) -> Panel:
    page = reverse("admin:campaigns_poisonrow_changelist")
    return Panel(
        title=_t("Put aside"),
        headers=(_t("Station"), _t("Error class"), _t("Rows"), _t("Oldest")),
        rows=[
            (
                PoisonRow.Stage(item.stage).label,
                link(
                    f"{page}?error_class={item.error_class}&replayed_at__isempty=1",
                    item.error_class,
                ),
                figure(item.count),
                spell(item.age),
            )
            for item in found.aside
        ],
        empty=_t("Nothing is put aside."),
        numeric=frozenset({2, 3}),
    )


def _workers(found: Operations) -> Panel:
    return Panel(
        title=_t("Workers"),
        headers=(_t("Worker"), _t("State"), _t("Last sign of life")),
        rows=[
            (
                worker.name,
                badge(_t("Silent"), Tone.BAD)
                if worker.silent > SILENT
                else badge(_t("Alive"), Tone.GOOD),
                _t("%(span)s ago") % {"span": spell(worker.silent)},
            )
            for worker in found.workers
        ],
        empty=_t("No worker has given a sign of life in the last ten minutes."),
        numeric=frozenset({2}),
    )


urlpatterns: list[URLPattern] = [
    path("", admin.site.admin_view(index), name="index"),
    path("board/", admin.site.admin_view(board), name="board"),
    path("stop/", admin.site.admin_view(stop), name="stop"),
    path("<int:pk>/release/", admin.site.admin_view(let_go), name="release"),
]
