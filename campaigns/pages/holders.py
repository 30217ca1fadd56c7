"""Who holds a product that no longer suits him."""

from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _t
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from campaigns.actions.holders import Match, match_holders
from campaigns.errors import NotOnRecord
from compliance.console.shown import Panel, figure, moment
from compliance.models import Product
from compliance.queries import clock_now

app_name = "holders"
VIEW: Final = ("compliance.view_product", "customers.view_customer")
MOST: Final = 500


@never_cache
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """`?product=CODE`: how many hold it, and whom it does not suit today."""
    if not request.user.has_perms(VIEW):
        raise PermissionDenied
    # A code with a NUL in it is none, and PostgreSQL would not even look.
    asked = request.GET.get("product", "").replace("\x00", "").strip()
    context: dict[str, Any] = {"asked": asked, "refusal": "", "summary": "", "panels": []}
    if asked:
        try:
            found = match_holders(product_code=asked, most=MOST, now=clock_now())
        except NotOnRecord as error:
            context["refusal"] = str(error)
        else:
            context |= {"summary": _summary(found), "panels": [_panel(found)]}
    request.current_app = admin.site.name
    return TemplateResponse(
        request,
        "campaigns/holders.html",
        {
            **admin.site.each_context(request),
            "title": _t("Holders of a product"),
            "products": Product.objects.order_by("code").values_list("code", "name"),
            **context,
        },
    )


def _summary(found: Match) -> str:
    told = {
        "product": found.product,
        "risk": f"R{found.risk}" if found.risk else "—",
        "holders": figure(found.holders),
        "mismatched": figure(found.mismatched),
    }
    return (
        _t(
            "%(product)s, rated %(risk)s: %(holders)s customers hold it, and it does not suit"
            " %(mismatched)s of them today."
        )
        % told
    )


def _panel(found: Match) -> Panel:
    return Panel(
        title=_t("Whom it does not suit"),
        note=_t("The first %d by customer number.") % MOST if found.mismatched > MOST else "",
        headers=(_t("Customer"), _t("Risk level"), _t("Bought"), _t("Rules that object")),
        rows=[
            (one.customer_no, one.level or "—", moment(one.bought_at), ", ".join(one.rules))
            for one in found.shown
        ],
        empty=_t("It suits everybody who holds it."),
    )


urlpatterns: list[URLPattern] = [path("", admin.site.admin_view(index), name="index")]
