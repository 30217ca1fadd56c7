"""The shapes all pages share: capped counts, the reader's zone."""

from datetime import UTC, datetime

import pytest
from django.test import RequestFactory
from django.utils import timezone

from compliance import console
from compliance.console import CappedPaginator, moment, reader_context
from compliance.models import RulePack, User


@pytest.mark.django_db
def test_lists_stop_counting_at_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "COUNT_CAP", 3)
    today = datetime.now(UTC).date()
    for number in range(5):
        RulePack.objects.create(key=f"pack-{number}", effective_from=today, rules={})

    few = CappedPaginator(RulePack.objects.filter(key="pack-1").order_by("pk"), 2)
    many = CappedPaginator(RulePack.objects.order_by("pk"), 2)

    assert few.counted() == "1"
    assert many.count == 4
    assert many.counted() == "3+"
    assert len(many.page(1).object_list) == 2


@pytest.mark.parametrize(
    ("zone", "shown"),
    [("America/New_York", "7 a.m."), ("", "8 p.m."), ("Mars/Olympus", "8 p.m.")],
)
def test_times_stand_in_the_readers_zone(zone: str, shown: str) -> None:
    request = RequestFactory().get("/")
    request.user = User(username="x", time_zone=zone)

    reader_context(request)

    assert moment(datetime(2026, 11, 22, 12, 0, tzinfo=UTC)).endswith(shown)
    timezone.deactivate()
