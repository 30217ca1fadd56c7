"""What the builder asks while a rule is made: what may be said, whom it selects, and why him."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from compliance.console.shown import figure
from compliance.json_text import decode
from compliance.queries import clock_now
from compliance.reader import language, say
from customers.queries.identities import masked_name
from segments.admin.pages import SEES_CUSTOMERS
from segments.admin.vocabulary import vocabulary
from segments.errors import NoSuchCustomer, RuleError
from segments.queries.sizes import Preview, customers_of, preview
from segments.queries.why import why
from segments.rules.clauses import Clause


class RuleViews:
    """Addresses of the segment pages that answer in JSON. Nothing is saved by them."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        """One address for each question."""
        view = self.admin_site.admin_view
        own = [
            path("vocabulary/", view(self.vocabulary_view), name="segments_segment_vocabulary"),
            path("preview/", view(self.preview_view), name="segments_segment_preview"),
            path("why/", view(self.why_view), name="segments_segment_why"),
        ]
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc]  # mixed into an admin
        return own + urls

    def vocabulary_view(self, request: HttpRequest) -> HttpResponse:
        """Kinds, fields, operators, names and words; whose drafts the browser may offer."""
        self._require_reader(request)
        return JsonResponse({**vocabulary(), "reader": request.user.pk})

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """What the typed rule would select, in ready sentences.

        With ``exact`` only an exact count will do; else a slow one is estimated.
        """
        self._require_reader(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            found = preview(
                decode(request.POST.get("rule", "")),
                now=clock_now(),
                own_key=request.POST.get("key") or None,
                is_exact=bool(request.POST.get("exact")),
            )
        except RuleError as error:
            return refused(say(error), error.path)
        except ValueError as error:
            return refused(str(error), "")
        except OperationalError:
            return refused(_t("Counting takes too long for a preview. Save it and refresh."), None)
        return JsonResponse(_told(found, may_see=request.user.has_perm(SEES_CUSTOMERS)))

    def why_view(self, request: HttpRequest) -> HttpResponse:
        """Each clause of the typed rule for one customer, with what decided it."""
        self._require_reader(request)
        if not request.user.has_perm(SEES_CUSTOMERS):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        number = request.POST.get("number", "").strip()
        if not number:
            return refused(_t("Type a customer number."), None)
        try:
            clause = why(
                decode(request.POST.get("rule", "")),
                customer_no=number,
                now=clock_now(),
                own_key=request.POST.get("key") or None,
            )
        except RuleError as error:
            return refused(say(error), error.path)
        except NoSuchCustomer as error:
            return refused(say(error), None)
        except ValueError as error:
            return refused(str(error), "")
        except OperationalError:
            return refused(_t("It takes too long to find out. Try a shorter period."), None)
        verdict = _t("In the segment.") if clause.is_met else _t("Not in the segment.")
        return JsonResponse({"ok": True, "headline": verdict, "clause": _clause(clause)})

    def _require_reader(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied


def sentence(error: RuleError) -> str:
    """What is wrong, with its place in front."""
    return f"{error.path or '/'} — {say(error)}"


def refused(said: str, pointer: str | None) -> JsonResponse:
    """No answer, and why not; the builder shows it at the place, if the rule is at fault."""
    headline = f"{pointer} — {said}" if pointer else said
    return JsonResponse({"ok": False, "headline": headline, "sentence": said, "pointer": pointer})


def _clause(clause: Clause) -> dict[str, Any]:
    return {
        "pointer": clause.pointer,
        "is_met": clause.is_met,
        "joint": clause.joint,
        "asked": clause.asked[language()] if clause.asked else "",
        "found": say(clause.found) if clause.found else "",
        "children": [_clause(child) for child in clause.children],
    }


def _told(found: Preview, *, may_see: bool) -> dict[str, Any]:
    own, other = ("zh", "en") if language() == "zh" else ("en", "zh")
    return {
        "ok": True,
        "is_estimate": found.is_estimate,
        "headline": _size(found),
        "note": _how(found),
        "reading": found.explain[own],
        "other_reading": found.explain[other],
        "warnings": [
            {"pointer": warning.path, "sentence": say(warning.said)} for warning in found.warnings
        ],
        "members": _members(found) if may_see else [],
    }


def _size(found: Preview) -> str:
    if not found.is_estimate:
        return ngettext("%(count)s customer", "%(count)s customers", found.count) % {
            "count": figure(found.count)
        }
    if found.count == 0:
        return _t("fewer than %(most)s customers") % {"most": figure(found.margin)}
    return _t("about %(count)s ± %(margin)s customers") % {
        "count": figure(found.count),
        "margin": figure(found.margin),
    }


def _how(found: Preview) -> str:
    spent = {"ms": figure(round(found.milliseconds)), "asked": figure(found.asked)}
    if found.is_estimate:
        return (
            _t("Estimate from %(asked)s customers drawn at random (95 %%), in %(ms)s ms.") % spent
        )
    return _t("counted in %(ms)s ms") % spent


def _members(found: Preview) -> list[dict[str, str]]:
    """Some who match, as those see them who may: number, masked name, the way to the page."""
    return [
        {
            "number": customer.customer_no,
            "name": masked_name(customer) or "—",
            "url": reverse("admin:customers_customer_change", args=[customer.pk]),
        }
        for customer in customers_of(found.sample)
    ]
