"""Addresses of floor 4."""

from django.urls import path

from attribution.api import links

urlpatterns = [
    path("r/<str:token>", links.redirect, name="tracked-link"),
    path("o/<str:token>.gif", links.pixel, name="open-pixel"),
]
