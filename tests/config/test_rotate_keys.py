"""Keys are changed while everything goes on."""

import base64
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.models import ProviderAccount, Touch
from compliance.queries import clock_now
from customers.actions.people import Person, put_people
from customers.actions.sources import create_api_key
from customers.models import Customer, Identity, Quarantine
from customers.queries.events import quarantined_payload
from customers.queries.identities import addresses, keyring
from customers.queries.people import customer_facts
from customers.vocabulary import KeyScope
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
def new_key(settings: Any) -> Iterator[str]:
    """A new key before the old one, once called for."""
    fresh = "new:" + base64.b64encode(os.urandom(32)).decode()
    keyring.cache_clear()
    yield fresh
    keyring.cache_clear()


def take(settings: Any, keys: str) -> None:
    settings.ENCRYPTION_KEYS = keys
    keyring.cache_clear()


def test_everything_can_be_read_by_the_new_key_alone(
    new_key: str, settings: Any, client: Client, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    person = Person(customer_no="c1", columns={"name": "张伟"}, contacts={"phone": "13800138000"})
    ids = put_people(people=[person], source="t", may_replace_contacts=True, now=NOW)
    make_people(1)
    make_memory_account(monkeypatch)
    make_template()
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    secret = create_api_key(name="web", scope=KeyScope.INGEST, now=clock_now()).secret
    bad = {"writeKey": secret, "batch": [{"type": "nothing", "userId": "x"}]}
    client.post("/v1/batch", json.dumps(bad), "application/json")
    take(settings, f"{new_key},{settings.ENCRYPTION_KEYS}")

    call_command("rotate_keys", "--json")
    take(settings, new_key)

    assert json.loads(capsys.readouterr().out)["rotated"] > 3
    assert addresses([ids["c1"]], "phone") == {ids["c1"]: "+8613800138000"}
    assert customer_facts([ids["c1"]])[ids["c1"]].name == "张伟"
    assert "nothing" in quarantined_payload(Quarantine.objects.get())
    touch = Touch.objects.exclude(content_cipher=None).get()
    assert keyring().unseal_bytes(bytes(touch.content_cipher), f"touch:{touch.key.hex}".encode())
    account = ProviderAccount.objects.get()
    assert keyring().unseal(bytes(account.secrets_cipher), f"account:{account.key}".encode())


def test_a_second_run_finds_nothing(new_key: str, settings: Any, capsys: Any) -> None:
    make_people(2)
    take(settings, f"{new_key},{settings.ENCRYPTION_KEYS}")

    call_command("rotate_keys", "--json")
    call_command("rotate_keys", "--json")

    assert capsys.readouterr().out.split("\n")[:2] == ['{"rotated": 2}', '{"rotated": 0}']


def test_a_key_that_was_taken_away_too_early_is_named(new_key: str, settings: Any) -> None:
    make_people(1)
    take(settings, new_key)

    with pytest.raises(CommandError, match="no encryption key"):
        call_command("rotate_keys")

    assert Customer.objects.count() == Identity.objects.count() == 1
