"""Addresses about customers, their events and the audit trail, under ``/api/v1/``; confirming."""

from django.urls import URLPattern, path

from customers.api.audit import AuditView
from customers.api.consents import ConsentsView, PersonalisationView
from customers.api.customers import (
    CorrectionsView,
    CustomerView,
    RevealView,
    TimelineView,
)
from customers.api.events import EventsView
from customers.api.merges import ProposalsView, ProposalView
from customers.api.opt_in import confirm_consent

urlpatterns: list[URLPattern] = [
    path("c/<str:token>", confirm_consent, name="confirm-consent"),
    path("api/v1/customers/<str:number>", CustomerView.as_view(), name="customer"),
    path(
        "api/v1/customers/<str:number>/timeline", TimelineView.as_view(), name="customer-timeline"
    ),
    path(
        "api/v1/customers/<str:number>/corrections",
        CorrectionsView.as_view(),
        name="customer-corrections",
    ),
    path(
        "api/v1/customers/<str:number>/identifiers/<int:identifier>/reveal",
        RevealView.as_view(),
        name="customer-reveal",
    ),
    path("api/v1/audit", AuditView.as_view(), name="audit"),
    path("api/v1/events", EventsView.as_view(), name="events"),
    path("api/v1/merges", ProposalsView.as_view(), name="merges"),
    path("api/v1/merges/<int:proposal>", ProposalView.as_view(), name="merge"),
    path(
        "api/v1/customers/<str:number>/consents", ConsentsView.as_view(), name="customer-consents"
    ),
    path(
        "api/v1/customers/<str:number>/personalisation",
        PersonalisationView.as_view(),
        name="customer-personalisation",
    ),
]
