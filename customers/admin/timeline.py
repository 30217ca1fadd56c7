"""All events of one customer, page by page, with a filter by name."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

import orjson
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t

from compliance.console.lists import ConsoleAdmin
from compliance.console.shown import Panel, code, moment
from compliance.queries import clock_now
from customers.identifiers import redact
from customers.models import Customer
from customers.queries.timeline import TimelinePage, event_names, timeline

SHOWN_PROPERTIES: Final = 300
PAGE: Final = 50


class TimelinePages(ConsoleAdmin):
    """The page behind the button *Timeline* of a customer."""

    def get_urls(self) -> list[URLPattern]:
        """Its address."""
        view = self.admin_site.admin_view(self.timeline_view)
        address = "<int:pk>/timeline/"
        return [path(address, view, name="customers_customer_timeline"), *super().get_urls()]

    def timeline_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """``?name=EVENT&after=MARK``; what is no mark is the beginning."""
        customer = get_object_or_404(Customer, pk=pk)
        if not self.has_view_permission(request, customer):
            raise PermissionDenied
        name = request.GET.get("name", "").replace("\x00", "")
        after = request.GET.get("after", "")
        try:
            page = timeline(pk, until=clock_now(), name=name, after=after, most=PAGE)
        except (ValueError, OverflowError):
            page = timeline(pk, until=clock_now(), name=name, most=PAGE)
        older = urlencode({"name": name, "after": page.next}) if page.next else ""
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Timeline of %(number)s") % {"number": customer.customer_no},
            "names": event_names(pk),
            "name": name,
            "older": older,
            "is_first": not after,
            "panels": [_panel(page)],
            "back": reverse("admin:customers_customer_change", args=[pk]),
        }
        return TemplateResponse(request, "customers/timeline.html", context)


def _panel(page: TimelinePage) -> Panel:
    return Panel(
        title=_t("Events"),
        headers=(_t("At"), _t("Event"), _t("Kind"), _t("Source"), _t("Properties")),
        rows=event_rows(page),
        empty=_t("No event of this kind."),
    )


def event_rows(page: TimelinePage) -> Sequence[tuple[object, ...]]:
    """Events as a panel shows them, what names a person masked."""
    return [
        (
            moment(event.occurred_at),
            event.name,
            event.kind,
            event.source or "—",
            code(_shortened(event.properties)),
        )
        for event in page.events
    ]


def _shortened(properties: object) -> str:
    text = redact(orjson.dumps(properties).decode())
    return text if len(text) <= SHOWN_PROPERTIES else text[:SHOWN_PROPERTIES] + "…"
