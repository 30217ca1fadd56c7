"""Pages with buttons, each of which calls one verb after a confirmation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t

from compliance.console.lists import ConsoleAdmin
from compliance.models import User
from compliance.reader import say

OPINION_LENGTH = 2_000


def person(request: HttpRequest) -> User:
    """Who is logged in."""
    if not isinstance(request.user, User):
        raise TypeError("The console asks for a login before it shows a page.")
    return request.user


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A button with its confirmation. ``run`` takes the opinion that was typed, or nothing.

    ``opinion_label`` is what is asked for where it is something else; ``needs_opinion``: the
    box may not stay empty.

    ``seen`` names the content the page shows, where the act is about exactly that; a page that
    showed another content does nothing.
    """

    name: str
    label: str
    question: str
    done: str
    run: Callable[[str], object]
    seen: str = ""
    asks_opinion: bool = False
    needs_opinion: bool = False
    opinion_label: str = ""
    is_main: bool = False


def verdicts(verdict: Callable[..., object], *, question: str, seen: str) -> list[Act]:
    """The second person's two buttons.

    ``verdict`` is called with the opinion and ``approve``; ``question`` says what approving means.
    """
    return [
        Act(
            name="approve",
            label=_t("Approve"),
            question=question,
            done=_t("Approved."),
            run=partial(verdict, approve=True),
            seen=seen,
            asks_opinion=True,
            is_main=True,
        ),
        Act(
            name="return",
            label=_t("Return"),
            question=_t("The maker gets it back with your opinion."),
            done=_t("Returned to its maker."),
            run=partial(verdict, approve=False),
            seen=seen,
            asks_opinion=True,
        ),
    ]


class ActingAdmin(ConsoleAdmin):
    """A page with buttons, each of which calls one verb after a confirmation."""

    change_form_outer_before_template = "compliance/_acts.html"
    refusals: tuple[type[Exception], ...] = ()

    def acts(self, request: HttpRequest, item: Any) -> Sequence[Act]:
        """What this person may do with this item in its present state; nothing, unless told."""
        return ()

    def page_context(self, request: HttpRequest, item: Any) -> dict[str, Any]:
        """The buttons."""
        return {
            "acts": self.acts(request, item),
            "act_url": reverse(f"admin:{self._act_name()}", args=[item.pk]),
        }

    def get_urls(self) -> list[URLPattern]:
        """The address the buttons post to."""
        view = self.admin_site.admin_view(self.act_view)
        act = path("<int:pk>/act/", view, name=self._act_name())
        urls: list[URLPattern] = super().get_urls()
        return [act, *urls]

    def act_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do what the button says, if it is still possible, and go back to the page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        item = self.model._default_manager.filter(pk=pk).first()
        if item is None:
            messages.error(request, _t("Somebody took it away before: nothing was done."))
            return redirect(self._name_of("changelist"))
        wanted = request.POST.get("act", "")
        act = next((act for act in self.acts(request, item) if act.name == wanted), None)
        if act is None:
            messages.error(request, _t("That is not possible now, or not with your role."))
        elif act.seen and act.seen != request.POST.get("seen"):
            return self._changed(request, item)
        else:
            opinion = request.POST.get("opinion", "").replace("\x00", "")[:OPINION_LENGTH]
            tell(request, lambda: act.run(opinion), done=act.done, refusals=self.refusals)
        if not self.model._default_manager.filter(pk=pk).exists():  # the act took it away
            return redirect(self._name_of("changelist"))
        return redirect(self._name_of("change"), pk)

    def _changed(self, request: HttpRequest, item: Model) -> HttpResponse:
        """409: the verdict named another content than there is by now, and nothing was done."""
        context = {
            **self.admin_site.each_context(request),
            "title": str(item),
            "back": reverse(self._name_of("change"), args=[item.pk]),
        }
        return TemplateResponse(request, "compliance/changed.html", context, status=409)

    def _name_of(self, page: str) -> str:
        return f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"

    def _act_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_act"


def tell(
    request: HttpRequest,
    act: Callable[[], object],
    *,
    done: str,
    refusals: tuple[type[Exception], ...],
) -> bool:
    """Run one verb; its success and its refusal each become one message to the reader."""
    try:
        act()
    except refusals as refusal:
        messages.error(request, say(refusal))
        return False
    messages.success(request, done)
    return True
