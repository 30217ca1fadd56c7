"""Addresses of floor 3."""

from django.urls import path

from campaigns.api import hooks, preferences

urlpatterns = [
    path("hooks/<slug:account>/", hooks.receive, name="receipts"),
    path("u/<str:token>", preferences.preferences, name="preferences"),
]
