"""The pages of files: progress, quality, lineage, refused rows, freshness."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from compliance.models import AuditEntry
from customers.actions.load_file import load_file
from customers.models import QualityRule
from customers.vocabulary import Aspect
from tests.factories import NOW, make_people, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client, settings: Any, tmp_path: Path) -> Client:
    settings.MEDIA_ROOT = tmp_path
    client.force_login(make_staff().operator)
    return client


def load(folder: Path, kind: str, text: str) -> int:
    path = folder / f"{kind}.csv"
    path.write_text(text, encoding="utf-8")
    return load_file(kind_key=kind, path=path, source_key="core", now=NOW).load


def load_two(folder: Path) -> tuple[int, int]:
    make_people(1, prefix="C")
    first = load(folder, "accounts", "number,customer,kind,opened_on\nA1,C00000,cash,2020-01-02\n")
    header = "account,valued_on,cash,market_value,net\n"
    return first, load(folder, "assets", header + "A1,2026-03-02,10,90,101\nA2,2026-03-02,1,1,2\n")


def page(client: Client, name: str, *args: int) -> str:
    return client.get(reverse(f"admin:customers_importjob_{name}", args=args)).content.decode()


def test_a_files_page_says_which_rule_it_failed_and_what_it_depends_on(
    operator: Client, tmp_path: Path
) -> None:
    _first, bad = load_two(tmp_path)

    told = page(operator, "change", bad)

    assert "Sums that disagree" in told
    assert "Blocked" in told
    assert "account → account" in told
    assert reverse("admin:customers_importjob_board", args=[bad]) in told
    assert "2 / 2" in page(operator, "board", bad)


def test_refused_rows_are_downloaded_with_their_reasons(operator: Client, tmp_path: Path) -> None:
    first, bad = load_two(tmp_path)

    answer = operator.get(reverse("admin:customers_importjob_refused", args=[bad]))

    assert b"account_unknown" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    url = reverse("admin:customers_importjob_refused", args=[first])
    assert operator.get(url).status_code == 404


def test_freshness_shows_the_newest_day_that_is_in(operator: Client, tmp_path: Path) -> None:
    load_two(tmp_path)

    told = page(operator, "freshness")

    assert "accounts.csv" in told
    assert "assets.csv" in told
    assert "Blocked" in told


@pytest.mark.parametrize("name", ["freshness", "board", "refused"])
def test_who_may_not_see_imports_sees_none(client: Client, tmp_path: Path, name: str) -> None:
    client.force_login(make_staff().marketer)
    args = [] if name == "freshness" else [1]

    assert client.get(reverse(f"admin:customers_importjob_{name}", args=args)).status_code == 403


def test_a_changed_rule_is_audited(operator: Client, tmp_path: Path) -> None:
    load_two(tmp_path)
    rule = QualityRule.objects.get(kind="assets", aspect=Aspect.RECONCILIATION)

    operator.post(
        reverse("admin:customers_qualityrule_change", args=[rule.pk]),
        {"limit": "0.1", "is_active": "on"},
    )

    rule.refresh_from_db()
    assert (str(rule.limit), rule.blocks) == ("0.1000", False)
    entry = AuditEntry.objects.get(action="quality.save")
    assert entry.detail["before"]["limit"] == "0.0200"
