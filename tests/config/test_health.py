"""What watches an installation gets an answer, also when the database is away."""

import pytest
from django.test import Client

from campaigns.reports import operations


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_the_numbers_are_there(path: str) -> None:
    answer = Client().get(path)

    assert answer.status_code == 200
    assert b"batches_due" in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_without_the_database_it_is_a_503(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "BATCHES", "SELECT * FROM no_such_table")

    assert Client().get(path).status_code == 503


def test_a_living_process_says_so_without_the_database() -> None:
    assert Client().get("/healthz").status_code == 200
