"""Addresses about single customers, under ``/api/v1/customers/``, and the page that confirms."""

from django.urls import URLPattern, path

from customers.api.consents import ConsentsView, PersonalisationView
from customers.api.opt_in import confirm_consent

urlpatterns: list[URLPattern] = [
    path("c/<str:token>", confirm_consent, name="confirm-consent"),
    path(
        "api/v1/customers/<str:number>/consents", ConsentsView.as_view(), name="customer-consents"
    ),
    path(
        "api/v1/customers/<str:number>/personalisation",
        PersonalisationView.as_view(),
        name="customer-personalisation",
    ),
]
