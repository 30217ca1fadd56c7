"""Addresses of floor 2: segments, the dictionary of tags, a customer's tags."""

from django.urls import URLPattern, path

from segments.api.dictionary import DictionaryView
from segments.api.segments import MembersView, PreviewView, SegmentsView, SegmentView
from segments.api.tags import AllowedView, TagsView, TagView

urlpatterns: list[URLPattern] = [
    path("api/v1/segments", SegmentsView.as_view(), name="segments"),
    path("api/v1/segments/preview", PreviewView.as_view(), name="segment-preview"),
    path("api/v1/segments/<str:key>", SegmentView.as_view(), name="segment"),
    path("api/v1/segments/<str:key>/members", MembersView.as_view(), name="segment-members"),
    path("api/v1/tags", DictionaryView.as_view(), name="tags"),
    path("api/v1/customers/<str:number>/tags", TagsView.as_view(), name="customer-tags"),
    path("api/v1/customers/<str:number>/tags/<str:tag>", TagView.as_view(), name="customer-tag"),
    path(
        "api/v1/customers/<str:number>/tags/<str:tag>/allow",
        AllowedView.as_view(),
        name="customer-tag-allow",
    ),
]
