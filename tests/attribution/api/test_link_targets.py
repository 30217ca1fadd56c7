"""A target with letters beyond ASCII is a target, too."""

import re

import pytest
from django.test import Client

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


@pytest.mark.django_db
def test_a_chinese_path_arrives_percent_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = make_memory_account(monkeypatch, Channel.SMS)
    make_template(Channel.SMS, parts={"text": "见 https://shop.example.com/产品?q=a%20b"})
    make_people(1, channels=[Channel.SMS])
    make_segment()
    enrol(journey=make_journey(graph_of(send_node(Channel.SMS))), now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    found = re.search(r"/r/[\w-]+", provider.sent[0].content["text"])
    assert found is not None

    answer = Client().get(found[0], headers={"user-agent": "Mozilla/5.0 Chrome/130.0"})

    where = "https://shop.example.com/%E4%BA%A7%E5%93%81?q=a%20b&utm_source="
    assert answer["Location"].startswith(where)
