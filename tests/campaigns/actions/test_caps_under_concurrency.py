"""No cap is ever exceeded, whoever works at the same time (G10)."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.models import Contact, Touch
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

CUSTOMERS, JOURNEYS, WORKERS, MOST = 200, 50, 6, 3


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_daily_cap_holds_over_fifty_journeys_and_six_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = make_memory_account(monkeypatch, Channel.EMAIL)
    make_template(Channel.EMAIL)
    make_people(CUSTOMERS)
    make_segment()
    for number in range(JOURNEYS):
        enrol(journey=make_journey(graph_of(send_node()), key=f"journey-{number}"), now=NOW)
    while advance(owner="w", now=NOW).claimed:
        pass
    assert Touch.objects.count() == CUSTOMERS * JOURNEYS

    def work(number: int) -> None:
        try:
            while dispatch_batch(owner=f"w{number}", now=NOW):
                pass
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WORKERS) as workers:
        for done in [workers.submit(work, number) for number in range(WORKERS)]:
            done.result()

    accepted = Touch.objects.filter(state="accepted").values_list("customer_id", flat=True)
    assert set(Counter(accepted).values()) == {MOST}
    assert len(provider.sent) == CUSTOMERS * MOST
    assert Contact.objects.count() == CUSTOMERS * MOST
    refused = Touch.objects.filter(state="refused", reason="capped").count()
    assert refused == CUSTOMERS * (JOURNEYS - MOST)
