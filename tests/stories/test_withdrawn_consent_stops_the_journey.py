"""A customer unsubscribes inside the first message; the journey has nothing more for him.

Through the doors only: a message that was delivered, its own unsubscribe address, the signed
receipts of its provider, the tracked link. The doubles are the provider and the clock's value.
"""

import re
import time
from datetime import timedelta

import orjson
import pytest
from django.test import Client

from attribution.actions.collect import collect
from attribution.reports.campaign import campaign_report
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.channels.receipts import sign
from campaigns.models import Enrolment, Touch
from compliance.queries import broken_audit_entries, clock_now
from customers.queries.consents import current_consents
from tests.factories import (
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    record_event,
    send_node,
)

pytestmark = [pytest.mark.stories, pytest.mark.django_db]
BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0 Safari/537.36"}


def path(text: str, door: str) -> str:
    found = re.search(rf"/{door}/[\w-]+", text)
    assert found is not None
    return found[0]


def test_withdrawn_consent_stops_the_journey(monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock_now()
    provider = make_memory_account(monkeypatch, Channel.EMAIL)
    make_template(Channel.EMAIL)
    leaver, reader = make_people(2, now=now)
    make_segment(now=now)
    wait = {"id": "w", "type": "wait", "seconds": 3600}
    goal = {"event": "Order Completed", "within_days": 7, "value": "revenue"}
    journey = make_journey(graph_of(send_node(), wait, send_node(key="again"), goal=goal), now=now)
    enrol(journey=journey, now=now)
    advance(owner="w", now=now)
    dispatch_batch(owner="w", now=now)
    messages = {message.address: message for message in provider.sent}
    his, hers = messages["person0@example.com"], messages["person1@example.com"]

    # His mail program posts to the address in the message's header; a scanner had only looked.
    unsubscribe = path(his.content["unsubscribe_url"], "u")
    assert Client().get(unsubscribe).status_code == 200
    assert current_consents([leaver], "marketing")[leaver]["email"] == "granted"
    answer = Client().post(unsubscribe, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200

    # She reads, clicks and buys; the provider's receipt comes after her click.
    followed = Client().get(path(hers.content["html"], "r"), headers=BROWSER)
    assert followed.status_code == 302
    body = orjson.dumps(
        [{"id": "r1", "key": hers.key, "event": "delivered", "at": now.isoformat()}]
    )
    stamp = int(time.time())
    signature = sign(secret="memory", timestamp=stamp, body=body)
    told = Client().post(
        "/hooks/account-email/",
        body,
        content_type="application/json",
        headers={"x-receipt-timestamp": str(stamp), "x-receipt-signature": signature},
    )
    assert told.json() == {"received": 1, "new": 1, "unknown": 0, "unreadable": []}
    record_event(reader, at=clock_now(), revenue=120)

    # An hour on both are due for the second message.
    later = now + timedelta(hours=1)
    advance(owner="w", now=later)
    dispatch_batch(owner="w", now=later)
    collect(now=later + timedelta(minutes=1))

    assert [m.address for m in provider.sent[2:]] == ["person1@example.com"]
    withheld = Touch.objects.get(customer_id=leaver, node="again")
    assert (withheld.state, withheld.reason) == ("refused", "consent_withdrawn")
    assert set(Enrolment.objects.values_list("state", flat=True)) == {"done"}
    report = campaign_report(journey_key="spring", now=later + timedelta(minutes=1))
    (email,) = report.roi
    assert (email.touches, email.delivered, email.clicks) == (4, 1, 1)
    assert (email.conversions, email.revenue, str(email.cost)) == (1, 120, "0.030000")
    assert report.reasons == {"consent_withdrawn": 1}
    assert list(broken_audit_entries()) == []
