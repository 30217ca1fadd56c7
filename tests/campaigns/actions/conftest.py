"""A world with touches on record, for what comes back about them."""

from collections.abc import Callable
from typing import Any

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.channels.memory import MemoryProvider
from campaigns.models import Touch
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


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> Callable[..., MemoryProvider]:
    """Some customers with one queued e-mail each, and the double that will send it."""

    def build(people: int = 1, **account: Any) -> MemoryProvider:
        provider = make_memory_account(monkeypatch, **account)
        make_template()
        make_people(people)
        make_segment()
        enrol(journey=make_journey(graph_of(send_node())), now=NOW)
        advance(owner="w", now=NOW)
        return provider

    return build


@pytest.fixture
def accepted(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Touch]]:
    """Some e-mails that the provider accepted, in the order of their customers."""

    def build(people: int = 1) -> list[Touch]:
        make_memory_account(monkeypatch)
        make_template(Channel.EMAIL)
        make_people(people)
        make_segment()
        journey = make_journey(graph_of(send_node()))
        enrol(journey=journey, now=NOW)
        advance(owner="w", now=NOW)
        dispatch_batch(owner="w", now=NOW)
        return list(Touch.objects.order_by("customer_id"))

    return build
