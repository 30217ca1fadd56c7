"""What the builder asks while a rule is made: what there is to say, and what it would select."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from compliance.console import figure
from compliance.json_box import decode
from compliance.queries import clock_now
from compliance.reader import language, say
from customers.queries.identities import masked_name
from segments.admin.vocabulary import vocabulary
from segments.errors import RuleError
from segments.queries.sizes import Preview, customers_of, preview

SEES_CUSTOMERS = "customers.view_customer"


class RuleViews:
    """Addresses of the segment pages that answer in JSON. Nothing is saved by them."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        """One address for each question."""
        view = self.admin_site.admin_view
        own = [
            path("vocabulary/", view(self.vocabulary_view), name="segments_segment_vocabulary"),
            path("preview/", view(self.preview_view), name="segments_segment_preview"),
        ]
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc]  # mixed into an admin
        return own + urls

    def vocabulary_view(self, request: HttpRequest) -> HttpResponse:
        """Kinds, fields, operators, names and words."""
        self._require_reader(request)
        return JsonResponse(vocabulary())

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
            return refused(_t("Counting takes too long for a preview. Save it and refresh."), "")
        return JsonResponse(_told(found, may_see=request.user.has_perm(SEES_CUSTOMERS)))

    def _require_reader(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied


def sentence(error: RuleError) -> str:
    """What is wrong, with its place in front."""
    return f"{error.path or '/'} — {say(error)}"


def refused(said: str, pointer: str) -> JsonResponse:
    """No answer, and why not; the builder shows it at the place."""
    headline = f"{pointer} — {said}" if pointer else said
    return JsonResponse({"ok": False, "headline": headline, "sentence": said, "pointer": pointer})


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
