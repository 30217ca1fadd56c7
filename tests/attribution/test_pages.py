"""The report pages: who may read, what is kept, what is not there."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from attribution.models import ReportRun
from tests.browser.factories import House, build_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return build_house()


def client_of(house: House, name: str) -> Client:
    client = Client()
    client.force_login(house.staff[name])
    return client


def test_reading_twice_keeps_one_run_as_long_as_the_figures_are_the_same(house: House) -> None:
    client = client_of(house, "manager")
    address = reverse("reports:campaign", args=["spring"])

    first, second = client.get(address), client.get(address)

    assert first.status_code == second.status_code == 200
    assert first.context["run"] == second.context["run"] == ReportRun.objects.get()
    assert reverse("admin:attribution_reportrun_change", args=[first.context["run"].pk]) in (
        second.content.decode()
    )


def test_every_table_of_the_page_can_be_exported(house: House) -> None:
    client = client_of(house, "manager")
    page = client.get(reverse("reports:campaign", args=["spring"])).context["page"]

    for key, sheet in page.sheets().items():
        body = client.get(reverse("reports:export", args=["spring", key]))
        assert body["Content-Type"] == "text/csv; charset=utf-8"
        assert len(body.content.decode("utf-8-sig").splitlines()) == 1 + len(sheet.values())


def test_an_exported_file_is_named_by_the_time_that_the_page_shows(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    late_in_the_day = datetime(2026, 11, 27, 19, 15, tzinfo=UTC)
    monkeypatch.setattr("attribution.pages.clock_now", lambda: late_in_the_day)

    answer = client_of(house, "manager").get(reverse("reports:export", args=["spring", "roi"]))

    assert 'filename="spring-roi-20261128-0315.csv"' in answer["Content-Disposition"]


@pytest.mark.parametrize("path", ["nowhere/", "nowhere/roi.csv", "spring/nothing.csv"])
def test_unknown_campaign_or_table_is_not_found(house: House, path: str) -> None:
    assert client_of(house, "manager").get(reverse("reports:index") + path).status_code == 404


@pytest.mark.parametrize("path", ["", "spring/", "spring/roi.csv"])
def test_operator_reads_no_report_and_strangers_are_asked_to_log_in(
    house: House, path: str
) -> None:
    address = reverse("reports:index") + path

    assert client_of(house, "operator").get(address).status_code == 403
    assert Client().get(address).status_code == 302
