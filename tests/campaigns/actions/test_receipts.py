"""What providers report: once each, in any order; a touch's state only rises."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import permutations

import pytest
from django.db import OperationalError, connection, transaction

from campaigns.actions.receipts import Taken, mark_clicked, take_receipts
from campaigns.channels.base import Receipt, ReceiptKind
from campaigns.models import DispatchBatch, ProviderAccount, Touch
from campaigns.models import Receipt as Stored
from campaigns.states import RANK, TouchState
from tests.factories import NOW

KINDS = (
    ReceiptKind.DELIVERED,
    ReceiptKind.BOUNCED,
    ReceiptKind.OPENED,
    ReceiptKind.CLICKED,
    ReceiptKind.COMPLAINED,
)


def receipt(touch: Touch | None, kind: ReceiptKind, **changes: object) -> Receipt:
    told = {
        "provider_event_id": f"{touch.pk if touch else 'x'}-{kind}",
        "key": touch.key.hex if touch else "0" * 32,
        "provider_id": "id-1",
        "kind": kind,
        "at": NOW + timedelta(minutes=KINDS.index(kind) + 1),
        "detail": "",
    }
    return Receipt(**{**told, **changes})  # type: ignore[arg-type]


def take(*receipts: Receipt, shift: timedelta = timedelta()) -> Taken:
    account = ProviderAccount.objects.get()
    later = NOW + timedelta(hours=1)
    return take_receipts(account=account, receipts=receipts, now=later, shift=shift)


def told(touch: Touch) -> Sequence[object]:
    touch.refresh_from_db()
    return touch.state, touch.delivered_at, touch.opened_at, touch.clicked_at


def test_every_order_of_the_same_receipts_ends_alike(
    accepted: Callable[..., list[Touch]],
) -> None:
    orders = list(permutations(KINDS[:4]))
    touches = accepted(len(orders))

    ends = set()
    for touch, order in zip(touches, orders, strict=True):
        for kind in order:
            take(receipt(touch, kind))
        ends.add(tuple(told(touch)))

    assert len(ends) == 1
    at = [NOW + timedelta(minutes=minute) for minute in (1, 3, 4)]
    assert ends.pop() == ("clicked", *at)


def test_states_only_rise(accepted: Callable[..., list[Touch]]) -> None:
    orders = list(permutations(KINDS, 3))
    touches = accepted(len(orders))

    for touch, order in zip(touches, orders, strict=True):
        ranks = [RANK[TouchState(touch.state)]]
        for kind in order:
            take(receipt(touch, kind))
            touch.refresh_from_db()
            ranks.append(RANK[TouchState(touch.state)])
        assert ranks == sorted(ranks)


def test_twenty_times_the_same_counts_once(accepted: Callable[..., list[Touch]]) -> None:
    (touch,) = accepted()
    same = receipt(touch, ReceiptKind.DELIVERED)

    first = take(*[same] * 20)
    again = [take(same) for _ in range(20)]

    assert (first.new, sum(done.new for done in again)) == (1, 0)
    assert Stored.objects.count() == 1


def test_a_receipt_for_a_key_that_is_not_ours_is_kept_and_counted(
    accepted: Callable[..., list[Touch]],
) -> None:
    accepted()

    done = take(
        receipt(None, ReceiptKind.DELIVERED),
        receipt(None, ReceiptKind.OPENED, key="no uuid at all", provider_event_id="b"),
        receipt(None, ReceiptKind.OPENED, key=None, provider_event_id="c"),
    )

    assert done == Taken(new=3, unknown=3)
    assert set(Stored.objects.values_list("touch", flat=True)) == {None}


def test_an_account_cannot_report_on_anothers_touch(
    accepted: Callable[..., list[Touch]],
) -> None:
    (touch,) = accepted()
    other = ProviderAccount.objects.create(key="other", channel="sms", vendor="x", currency="CNY")

    done = take_receipts(
        account=other,
        receipts=[receipt(touch, ReceiptKind.DELIVERED)],
        now=NOW,
        shift=timedelta(),
    )

    touch.refresh_from_db()
    assert (done.unknown, touch.state) == (1, "accepted")


@pytest.mark.parametrize("state", ["queued", "handing_over", "ambiguous", "accepted", "failed"])
def test_a_delivery_proves_that_it_was_accepted(
    accepted: Callable[..., list[Touch]], state: str
) -> None:
    (touch,) = accepted()
    Touch.objects.update(state=state, reason="x", accepted_at=None, segments=0, cost=0)

    take(receipt(touch, ReceiptKind.DELIVERED))

    touch.refresh_from_db()
    assert (touch.state, touch.reason, touch.segments) == ("delivered", "", 1)
    assert str(touch.cost) == "0.010000"
    assert touch.accepted_at == touch.delivered_at


def test_a_bounce_ends_what_was_only_accepted(accepted: Callable[..., list[Touch]]) -> None:
    (touch,) = accepted()

    take(receipt(touch, ReceiptKind.BOUNCED))

    assert told(touch) == ("bounced", None, None, None)


def test_words_of_the_customer_are_kept_and_change_no_state(
    accepted: Callable[..., list[Touch]],
) -> None:
    (touch,) = accepted()

    take(receipt(touch, ReceiptKind.COMPLAINED, detail="spam"))

    touch.refresh_from_db()
    assert touch.state == "accepted"
    assert Stored.objects.get().detail == "spam"


def test_the_providers_times_move_onto_the_replay_clock(
    accepted: Callable[..., list[Touch]],
) -> None:
    (touch,) = accepted()

    take(receipt(touch, ReceiptKind.DELIVERED), shift=timedelta(days=-100))

    touch.refresh_from_db()
    assert touch.delivered_at == NOW + timedelta(minutes=1) - timedelta(days=100)


def test_a_click_proves_the_delivery(accepted: Callable[..., list[Touch]]) -> None:
    (touch,) = accepted()

    mark_clicked(touch_id=touch.pk, at=NOW)

    assert told(touch) == ("clicked", NOW, None, NOW)


@pytest.mark.parametrize("minutes", [(1, 2), (2, 1)])
def test_of_two_reports_of_one_thing_the_earlier_time_counts(
    accepted: Callable[..., list[Touch]], minutes: tuple[int, int]
) -> None:
    (touch,) = accepted(1)

    for minute in minutes:
        at = NOW + timedelta(minutes=minute)
        take(receipt(touch, ReceiptKind.DELIVERED, provider_event_id=f"e{minute}", at=at))

    assert told(touch)[1] == NOW + timedelta(minutes=1)


@pytest.mark.django_db(transaction=True)
def test_receipts_wait_for_whoever_records_their_batch(
    accepted: Callable[..., list[Touch]],
) -> None:
    """Both write several touches: in whatever order they come, none waits in a circle."""
    (touch,) = accepted(1)

    def report() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '500ms'")
            take(receipt(touch, ReceiptKind.DELIVERED))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as door, transaction.atomic():
        DispatchBatch.objects.select_for_update().get()
        with pytest.raises(OperationalError, match="lock timeout"):
            door.submit(report).result()

    assert told(touch)[0] == TouchState.ACCEPTED
