"""All touches of one customer, page by page, each with its reason and the way to why."""

from typing import Final
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t

from attribution.pages import VIEW_DECISIONS
from campaigns.admin.delivery import touch_badge
from campaigns.labels import CHANNELS, REASONS, say
from campaigns.models import Touch
from campaigns.queries.touches import TouchesPage, touches_of
from compliance.console.lists import ConsoleAdmin
from compliance.console.shown import Panel, link, moment
from customers.models import Customer
from customers.queries.rights import ids_of

NEWEST: Final = 20
PAGE: Final = 50
VIEW_TOUCHES: Final = "campaigns.view_touch"


class TouchesPages(ConsoleAdmin):
    """The page behind the button *Touches* of a customer."""

    def get_urls(self) -> list[URLPattern]:
        """Its address."""
        view = self.admin_site.admin_view(self.touches_view)
        address = "<int:pk>/touches/"
        return [path(address, view, name="customers_customer_touches"), *super().get_urls()]

    def touches_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """``?after=MARK``; what is no mark is the beginning."""
        customer = get_object_or_404(Customer, pk=pk)
        may_see = self.has_view_permission(request, customer)
        if not may_see or not request.user.has_perm(VIEW_TOUCHES):
            raise PermissionDenied
        after, ids = request.GET.get("after", ""), ids_of(customer)
        try:
            page = touches_of(ids, after=after, most=PAGE)
        except (ValueError, OverflowError):
            after, page = "", touches_of(ids, most=PAGE)
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Touches of %(number)s") % {"number": customer.customer_no},
            "older": urlencode({"after": page.next}) if page.next else "",
            "is_first": not after,
            "panels": [touches_panel(request, customer, page, title=_t("Touches"))],
            "back": reverse("admin:customers_customer_change", args=[pk]),
        }
        return TemplateResponse(request, "customers/touches.html", context)


def newest_touches(request: HttpRequest, customer: Customer) -> Panel:
    """The first of them, for the customer's page."""
    page = touches_of(ids_of(customer), most=NEWEST)
    note = _t("All of them are under Touches.") if page.next else ""
    return touches_panel(request, customer, page, title=_t("Newest touches"), note=note)


def touches_panel(
    request: HttpRequest, customer: Customer, page: TouchesPage, *, title: str, note: str = ""
) -> Panel:
    """Touches with what became of each and why; the last column for those who may ask."""
    may_ask = request.user.has_perms(VIEW_DECISIONS)
    headers = [_t("Queued at"), _t("Journey"), _t("Channel"), _t("State"), _t("Reason")]
    rows = [_row(touch) for touch in page.touches]
    if may_ask:
        headers.append(_t("Decisions"))
        for row, touch in zip(rows, page.touches, strict=True):
            row.append(_why(customer, touch))
    return Panel(
        title=title,
        note=note,
        headers=headers,
        rows=rows,
        empty=_t("No message was ever decided for this customer."),
    )


def _row(touch: Touch) -> list[object]:
    page = reverse("admin:campaigns_touch_change", args=[touch.pk])
    return [
        link(page, moment(touch.queued_at)),
        touch.journey,
        say(CHANNELS, touch.channel),
        touch_badge(touch.state),
        say(REASONS, touch.reason) if touch.reason else "—",
    ]


def _why(customer: Customer, touch: Touch) -> SafeString:
    asked = urlencode({"customer": customer.customer_no, "journey": touch.journey.key})
    return link(f"{reverse('reports:why')}?{asked}", _t("Why / why not"))
