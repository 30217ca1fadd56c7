"""Every address of the installation, by floor."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from django.views.i18n import JavaScriptCatalog
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config import health
from customers.api.client_settings import rudder_settings

admin.autodiscover()

# It renders pages only: REST framework would fail to make one of what OPTIONS asks.
DOCUMENTS = SpectacularSwaggerSplitView.as_view(
    url_name="schema", http_method_names=["get", "head"]
)

# Where a browser looks on pages that name no picture of their own: refusals, preferences.
PICTURE = RedirectView.as_view(url=f"{settings.STATIC_URL}console/mark.svg")

handler400 = "config.refusals.unreadable"
handler403 = "config.refusals.forbidden"
handler404 = "config.refusals.not_found"
handler500 = "config.refusals.broken"

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/reports/", include("attribution.pages")),
    path("admin/operations/", include("campaigns.pages.operations")),
    path("admin/workbench/", include("campaigns.pages.workbench")),
    path("admin/lookalike/", include("segments.pages.lookalike")),
    path("admin/value/", include("segments.pages.value")),
    path("admin/holders/", include("campaigns.pages.holders")),
    path("admin/", admin.site.urls),
    path("v1/", include("customers.api.urls")),
    path("sourceConfig", rudder_settings),
    path("sourceConfig/", rudder_settings),
    path("", include("customers.api.people")),
    path("", include("segments.api.urls")),
    path("", include("campaigns.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", DOCUMENTS, name="api-docs"),
    path("", include("attribution.api.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("jsi18n/", JavaScriptCatalog.as_view(), name="javascript-catalog"),
    path("favicon.ico", PICTURE),
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("metrics", health.metrics),
]
