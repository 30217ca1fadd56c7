"""What other jurisdictions ask: their caps, and what every advertisement there must say."""

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.models import Touch
from tests.factories import (
    NOW,
    SUITED,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_rules,
    make_segment,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db
ADDRESS = "Example Bank, 1 Main Street, Springfield, IL 62701"
LINK = '<a href="{{ unsubscribe_url }}">Unsubscribe</a>'
FOOTER = f"<p>{ADDRESS}</p><p>{LINK}</p>"


def start(channel: Channel = Channel.EMAIL, key: str = "spring") -> None:
    journey = make_journey(graph_of(send_node(channel)), key=key)
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)
    while dispatch_batch(owner="w", now=NOW):
        pass


def people(region: str, channel: Channel = Channel.EMAIL) -> int:
    columns = {**SUITED, "region": region}
    return make_people(1, channels=[channel], columns=columns, prefix=region)[0]


@pytest.mark.parametrize(
    ("html", "on_record", "missing"),
    [
        (FOOTER, ADDRESS, ""),
        (FOOTER, "", "postal_address"),
        ("<p>Hello</p>", ADDRESS, "postal_address"),
        (FOOTER.replace("Main", "Side"), ADDRESS, "postal_address"),
    ],
)
def test_an_e_mail_to_the_united_states_says_from_where_it_comes_and_how_to_get_no_more(
    monkeypatch: pytest.MonkeyPatch, html: str, on_record: str, missing: str
) -> None:
    make_rules(
        "jurisdictions", {"J-US": {"texts": {"postal_address": on_record, "opt_out": "STOP"}}}
    )
    make_memory_account(monkeypatch, Channel.EMAIL)
    # Without a text of its own the plain part is made of the page.
    make_template(Channel.EMAIL, parts={"html": html, "text": ""})
    there, here = people("US-NY"), people("上海")
    make_segment()

    start()

    touch = Touch.objects.get(customer_id=there)
    assert (touch.verdict.get("detail") or "") == missing
    assert touch.state == ("refused" if missing else "accepted")
    assert Touch.objects.get(customer_id=here).state == "accepted"


def test_words_that_nobody_put_on_record_are_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    make_memory_account(monkeypatch, Channel.EMAIL)
    make_template(Channel.EMAIL, parts={"html": FOOTER, "text": ""})
    people("CA-ON")
    make_segment()

    start()

    touch = Touch.objects.get()
    assert touch.reason == "notice_missing"
    assert touch.verdict["gate"] == "notices"
    assert touch.verdict["read"] == {
        "sender": "none on record",
        "postal_address": "none on record",
    }


def test_caps_are_those_of_the_jurisdiction(monkeypatch: pytest.MonkeyPatch) -> None:
    caps = [{"scope": "channel", "of": "email", "period": "day", "most": 1}]
    make_rules("jurisdictions", {"J-HK": {"caps": caps, "must_say": {}}})
    make_memory_account(monkeypatch, Channel.EMAIL)
    make_template(Channel.EMAIL)
    there, here = people("HK"), people("上海")
    make_segment()

    start()
    start(key="summer")

    states = Touch.objects.order_by("id").values_list("customer_id", "state", "verdict__detail")
    assert [row[1:] for row in states if row[0] == here] == [("accepted", None)] * 2
    assert [row[1:] for row in states if row[0] == there] == [
        ("accepted", None),
        ("refused", "J-HK"),
    ]
