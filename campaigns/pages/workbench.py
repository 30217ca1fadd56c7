"""The advisor's workbench: the day's tasks, whom to call and what came of it."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from campaigns.actions import workbench
from campaigns.errors import StateConflict
from campaigns.labels import CHANNELS, CONSENT_CHANNELS, DISPOSITIONS, PURPOSES, TOUCH_STATES, say
from campaigns.models import AdvisorTask
from campaigns.reports.workbench import Summary, board, summary
from campaigns.states import Disposition
from compliance.console.shown import moment
from compliance.models import User
from compliance.queries import clock_now
from customers.vocabulary import ConsentState

app_name = "workbench"
WORK = "campaigns.change_advisortask"
# Digits on the keyboard and the order on the screen.
OUTCOMES = (Disposition.INTERESTED, Disposition.REACHED, Disposition.NOT_REACHED)


@never_cache
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The lists, and what may be undone."""
    _advisor(request)
    return _page(request)


@never_cache
@require_GET
def tasks(request: HttpRequest) -> HttpResponse:
    """The lists alone: the page fetches them again every few seconds."""
    return TemplateResponse(request, "campaigns/_workbench_tasks.html", _board(request))


@never_cache
@require_GET
def task(request: HttpRequest, pk: int) -> HttpResponse:
    """One task beside the lists."""
    _advisor(request)
    return _page(request, get_object_or_404(AdvisorTask, pk=pk))


