"""Keys are changed while everything goes on."""

import base64
import json
import os
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.models import ProviderAccount, Touch
from campaigns.queries import sealed as campaigns
from compliance.queries import clock_now
from customers.actions.import_customers import import_customers
from customers.actions.people import Person, put_people
from customers.actions.rights import erase_customer
from customers.actions.rotate import rotate
from customers.actions.sources import create_api_key
from customers.models import Customer, Identity, Quarantine
from customers.queries import sealed as customers
from customers.queries.events import quarantined_payload
from customers.queries.identities import addresses, keyring
from customers.queries.people import customer_facts
from customers.vocabulary import KeyScope
from tests.beside import Beside
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


def test_what_was_said_to_somebody_erased_stops_no_rotation(
    new_key: str, settings: Any, capsys: Any
) -> None:
    gone, kept = put_people(
        people=[
            Person(customer_no=number, columns={"name": "张伟"}, contacts={"phone": phone})
            for number, phone in (("c1", "13800138000"), ("c2", "13900139000"))
        ],
        source="t",
        may_replace_contacts=True,
        now=NOW,
    ).values()
    # As his texts are until the tick has dropped them: sealed for a key that is no more.
    sealed = Customer.objects.get(pk=gone).name_cipher
    erase_customer(customer_no="c1", actor="ann", now=NOW)
    Customer.objects.filter(pk=gone).update(name_cipher=sealed)
    take(settings, f"{new_key},{settings.ENCRYPTION_KEYS}")

    call_command("rotate_keys", "--json")
    call_command("rotate_keys", "--json")
    take(settings, new_key)

    assert capsys.readouterr().out.split("\n")[1] == '{"rotated": 0}'
    assert customer_facts([kept])[kept].name == "张伟"
    assert addresses([kept], "phone") == {kept: "+8613900139000"}


def test_a_row_that_cannot_be_read_is_named(new_key: str, settings: Any) -> None:
    (customer,) = make_people(1)
    broken = Identity.objects.get(customer=customer)
    Identity.objects.update(ciphertext=bytes(40))
    take(settings, f"{new_key},{settings.ENCRYPTION_KEYS}")

    with pytest.raises(CommandError, match=rf"customers_identity {broken.pk}\)"):
        call_command("rotate_keys")


def test_keys_change_while_files_calls_and_messages_go_on(
    transactional_db: None,
    new_key: str,
    settings: Any,
    tmp_path: Path,
) -> None:
    settings.FILES = tmp_path / "files"
    numbers = [f"{number:05}" for number in range(3_000)]
    path = tmp_path / "people.csv"
    chance = random.Random(7)

    def bring(columns: str, row: Callable[[int], str]) -> None:
        order = chance.sample(range(3_000), 3_000)
        path.write_text(columns + "\n" + "".join(row(at) + "\n" for at in order))
        import_customers(path=path, now=clock_now())

    # Rows stand in another order than that of their numbers, and identifiers than that of people.
    bring("id,name,phone", lambda at: f"{numbers[at]},张{at},139{at:08}")
    bring("id,email", lambda at: f"{numbers[at]},p{at}@example.com")
    secret = create_api_key(name="web", scope=KeyScope.MANAGE, now=clock_now()).secret
    take(settings, f"{new_key},{settings.ENCRYPTION_KEYS}")
    is_over = threading.Event()

    def again() -> int:
        turns = 0
        while not is_over.is_set() or not turns:
            bring(
                "id,name,phone,email",
                lambda at: f"{numbers[at]},李{at},139{at:08},p{at}@example.com",
            )
            turns += 1
        return turns

    def call() -> int:
        turns, client = 0, Client()
        while not is_over.is_set() or not turns:
            calls = [
                {
                    "type": "identify",
                    "userId": numbers[at],
                    "traits": {"name": f"王{at}", "phone": f"138{at:08}"},
                }
                for at in chance.sample(range(3_000), 50)
            ]
            answer = client.post(
                "/v1/batch", json.dumps({"writeKey": secret, "batch": calls}), "application/json"
            )
            assert answer.status_code == 200, answer.content
            turns += 1
        return turns

    others = [Beside(again), Beside(call)]
    try:
        for batch in rotate(columns=(*customers.SEALED, *campaigns.SEALED)):
            if batch:
                break  # killed after its first batch
        rotated = sum(rotate(columns=(*customers.SEALED, *campaigns.SEALED)))
    finally:
        is_over.set()
    assert [one.end().error for one in others] == [None, None]
    sum(rotate(columns=(*customers.SEALED, *campaigns.SEALED)))
    assert sum(rotate(columns=(*customers.SEALED, *campaigns.SEALED))) == 0
    take(settings, new_key)

    assert rotated > 3_000
    ids = list(Customer.objects.values_list("pk", flat=True))
    assert len(addresses(ids, "phone")) == len(addresses(ids, "email")) == 3_000
    assert all(one.name for one in customer_facts(ids).values())


def test_a_rotation_gives_way_to_whoever_holds_a_row(
    transactional_db: None, new_key: str, settings: Any
) -> None:
    ids = make_people(3)
    take(settings, f"{new_key},{settings.ENCRYPTION_KEYS}")

    with transaction.atomic():
        Identity.objects.filter(customer=ids[2]).update(since=NOW)
        rotating = Beside(lambda: sum(rotate(columns=customers.SEALED)))
        rotating.waits()
        # Whoever rotates holds the first two by now.
        Identity.objects.filter(customer=ids[0]).update(since=NOW)
    assert rotating.end().error is None

    assert sum(rotate(columns=customers.SEALED)) == 0
