"""Lists count up to a cap."""

from datetime import UTC, datetime

import pytest

from compliance.console import lists
from compliance.console.lists import CappedPaginator
from compliance.models import RulePack


@pytest.mark.django_db
def test_lists_stop_counting_at_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "COUNT_CAP", 3)
    today = datetime.now(UTC).date()
    for number in range(5):
        RulePack.objects.create(key=f"pack-{number}", effective_from=today, rules={})

    few = CappedPaginator(RulePack.objects.filter(key="pack-1").order_by("pk"), 2)
    many = CappedPaginator(RulePack.objects.order_by("pk"), 2)

    assert few.counted() == "1"
    assert many.count == 4
    assert many.counted() == "3+"
    assert len(many.page(1).object_list) == 2
