"""A touch, its receipts and its customer's event commit in every order, each told twenty times:
a conversion counts once (G6)."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import permutations
from typing import Final

import pytest
from django.db import connections

from attribution.actions.collect import collect
from attribution.models import Conversion
from attribution.reports.campaign import campaign_report
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.receipts import take_receipts
from campaigns.channels.base import Limits, Outcome, Outgoing, Receipt, ReceiptKind
from campaigns.channels.memory import MemoryProvider
from campaigns.models import Journey, ProviderAccount, Touch
from campaigns.models import Receipt as StoredReceipt
from customers.queries.database import execute
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    new_event,
    record_all,
    send_node,
)

ORDERS: Final = [*permutations(["touch", "receipt", "event"])]
TOUCHES: Final = 200
TIMES: Final = 20
AT_ONCE: Final = 4
LATER: Final = NOW + timedelta(minutes=1)
NAMED_BY_ID: Final = Limits(
    batch_max=500,
    concurrency=1,
    honours_key=False,
    can_find=True,
    settle=timedelta(0),
    per_request=500,
    reports_by_id=True,
)
KINDS: Final = (ReceiptKind.DELIVERED, ReceiptKind.CLICKED)


class Slow(MemoryProvider):
    """Has taken the messages; meanwhile the world goes on, and only then the touches commit."""

    meanwhile: Callable[[], None]

    async def send(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        outcomes = await super().send(batch)
        self.meanwhile()
        return outcomes


def many_times(act: Callable[[], object]) -> None:
    """Some at once, each on a connection of its own, and each followed by a collection."""

    def once(_number: int) -> None:
        try:
            act()
            collect(now=LATER)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(once, range(TIMES)))


def tell_receipts(ids: Sequence[int]) -> None:
    """Delivered and clicked, of everybody; some by our key, some by the provider's id."""
    account = ProviderAccount.objects.get()
    keys = Touch.objects.filter(customer_id__in=ids).order_by("id").values_list("key", flat=True)
    receipts = [
        Receipt(
            provider_event_id=f"{kind}-{key.hex}",
            key=key.hex if number % 2 else None,
            provider_id=None if number % 2 else f"memory-{key.hex}",
            kind=kind,
            at=LATER,
            detail="",
        )
        for number, key in enumerate(keys)
        for kind in KINDS
    ]
    take_receipts(account=account, receipts=receipts, now=LATER, shift=timedelta())


def tell_events(ids: Sequence[int]) -> None:
    """Each bought once, whoever tells of it how often."""
    events = [new_event(pk, at=LATER, message_id=f"order-{pk}", revenue=5) for pk in ids]
    record_all(events, now=LATER)


def run(provider: Slow, journey: Journey, order: Sequence[str], ids: Sequence[int]) -> None:
    """These customers' touches, receipts and events, in this order of commits."""
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)
    told: Mapping[str, Callable[[], None]] = {
        "receipt": lambda: many_times(lambda: tell_receipts(ids)),
        "event": lambda: many_times(lambda: tell_events(ids)),
    }
    place = order.index("touch")

    def before() -> None:
        for name in order[:place]:
            told[name]()

    provider.meanwhile = before
    claimed = 0
    while dispatch_batch(owner="w", now=NOW):
        claimed += 1
    assert claimed == 1
    for name in order[place + 1 :]:
        told[name]()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_conversion_counts_once_in_every_order_of_commits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = make_memory_account(monkeypatch, limits=NAMED_BY_ID, kind=Slow)
    assert isinstance(provider, Slow)
    make_template()
    make_segment()
    goal = {"event": "Order Completed", "within_days": 7, "value": "revenue"}
    journey = make_journey(graph_of(send_node(), goal=goal))
    try:
        for number, order in enumerate(ORDERS):
            people = (TOUCHES + number) // len(ORDERS)
            ids = make_people(people, prefix="-".join(order))
            run(provider, journey, order, ids)
            done = Conversion.objects.filter(customer_id__in=ids)
            assert done.count() == len(ids), order
        collect(now=LATER)

        assert len(provider.sent) == len({message.key for message in provider.sent}) == TOUCHES
        assert set(Touch.objects.values_list("state", flat=True)) == {"clicked"}
        assert StoredReceipt.objects.filter(touch__isnull=False).count() == TOUCHES * len(KINDS)
        assert StoredReceipt.objects.count() == TOUCHES * len(KINDS)
        counted = Conversion.objects.values_list("customer_id", "value")
        assert len(counted) == len({customer for customer, _value in counted}) == TOUCHES
        assert {value for _customer, value in counted} == {5}
        report = campaign_report(journey_key=journey.key, now=LATER)
        assert report.rows_read["conversions"] == report.touch_states["clicked"] == TOUCHES
    finally:
        # Unmanaged, so that the test database is not emptied of it.
        execute("TRUNCATE customers_event", {})
