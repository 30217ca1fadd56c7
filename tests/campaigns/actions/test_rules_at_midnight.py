"""Rules that change at midnight: the institution's day decides, at the moment of judging."""

from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.models import Touch
from tests.factories import (
    add_wording,
    graph_of,
    make_cap,
    make_journey,
    make_memory_account,
    make_people,
    make_rules,
    make_segment,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db
EVE = datetime(2026, 3, 5, 2, tzinfo=UTC)
FIRST = date(2026, 3, 6)
MIDNIGHT = datetime(2026, 3, 5, 16, tzinfo=UTC)  # of the institution, in Asia/Shanghai
SECOND = timedelta(seconds=1)


def queue(key: str, channel: Channel = Channel.EMAIL) -> None:
    enrol(journey=make_journey(graph_of(send_node(channel)), key=key, now=EVE), now=EVE)
    advance(owner="w", now=EVE)


def judged(key: str, at: datetime) -> tuple[str, object]:
    while dispatch_batch(owner="w", now=at):
        pass
    touch = Touch.objects.get(journey__key=key)
    return touch.reason or touch.state, touch.verdict["read"].get("cap")


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (MIDNIGHT - SECOND, ("accepted", None)),
        (MIDNIGHT, ("capped", "F-31")),
    ],
)
def test_a_cap_counts_from_the_institutions_midnight_on(
    monkeypatch: pytest.MonkeyPatch, zone: str, at: datetime, expected: tuple[str, object]
) -> None:
    make_memory_account(monkeypatch, now=EVE)
    make_template(now=EVE)
    make_people(1, columns={"time_zone": zone}, now=EVE)
    make_segment(now=EVE)
    cap = make_cap("F-31", most=0, scope="total")
    make_rules("contact", {}, more=[cap], on=FIRST, now=EVE)
    queue("spring")

    assert judged("spring", at) == expected


def test_what_was_put_off_is_judged_by_the_rules_of_the_morning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Hours that change over night, a cap and a word that begin then."""
    make_memory_account(monkeypatch, Channel.SMS, now=EVE)
    make_template(Channel.SMS, parts={"text": "Aurora begins."}, now=EVE)
    make_people(1, channels=[Channel.SMS], now=EVE)
    make_segment(now=EVE)
    make_rules("contact", {"Q-01": {"hours": [["10:00", "20:30"]]}}, on=FIRST, now=EVE)
    add_wording("aurora", now=EVE, effective_from=FIRST)
    queue("spring", Channel.SMS)

    assert judged("spring", MIDNIGHT - 2 * timedelta(hours=1))[0] == "quiet_hours"
    assert Touch.objects.get().due_at == datetime(2026, 3, 6, 1, tzinfo=UTC)
    assert judged("spring", datetime(2026, 3, 6, 1, tzinfo=UTC))[0] == "quiet_hours"
    assert Touch.objects.get().due_at == datetime(2026, 3, 6, 2, tzinfo=UTC)
    assert judged("spring", datetime(2026, 3, 6, 2, tzinfo=UTC))[0] == "wording_forbidden"
