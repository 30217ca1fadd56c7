"""The unsubscribe door: reading changes nothing, a post withdraws, twice is harmless."""

import pytest
from django.db import connection
from django.test import Client

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.channels.memory import MemoryProvider
from campaigns.content.compose import CLICK, UNSUBSCRIBE
from campaigns.content.links import sign
from campaigns.models import Touch
from campaigns.queries.accounts import link_key
from compliance.models import AuditEntry
from customers.models import Customer
from customers.queries.consents import current_consents
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

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> MemoryProvider:
    """One e-mail sent, a second to the same customer queued for later."""
    made = make_memory_account(monkeypatch)
    make_template(Channel.EMAIL)
    make_people(1)
    make_segment()
    wait = {"id": "w", "type": "wait", "seconds": 60}
    journey = make_journey(graph_of(send_node(), wait, send_node(key="again")))
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    return made


def address(provider: MemoryProvider) -> str:
    url = provider.sent[0].content["unsubscribe_url"]
    return "/u/" + url.rpartition("/u/")[2]


def consent() -> dict[str, str]:
    customer = Touch.objects.values_list("customer_id", flat=True).first()
    assert customer is not None
    return dict(current_consents([customer], "marketing").get(customer, {}))


def statements() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_consent")
        return int(cursor.fetchone()[0])


def test_a_scanner_that_reads_the_page_changes_nothing(provider: MemoryProvider) -> None:
    before = statements()

    answers = [Client().get(address(provider)), Client().head(address(provider))]

    assert [a.status_code for a in answers] == [200, 200]
    assert "no-store" in answers[0]["Cache-Control"]
    assert (consent(), statements()) == ({"email": "granted"}, before)


@pytest.mark.parametrize(
    ("form", "how"), [({"List-Unsubscribe": "One-Click"}, "one-click"), ({}, "page")]
)
def test_a_post_withdraws_without_cookie_or_csrf_token(
    provider: MemoryProvider, form: dict[str, str], how: str
) -> None:
    answer = Client(enforce_csrf_checks=True).post(address(provider), form)

    assert answer.status_code == 200
    assert consent() == {"email": "withdrawn"}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT evidence ->> 'how', evidence ->> 'touch' FROM customers_consent"
            " WHERE state = 'withdrawn'"
        )
        assert cursor.fetchall() == [(how, str(Touch.objects.get().key))]


def test_a_second_post_is_harmless(provider: MemoryProvider) -> None:
    answers = [Client().post(address(provider)).status_code for _ in range(2)]

    assert (answers, consent()) == ([200, 200], {"email": "withdrawn"})


def test_the_next_message_is_refused_at_its_gate(
    provider: MemoryProvider, django_capture_on_commit_callbacks: object
) -> None:
    from datetime import timedelta

    advance(owner="w", now=NOW + timedelta(minutes=2))
    Client().post(address(provider))

    dispatch_batch(owner="w", now=NOW + timedelta(minutes=2))

    assert len(provider.sent) == 1
    again = Touch.objects.get(node="again")
    assert (again.state, again.reason) == ("refused", "consent_withdrawn")


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_token_that_is_not_ours_is_404(provider: MemoryProvider, method: str) -> None:
    token = address(provider).removeprefix("/u/")
    swapped = token[:-1] + ("A" if token[-1] != "A" else "B")
    click = sign(Touch.objects.get().pk, 0, link_key(), CLICK)
    gone = sign(2**40, 0, link_key(), UNSUBSCRIBE)

    for bad in (swapped, click, gone, "x", "%00", "基金"):
        assert getattr(Client(), method)(f"/u/{bad}").status_code == 404
    assert consent() == {"email": "granted"}


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(provider: MemoryProvider, method: str) -> None:
    assert getattr(Client(), method)(address(provider)).status_code == 405


def test_the_page_speaks_the_readers_language(provider: MemoryProvider) -> None:
    answer = Client().get(address(provider), headers={"accept-language": "zh-Hans"})

    assert 'lang="zh-hans"' in answer.content.decode()


def test_personalisation_is_refused_from_the_message_and_consent_stays(
    provider: MemoryProvider,
) -> None:
    answer = Client(enforce_csrf_checks=True).post(address(provider), {"personalisation": "off"})

    assert answer.status_code == 200
    assert Customer.objects.get().personalise_off
    assert consent() == {"email": "granted"}
    assert AuditEntry.objects.filter(action="personalisation.off").count() == 1


def test_refusing_personalisation_twice_is_harmless(provider: MemoryProvider) -> None:
    for _time in range(2):
        Client().post(address(provider), {"personalisation": "off"})

    assert AuditEntry.objects.filter(action="personalisation.off").count() == 1
