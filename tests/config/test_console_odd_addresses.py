"""Addresses that people and machines make up end in a page, never in a server error."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from compliance.models import User

admin.autodiscover()

ODD = ("\0", "x", "9" * 20, "-1")
LISTS = sorted(model._meta.label_lower for model in admin.site._registry)


def filters(label: str) -> list[str]:
    """The parameters that the list's filters read."""
    model = next(m for m in admin.site._registry if m._meta.label_lower == label)
    names: list[str] = []
    for one in admin.site._registry[model].list_filter:
        if isinstance(one, str):
            names += [one, f"{one}__exact", f"{one}__id__exact"]
        elif hasattr(one, "parameter_name"):
            names.append(one.parameter_name)
    return [*names, "q", "p", "o", "id__exact"]


@pytest.mark.django_db
@pytest.mark.parametrize("label", LISTS)
def test_a_list_bears_any_filter(label: str) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    page = reverse(f"admin:{label.replace('.', '_')}_changelist")

    answers = {
        (name, value): client.get(page, {name: value}).status_code
        for name in filters(label)
        for value in ODD
    }

    assert set(answers.values()) <= {200, 302, 400}, answers


def test_the_picture_of_the_tab_is_where_browsers_look_by_themselves() -> None:
    answer = Client().get("/favicon.ico")

    assert (answer.status_code, answer["Location"]) == (302, "/static/console/mark.svg")


@pytest.mark.django_db
def test_an_address_sorts_by_no_column_that_the_list_does_not_sort_by() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root", "", "x"))
    page = reverse("admin:customers_customer_changelist")
    columns = client.get(page).context_data["cl"].list_display
    allowed, hidden = columns.index("customer_no"), columns.index("total_asset")

    by_number = client.get(page, {"o": f"-{allowed}"}).context_data["cl"]
    by_asset = client.get(page, {"o": f"-{hidden}"}).context_data["cl"]

    assert by_number.queryset.query.order_by == ("-customer_no", "-id")
    assert by_asset.queryset.query.order_by == ("-id",)
