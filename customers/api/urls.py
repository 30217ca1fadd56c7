"""Addresses of the tracking endpoints, mounted at ``/v1/``."""

from django.urls import URLPattern, path

from customers.api.client_settings import segment_settings
from customers.api.collect import endpoint

CALLS = {
    "identify": "i",
    "track": "t",
    "page": "p",
    "screen": "s",
    "group": "g",
    "alias": "a",
    "batch": "b",
    "import": None,
}

urlpatterns: list[URLPattern] = [
    path(name, endpoint(call))
    for call, short in CALLS.items()
    for name in (call, short)
    if name is not None
]
urlpatterns.append(path("projects/<str:write_key>/settings", segment_settings))
