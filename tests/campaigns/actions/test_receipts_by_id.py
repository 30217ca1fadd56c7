"""Receipts that name the provider's own id find their touch, whichever came first."""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.receipts import Taken, name_touches, take_receipts
from campaigns.channels.base import Accepted, Channel, Limits, Outcome, Outgoing, Receipt
from campaigns.channels.base import ReceiptKind as Kind
from campaigns.channels.memory import accept
from campaigns.models import ProviderAccount, Touch, TouchAlias
from campaigns.models import Receipt as Stored
from customers.queries.consents import current_consents
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    send_node,
)

BY_ID = Limits(
    batch_max=500,
    concurrency=1,
    honours_key=False,
    can_find=False,
    settle=timedelta(),
    per_request=500,
    reports_by_id=True,
)


@pytest.fixture
def queued(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Touch]]:
    """E-mails decided and not yet handed over, to a provider that reports by its own ids."""

    def build(
        people: int = 1,
        script: Callable[[Outgoing], Outcome] = accept,
        limits: Limits = BY_ID,
    ) -> list[Touch]:
        make_memory_account(monkeypatch, limits=limits, script=script)
        make_template(Channel.EMAIL)
        make_people(people)
        make_segment()
        journey = make_journey(graph_of(send_node()))
        enrol(journey=journey, now=NOW)
        advance(owner="w", now=NOW)
        return list(Touch.objects.order_by("customer_id"))

    return build


def named(touch: Touch, kind: Kind = Kind.DELIVERED, **changes: object) -> Receipt:
    told = {
        "provider_event_id": f"{touch.pk}-{kind}",
        "key": None,
        "provider_id": f"memory-{touch.key.hex}",
        "kind": kind,
        "at": NOW + timedelta(minutes=1),
        "detail": "",
    }
    return Receipt(**{**told, **changes})  # type: ignore[arg-type]


def take(*receipts: Receipt) -> Taken:
    account = ProviderAccount.objects.get()
    return take_receipts(account=account, receipts=receipts, now=NOW, shift=timedelta())


def states() -> list[str]:
    return list(Touch.objects.order_by("customer_id").values_list("state", flat=True))


def test_a_receipt_after_the_outcome_raises_its_touch(queued: Callable[..., list[Touch]]) -> None:
    first, _second = queued(2)
    dispatch_batch(owner="w", now=NOW)

    done = take(named(first))

    assert done == Taken(new=1, unknown=0)
    assert states() == ["delivered", "accepted"]


def test_a_receipt_before_the_outcome_waits_for_it(queued: Callable[..., list[Touch]]) -> None:
    first, _second = queued(2)

    early = take(named(first, Kind.OPENED))
    before = states()
    dispatch_batch(owner="w", now=NOW)

    assert early == Taken(new=1, unknown=1)
    assert before == ["queued", "queued"]
    assert states() == ["opened", "accepted"]
    assert Stored.objects.get().touch_id == first.pk
    first.refresh_from_db()
    assert (first.provider_id, str(first.cost)) == (f"memory-{first.key.hex}", "0.010000")


def test_a_stop_before_the_outcome_withdraws_once_it_is_known_who_said_it(
    queued: Callable[..., list[Touch]],
) -> None:
    (touch,) = queued()

    take(named(touch, Kind.UNSUBSCRIBED))
    dispatch_batch(owner="w", now=NOW)

    assert current_consents([touch.customer_id])[touch.customer_id]["email"] == "withdrawn"


def test_an_id_that_is_never_named_is_kept_unknown(queued: Callable[..., list[Touch]]) -> None:
    (touch,) = queued()
    dispatch_batch(owner="w", now=NOW)

    done = take(named(touch, provider_id="nobody's"), named(touch, provider_event_id="b"))

    assert done == Taken(new=2, unknown=1)
    assert Stored.objects.filter(touch=None).get().provider_id == "nobody's"


def test_the_key_speaks_louder_than_the_id(queued: Callable[..., list[Touch]]) -> None:
    first, second = queued(2)
    dispatch_batch(owner="w", now=NOW)

    take(named(first, key=second.key.hex))

    assert states() == ["accepted", "delivered"]


def test_an_account_does_not_know_anothers_ids(queued: Callable[..., list[Touch]]) -> None:
    (touch,) = queued()
    dispatch_batch(owner="w", now=NOW)
    other = ProviderAccount.objects.create(key="other", channel="sms", vendor="x", currency="CNY")

    done = take_receipts(account=other, receipts=[named(touch)], now=NOW, shift=timedelta())

    assert (done.unknown, states()) == (1, ["accepted"])


@pytest.mark.parametrize("by_id", [True, False])
def test_one_id_for_two_messages_is_told_and_both_stay_accepted(
    queued: Callable[..., list[Touch]], caplog: pytest.LogCaptureFixture, by_id: bool
) -> None:
    limits = replace(BY_ID, reports_by_id=by_id)
    queued(3, lambda message: Accepted(key=message.key, provider_id="SAME"), limits)

    with caplog.at_level(logging.ERROR):
        dispatch_batch(owner="w", now=NOW)

    assert states() == ["accepted"] * 3
    assert "one id to several messages" in caplog.text


def test_an_id_given_again_later_is_told_and_stands_for_the_newer_message(
    queued: Callable[..., list[Touch]], caplog: pytest.LogCaptureFixture
) -> None:
    first, second = queued(2)
    account = ProviderAccount.objects.get()

    with caplog.at_level(logging.ERROR):
        for touch in (first, second):
            name_touches(account=account, names=[(touch.key.hex, "7")], by_id=True, now=NOW)

    alias = TouchAlias.objects.get()
    assert (alias.touch_id, alias.earlier_id) == (second.pk, first.pk)
    assert "one id to several messages" in caplog.text


def test_the_same_name_again_is_no_news(
    queued: Callable[..., list[Touch]], caplog: pytest.LogCaptureFixture
) -> None:
    (touch,) = queued()
    account = ProviderAccount.objects.get()

    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            name_touches(account=account, names=[(touch.key.hex, "7")], by_id=True, now=NOW)

    assert TouchAlias.objects.get().earlier_id is None
    assert caplog.text == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("receipt_first", [True, False])
def test_a_receipt_and_its_outcome_at_the_same_moment_find_each_other(
    queued: Callable[..., list[Touch]], receipt_first: bool
) -> None:
    (touch,) = queued()
    account = ProviderAccount.objects.get()

    def receive() -> None:
        take(named(touch))

    def name() -> None:
        names = [(touch.key.hex, f"memory-{touch.key.hex}")]
        name_touches(account=account, names=names, by_id=True, now=NOW)

    held, other = (receive, name) if receipt_first else (name, receive)
    with transaction.atomic():
        held()
        thread = threading.Thread(target=_closing(other))
        thread.start()
        assert _somebody_waits(), "the second one must wait for the first one's commit"
    thread.join(10)

    assert states() == ["delivered"]


def _closing(act: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            act()
        finally:
            connections.close_all()

    return run


def _somebody_waits() -> bool:
    def looks() -> Iterator[bool]:
        for _ in range(200):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_stat_clear_snapshot(), pg_sleep(0.02)")
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                yield cursor.fetchone()[0] > 0

    return any(looks())
