"""A withdrawal beats the queue: nobody is written to whose claim began after it (G7)."""

import random
import threading
import time
from datetime import timedelta
from itertools import count

import pytest
from django.db import connections

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.models import DispatchBatch, Touch
from customers.vocabulary import ConsentState
from tests.chaos.sizes import TIMES
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    say_consent,
    send_node,
)

A_BATCH = 20
RACES = 1_000 * TIMES


def withdraw_one_by_one(ids: list[int], done_at: dict[int, float]) -> None:
    for customer, second in zip(ids, count(), strict=False):
        at = NOW + timedelta(seconds=second)
        say_consent([customer], ["email"], state=ConsentState.WITHDRAWN, now=at)
        done_at[customer] = time.monotonic()
    connections.close_all()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_nobody_is_written_to_whose_claim_began_after_his_withdrawal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seed = random.randrange(2**31)
    dice = random.Random(seed)
    provider = make_memory_account(monkeypatch)
    make_template(Channel.EMAIL)
    make_people(RACES)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    while advance(owner="w", now=NOW, limit=A_BATCH).claimed:
        pass
    in_batch = {
        batch: list(Touch.objects.filter(batch=batch).values_list("customer_id", flat=True))
        for batch in DispatchBatch.objects.order_by("due_at", "id").values_list("id", flat=True)
    }
    key_of = dict(Touch.objects.values_list("key", "customer_id"))
    withdrawn_at: dict[int, float] = {}
    claim_began: dict[int, float] = {}

    for ids in in_batch.values():
        racer = threading.Thread(target=withdraw_one_by_one, args=[ids, withdrawn_at])
        racer.start()
        time.sleep(dice.uniform(0, 0.08))
        claim_began |= dict.fromkeys(ids, time.monotonic())
        assert dispatch_batch(owner="w", now=NOW + timedelta(minutes=1)) is not None
        racer.join()

    sent = {message.key for message in provider.sent}
    written_to = {customer for key, customer in key_of.items() if key.hex in sent}
    too_late = {c for c in written_to if withdrawn_at[c] < claim_began[c]}
    in_time = [c for c in withdrawn_at if withdrawn_at[c] < claim_began[c]]
    assert too_late == set(), f"seed {seed}"
    # Both ways of the race were run.
    assert in_time
    assert written_to
