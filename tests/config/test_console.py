"""Every page of the console, opened by every role."""

import re
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from compliance.roles import PERMISSIONS, Role
from tests.browser.factories import House, build_house

admin.autodiscover()

LISTED = sorted(
    f"{model._meta.app_label}.{model._meta.model_name}" for model in admin.site._registry
)


@pytest.fixture
def house(db: None) -> House:
    return build_house()


def client_of(house: House, name: str) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(house.staff[name])
    return client


def pages() -> Iterator[tuple[str, str, str]]:
    """Kind, app and model of every list."""
    for name in LISTED:
        app, model = name.split(".")
        yield name, app, model


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_every_page_opens_or_is_forbidden_as_the_role_says(house: House, role: str) -> None:
    client = client_of(house, role)

    for name, app, model in pages():
        allowed = f"{app}.view_{model}" in PERMISSIONS[Role(role)]
        expected = 200 if allowed else 403
        listed = client.get(reverse(f"admin:{app}_{model}_changelist"))
        assert listed.status_code == expected, (role, name)

        first = admin.site._registry[_model(name)].model._default_manager.first()
        if first is not None:
            shown = client.get(reverse(f"admin:{app}_{model}_change", args=[first.pk]))
            assert shown.status_code == expected, (role, name)

        may_add = f"{app}.add_{model}" in PERMISSIONS[Role(role)]
        added = client.get(reverse(f"admin:{app}_{model}_add"))
        assert added.status_code == (200 if may_add else 403), (role, name)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_opens_for_the_superuser_in_both_languages(house: House, language: str) -> None:
    client = client_of(house, "root")
    client.cookies["django_language"] = language

    for name, app, model in pages():
        assert client.get(reverse(f"admin:{app}_{model}_changelist")).status_code == 200, name
        first = admin.site._registry[_model(name)].model._default_manager.first()
        if first is not None:
            for kind in ("change", "history"):
                page = client.get(reverse(f"admin:{app}_{model}_{kind}", args=[first.pk]))
                assert page.status_code == 200, (name, kind)


def test_lists_say_how_many_rows_they_have(house: House) -> None:
    page = client_of(house, "marketer").get(reverse("admin:customers_customer_changelist"))

    assert re.search(r"360\s+customers", page.content.decode())


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_sidebar_links_only_to_pages_that_open(house: House, role: str) -> None:
    client = client_of(house, role)

    page = client.get(reverse("admin:index"))

    assert page.status_code == 200
    links = [
        item["link"]
        for group in page.context["sidebar_navigation"]
        for item in group["items"]
        if item["has_permission"]
    ]
    assert len(links) >= 4
    for address in links:
        assert client.get(str(address)).status_code == 200, address


def test_customers_are_found_by_number_and_by_whole_address_only(house: House) -> None:
    client = client_of(house, "marketer")
    address = reverse("admin:customers_customer_changelist")

    def found(term: str) -> int:
        return len(client.get(address, {"q": term}).context["cl"].result_list)

    assert found("T0000") == 10
    assert found("13800001234") == 1
    assert found("person7@EXAMPLE.com") == 1
    assert found("person7@example") == 0
    assert found("1380000") == 0


def test_customer_page_masks_what_identifies(house: House) -> None:
    client = client_of(house, "marketer")

    page = client.get(reverse("admin:customers_customer_change", args=[house.customer_id]))

    text = page.content.decode()
    assert "138****1234" in text
    assert "p***@example.com" in text
    assert "13800001234" not in text
    assert "person0@example.com" not in text
    assert "王小明" not in text
    assert "pension_need" in text


def _model(name: str) -> type:
    return next(
        model
        for model in admin.site._registry
        if f"{model._meta.app_label}.{model._meta.model_name}" == name
    )


def test_an_advisors_overview_leads_to_the_calls_that_wait(house: House) -> None:
    page = client_of(house, "advisor").get(reverse("admin:index"))

    tiles = {tile.label: tile.url for tile in page.context["tiles"]}
    assert tiles["Overdue"] == tiles["Due today"] == reverse("workbench:index")
    other = client_of(house, "manager").get(reverse("admin:index"))
    assert "Overdue" not in {tile.label for tile in other.context["tiles"]}
