"""The copy that a person may have tells him of no hold: the law forbids it (反洗钱法 35)."""

import json
from typing import Any

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.models import Touch
from config.personal import CHAPTERS
from customers.actions.rights import export_customer
from customers.models import Customer
from customers.reports.copies import written
from customers.vocabulary import ConsentState
from tests.factories import (
    NOW,
    graph_of,
    make_cap,
    make_journey,
    make_memory_account,
    make_people,
    make_rules,
    make_segment,
    make_template,
    say_consent,
    send_node,
)

pytestmark = pytest.mark.django_db


def copy_of(number: str) -> dict[str, Any]:
    document = export_customer(
        customer_no=number, actor="ann", why="he asked", now=NOW, chapters=CHAPTERS
    )
    told: dict[str, Any] = json.loads(b"".join(written(document)))
    return told


@pytest.fixture
def unsent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Four who were sent nothing: held by law, held by the house, capped, without consent."""
    make_memory_account(monkeypatch)
    make_template(Channel.EMAIL)
    people = make_people(4)
    by_law, by_house, _capped, _silent = people
    Customer.objects.filter(pk=by_law).update(aml_hold=True)
    Customer.objects.filter(pk=by_house).update(internal_hold=True)
    make_rules("contact", {}, more=[make_cap("F-0", most=0, scope="total")])
    say_consent(people[3:], ["email"], state=ConsentState.WITHDRAWN)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    while dispatch_batch(owner="w", now=NOW):
        pass
    reasons = list(Touch.objects.order_by("customer_id").values_list("reason", flat=True))
    assert reasons == ["not_eligible", "not_eligible", "capped", "consent_withdrawn"]
    return people


def test_a_hold_is_told_as_any_decision_of_the_house(unsent: list[int]) -> None:
    by_law, by_house, capped, silent = (
        copy_of(number)
        for number in Customer.objects.filter(pk__in=unsent)
        .order_by("pk")
        .values_list("customer_no", flat=True)
    )

    for held in (by_law, by_house):
        text = json.dumps(held, ensure_ascii=False).lower()
        assert "eligib" not in text
        assert "hold" not in text
        for chapter in ("messages", "reasons"):
            assert held[chapter] == capped[chapter]
    assert by_law["messages"][0]["reason"] == "not_sent"
    assert "not handed over. The institution decided so." in by_law["reasons"][-2]["sentence"]
    # What he himself said is told as it is.
    assert silent["messages"][0]["reason"] == "consent_withdrawn"