@require_POST
def claim(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a task, then show it."""
    advisor = _advisor(request)
    try:
        claimed = workbench.claim_task(task_id=pk, advisor=advisor, now=clock_now())
    except StateConflict as conflict:
        messages.error(request, str(conflict))
        return redirect("workbench:index")
    if claimed.disposition == Disposition.FORBIDDEN:
        messages.warning(
            request, _t("This customer may not be called any more. The task is closed.")
        )
        return redirect("workbench:index")
    return redirect("workbench:task", pk)


@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a task back."""
    advisor = _advisor(request)
    _tell(request, lambda: workbench.release_task(task_id=pk, advisor=advisor, now=clock_now()))
    return redirect("workbench:index")


@never_cache
def number(request: HttpRequest, pk: int) -> HttpResponse:
    """The task with the number to dial: in this answer only, never in an address or a session."""
    advisor = _advisor(request)
    if request.method != "POST":
        return redirect("workbench:task", pk)
    try:
        shown = workbench.reveal_number(task_id=pk, advisor=advisor, now=clock_now())
    except StateConflict as conflict:
        messages.error(request, str(conflict))
        return redirect("workbench:task", pk)
    return _page(request, get_object_or_404(AdvisorTask, pk=pk), number=shown)


@require_POST
def call(request: HttpRequest, pk: int) -> HttpResponse:
    """Record what came of the call; where it cannot be, the note comes back with the reason."""
    advisor = _advisor(request)
    try:
        outcome = _outcome(request)
        workbench.record_call(task_id=pk, advisor=advisor, outcome=outcome, now=clock_now())
    except StateConflict as conflict:
        messages.error(request, str(conflict))
        if note := request.POST.get("note", "").replace("\x00", "").strip():
            chosen = get_object_or_404(AdvisorTask, pk=pk)
            return _page(request, chosen, note=note, status=HTTPStatus.CONFLICT)
        return redirect("workbench:task", pk)
    return redirect("workbench:index")


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an outcome back and show its task again."""
    advisor = _advisor(request)
    try:
        undone = workbench.undo_call(call_id=pk, advisor=advisor, now=clock_now())
    except StateConflict as conflict:
        messages.error(request, str(conflict))
        return redirect("workbench:index")
    return redirect("workbench:task", undone.pk)


def _advisor(request: HttpRequest) -> User:
    """Who is at work; whoever may not gets no further."""
    if not isinstance(request.user, User) or not request.user.has_perm(WORK):
        raise PermissionDenied
    return request.user


def _outcome(request: HttpRequest) -> workbench.Outcome:
    """What the form says. Raises `StateConflict` for what no button of ours sends."""
    sent, note = request.POST, request.POST.get("note", "").replace("\x00", "")
    if "call_at" in sent:
        at = _time(sent["call_at"])
        return workbench.Outcome(disposition=Disposition.CALL_LATER, note=note, call_at=at)
    if "withdraws" in sent:
        return workbench.Outcome(disposition=Disposition.REFUSED, note=note, withdraws=True)
    if sent.get("disposition") not in {*OUTCOMES, Disposition.REFUSED}:
        raise StateConflict(_t("Choose what came of the call."))
    return workbench.Outcome(disposition=Disposition(sent["disposition"]), note=note)


def _time(text: str) -> datetime | None:
    """A time as a form sends it, in the reader's zone unless it names one."""
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else timezone.make_aware(at)
    except (ValueError, OverflowError):
        return None


def _tell(request: HttpRequest, act: Callable[[], object]) -> None:
    try:
        act()
    except StateConflict as conflict:
        messages.error(request, str(conflict))


def _board(request: HttpRequest) -> dict[str, object]:
    now = clock_now()
    queue = request.GET.get("queue", "").replace("\x00", "")[:64]
    seen = board(advisor=_advisor(request), queue=queue, now=now)
    return {
        "board": seen,
        "now": now,
        "undone_word": say(DISPOSITIONS, seen.undoable.disposition) if seen.undoable else "",
    }


def _page(
    request: HttpRequest,
    chosen: AdvisorTask | None = None,
    *,
    number: str = "",
    note: str = "",
    status: int = HTTPStatus.OK,
) -> TemplateResponse:
    now = clock_now()
    request.current_app = admin.site.name
    context = {**admin.site.each_context(request), "title": _t("Workbench"), **_board(request)}
    if chosen is not None:
        context |= _detail(request, chosen, now) | {"number": number, "note": note}
    return TemplateResponse(request, "campaigns/workbench.html", context, status=status)


def _detail(request: HttpRequest, chosen: AdvisorTask, now: datetime) -> dict[str, object]:
    """One task in words."""
    seen = summary(task=chosen, now=now)
    is_held = chosen.claimed_until is not None and chosen.claimed_until > now
    is_mine = is_held and chosen.claimed_by_id == request.user.pk
    times = workbench.later_times(task=chosen, now=now) if is_mine else []
    return {
        "task": chosen,
        "customer": seen,
        "is_mine": is_mine,
        "is_held": is_held,
        "at": chosen.call_at or chosen.due_at,
        "outcomes": [(said.value, say(DISPOSITIONS, said)) for said in OUTCOMES],
        "later": [(at.isoformat(), moment(at)) for at in times],
        "done_word": say(DISPOSITIONS, chosen.disposition) if chosen.done_at else "",
        **_history(seen),
    }


def _history(seen: Summary) -> dict[str, object]:
    return {
        "consents": [
            (say(PURPOSES, purpose), say(CONSENT_CHANNELS, channel), state == ConsentState.GRANTED)
            for purpose, channel, state in seen.consents
        ],
        "touches": [
            (moment(at), journey, say(CHANNELS, channel), say(TOUCH_STATES, state))
            for at, journey, channel, state in seen.touches
        ],
        "events": [(moment(at), name) for at, name in seen.events],
        "calls": [
            (moment(at), who, say(DISPOSITIONS, said), note) for at, who, said, note in seen.calls
        ],
    }


urlpatterns: list[URLPattern] = [
    path("", admin.site.admin_view(index), name="index"),
    path("tasks/", admin.site.admin_view(tasks), name="tasks"),
    path("<int:pk>/", admin.site.admin_view(task), name="task"),
    path("<int:pk>/claim/", admin.site.admin_view(claim), name="claim"),
    path("<int:pk>/release/", admin.site.admin_view(release), name="release"),
    path("<int:pk>/number/", admin.site.admin_view(number), name="number"),
    path("<int:pk>/call/", admin.site.admin_view(call), name="call"),
    path("undo/<int:pk>/", admin.site.admin_view(undo), name="undo"),
]
