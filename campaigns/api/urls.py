"""Addresses of floor 3."""

from django.urls import path

from campaigns.api import decide, hooks, inbox, preferences, templates, touches

urlpatterns = [
    path("hooks/<slug:account>/", hooks.receive, name="receipts"),
    path("u/<str:token>", preferences.preferences, name="preferences"),
    path("api/v1/decide", decide.DecideView.as_view(), name="decide"),
    path("api/v1/decide/<uuid:number>", decide.DecisionView.as_view(), name="decision"),
    path(
        "api/v1/decide/<uuid:number>/confirmation",
        decide.ConfirmationView.as_view(),
        name="decision-confirmation",
    ),
    path("api/v1/touches", touches.TouchesView.as_view(), name="touches"),
    path("api/v1/templates", templates.TemplatesView.as_view(), name="templates"),
    path("api/v1/templates/preview", templates.PreviewView.as_view(), name="template-preview"),
    path("api/v1/inbox", inbox.InboxView.as_view(), name="inbox"),
    path("api/v1/inbox/tokens", inbox.TokenView.as_view(), name="inbox-tokens"),
    path("api/v1/inbox/read", inbox.ReadAllView.as_view(), name="inbox-read-all"),
    path("api/v1/inbox/<uuid:key>/<str:act>", inbox.ActView.as_view(), name="inbox-act"),
]
