"""The button *Refresh the members* of a segment's page, and how far a worker is with it."""

from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from compliance.bells import ring
from compliance.console.acts import person, tell
from compliance.console.shown import figure, moment
from compliance.queries import clock_now
from segments.actions.ask_refresh import ask_refresh
from segments.actions.refresh import Moves
from segments.admin.pages import SegmentPages
from segments.errors import NotPossible
from segments.models import RefreshRun, Segment
from segments.tasks import refresh_asked_tick
from segments.vocabulary import RefreshStep

_STEPS: Final = {
    RefreshStep.WAITING: _("Waiting for a worker."),
    RefreshStep.JUDGING: _("The rule runs over every customer."),
    RefreshStep.MOVING: _("Who left is let out, who came is let in."),
    RefreshStep.TIMING: _("It is noted when time may move them next."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshBox:
    """What the segment's page says of the newest refresh; ``told`` is empty where none was asked
    for. ``may_ask``: there are members to refresh. ``question``: how many would come in and leave,
    which the page shows, so that pressing the button says yes to as many.
    """

    may_ask: bool
    question: Moves | None
    is_busy: bool
    told: str


class RefreshPages(SegmentPages):
    """The addresses behind the button."""

    def get_urls(self) -> list[URLPattern]:
        """Where it posts to, and what the page asks each second."""
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/refresh/", view(self.refresh_view), name="segments_segment_refresh"),
            path(
                "<int:pk>/refresh/progress/",
                view(self.refresh_progress_view),
                name="segments_segment_refresh_progress",
            ),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def refresh_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask the workers to bring the members up to date."""
        segment = self.seen_segment(request, pk)
        if not self.has_change_permission(request, segment):
            raise PermissionDenied
        is_asked = tell(
            request,
            lambda: ask_refresh(
                segment=segment,
                agreed=_agreed(request),
                actor=person(request),
                now=clock_now(),
            ),
            done=_t("The members are being refreshed. You may leave this page."),
            refusals=(NotPossible,),
        )
        if is_asked:
            ring(refresh_asked_tick)
        return redirect("admin:segments_segment_change", pk)

    @method_decorator(never_cache)
    def refresh_progress_view(self, request: HttpRequest, pk: int) -> JsonResponse:
        """How far the newest refresh is, in words and as a share of its steps."""
        segment = self.seen_segment(request, pk)
        run = _newest(segment)
        return JsonResponse(
            {
                "is_busy": _is_busy(run),
                "done": run.step if run else 0,
                "total": len(RefreshStep),
                "told": _told(run),
            }
        )


def refresh_box(segment: Segment) -> RefreshBox:
    """What its page shows."""
    run, question = _newest(segment), None
    match segment.held_why:
        case {"code": "moved", "entered": int(entered), "left": int(left)}:
            question = (entered, left)
    return RefreshBox(
        may_ask=segment.kind == Segment.Kind.RULE and segment.archived_at is None,
        question=question,
        is_busy=_is_busy(run),
        # The question stands there by its newest numbers.
        told="" if question and run and run.state == RefreshRun.State.HELD else _told(run),
    )


def _agreed(request: HttpRequest) -> Moves | None:
    """What the button carries; None: it asks first."""
    entered, left = (request.POST.get(name, "")[:18] for name in ("entered", "left"))
    is_told = all(text.isascii() and text.isdigit() for text in (entered, left))
    return (int(entered), int(left)) if is_told else None


def _newest(segment: Segment) -> RefreshRun | None:
    asked = RefreshRun.objects.filter(segment=segment).select_related("asked_by", "segment")
    return asked.order_by("-id").first()


def _is_busy(run: RefreshRun | None) -> bool:
    return run is not None and run.state == RefreshRun.State.ASKED


def _told(run: RefreshRun | None) -> str:
    if run is None:
        return ""
    moves = {
        "entered": figure(run.entered),
        "left": figure(run.left),
        "size": figure(run.size),
        "at": moment(run.done_at),
        "who": run.asked_by.username,
    }
    match RefreshRun.State(run.state):
        case RefreshRun.State.ASKED:
            return _under_way(run)
        case RefreshRun.State.DONE:
            return (
                _t(
                    "Refreshed at %(at)s for %(who)s: %(entered)s came in, %(left)s left, %(size)s"
                    " customers are in."
                )
                % moves
            )
        case RefreshRun.State.HELD:
            return (
                _t(
                    "Nothing was moved at %(at)s: %(entered)s would come in and %(left)s leave,"
                    " more than this segment allows at once."
                )
                % moves
            )
        case RefreshRun.State.BROKEN:
            return _t("Nothing was moved at %(at)s: the rule cannot be run.") % moves
        case RefreshRun.State.FAILED:
            return _t(
                "Nothing was moved: the worker was stopped three times before it came to an end."
                " Ask whoever runs the installation, or try again."
            )


def _under_way(run: RefreshRun) -> str:
    said: dict[str, Any] = {"step": _STEPS[RefreshStep(run.step)]}
    if run.begun_at is None or run.step == RefreshStep.WAITING:
        return str(said["step"])
    seconds = max(0, round((clock_now() - run.begun_at).total_seconds()))
    said |= {"number": run.step, "of": len(RefreshStep) - 1, "seconds": figure(seconds)}
    return _t("Step %(number)s of %(of)s: %(step)s %(seconds)s s so far.") % said
