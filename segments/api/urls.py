"""Addresses of floor 2, under ``/api/v1/segments``."""

from django.urls import URLPattern, path

from segments.api.segments import MembersView, SegmentsView

urlpatterns: list[URLPattern] = [
    path("api/v1/segments", SegmentsView.as_view(), name="segments"),
    path("api/v1/segments/<str:key>/members", MembersView.as_view(), name="segment-members"),
]
