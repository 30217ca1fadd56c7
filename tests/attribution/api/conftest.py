"""One message that was sent, as its reader has it."""

from collections.abc import Mapping

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
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
def message(db: None, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """The parts of an e-mail that the provider was handed."""
    provider = make_memory_account(monkeypatch)
    make_template(Channel.EMAIL)
    make_people(1)
    make_segment()
    journey = make_journey(graph_of(send_node()))
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    return provider.sent[0].content
