"""An alias that is told before its customer is known counts once he is."""

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction

from compliance.queries import clock_now
from customers.actions.import_customers import import_customers
from customers.actions.merge import merge_matches
from customers.actions.people import Person, put_people
from customers.actions.rights import erase_customer
from customers.models import Customer, Identity
from customers.queries.identities import find_owners
from customers.vocabulary import KeyScope


def owner_of(name: str) -> str | None:
    found = find_owners([name]).get(name)
    return found.customer_no if found else None


def alias(door: Any, previous: str, user: str, **more: Any) -> Any:
    answer = door.post("/v1/alias", {"previousId": previous, "userId": user, **more})
    assert answer.status_code == 200, answer.content
    return answer


def identified(door: Any, user: str) -> None:
    door.post("/v1/identify", {"userId": user, "traits": {"plan": "gold"}})


def imported(folder: Path, *numbers: str) -> None:
    path = folder / "people.csv"
    path.write_text("id,city\n" + "".join(f"{number},Wuhan\n" for number in numbers))
    import_customers(path=path, now=clock_now())


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.FILES = tmp_path / "files"


@pytest.mark.parametrize("comes", ["by a call", "by a file", "by a server", "by a batch"])
def test_the_earlier_id_is_linked_when_the_customer_comes(
    door: Any, tmp_path: Path, comes: str
) -> None:
    alias(door, "old", "u1")
    assert owner_of("old") is None

    match comes:
        case "by a call":
            identified(door, "u1")
        case "by a file":
            imported(tmp_path, "u0", "u1", "u2")
        case "by a server":
            person = Person(customer_no="u1")
            put_people(people=[person], source="crm", may_replace_contacts=True, now=clock_now())
        case _:
            calls = [
                {"type": "track", "event": "Fund Viewed", "userId": "old"},
                {"type": "identify", "userId": "u1"},
            ]
            door.post("/v1/batch", {"batch": calls})

    assert owner_of("old") == "u1"
    door.track(userId="old")
    door.post("/v1/track", {"anonymousId": "old", "event": "Fund Viewed"})
    known = Customer.objects.get(customer_no="u1").pk
    told = door.events()
    assert [event["customer_id"] for event in told[-2:]] == [known, known]
    assert told[0]["customer_id"] == known  # the alias itself


def test_a_chain_of_aliases_is_followed_to_its_beginning(door: Any) -> None:
    alias(door, "a", "b")
    alias(door, "b", "c")
    alias(door, "c", "d")

    identified(door, "d")

    assert [owner_of(name) for name in "abc"] == ["d"] * 3


def test_a_chain_of_which_the_end_is_known_is_followed(door: Any) -> None:
    alias(door, "a", "b")
    identified(door, "c")

    alias(door, "b", "c")

    assert owner_of("a") == "c"


def test_aliases_in_a_ring_end(door: Any) -> None:
    alias(door, "a", "b")
    alias(door, "b", "a")

    identified(door, "a")

    assert owner_of("b") == "a"


def test_an_id_that_is_somebodys_by_then_stays_his(door: Any) -> None:
    alias(door, "shared", "u1")
    identified(door, "u2")
    alias(door, "shared", "u2")

    identified(door, "u1")

    assert owner_of("shared") == "u2"


def test_of_two_who_wait_for_one_id_the_first_who_comes_has_it(door: Any) -> None:
    alias(door, "shared", "u1")
    alias(door, "shared", "u2")

    identified(door, "u2")
    identified(door, "u1")

    assert owner_of("shared") == "u2"


def test_a_known_customer_who_is_described_again_is_given_nothing_anew(door: Any) -> None:
    alias(door, "old", "u1")
    identified(door, "u1")
    Identity.objects.all().delete()

    identified(door, "u1")

    assert owner_of("old") is None


def test_an_id_that_is_an_address_waits_under_its_pseudonym(door: Any) -> None:
    alias(door, "planted@secret.example", "u1")
    assert "planted" not in json.dumps(door.events(), default=str)

    identified(door, "u1")

    door.track(userId="planted@secret.example")
    assert door.events()[-1]["customer_id"] == Customer.objects.get(customer_no="u1").pk


def test_who_was_erased_does_not_come_back_by_an_alias(
    door: Any, make_door: Any, tmp_path: Path
) -> None:
    imported(tmp_path, "u1")
    erase_customer(customer_no="u1", actor="ann", now=clock_now())

    alias(door, "old", "u1")
    identified(door, "u1")
    make_door(KeyScope.MANAGE).post("/v1/identify", {"userId": "u1", "traits": {"city": "Wuhan"}})
    imported(tmp_path, "u1", "u2")
    merge_matches(now=clock_now())

    assert owner_of("old") is None
    assert Identity.objects.count() == 0
    erased = Customer.objects.get(customer_no="u1")
    assert (erased.status, erased.city) == ("erased", None)


def test_events_that_overtake_their_identify_are_the_customers(door: Any) -> None:
    door.track(userId="u1")
    door.track(userId="u2")
    old = (clock_now() - timedelta(days=5)).isoformat()
    door.track(userId="u1", timestamp=old)

    identified(door, "u1")

    known = Customer.objects.get(customer_no="u1").pk
    assert [event["customer_id"] for event in door.events()] == [known, None, None, known]


def test_an_event_and_its_customer_stored_at_the_same_time_meet(committed_door: Any) -> None:
    door = committed_door
    with transaction.atomic():
        person = Person(customer_no="u1")
        put_people(people=[person], source="crm", may_replace_contacts=True, now=clock_now())
        other = threading.Thread(target=lambda: (door.track(userId="u1"), connections.close_all()))
        other.start()
        other.join()
    assert door.events()[0]["customer_id"] is None

    merge_matches(now=clock_now())

    assert door.events()[0]["customer_id"] == Customer.objects.get().pk


def test_an_alias_and_its_customer_stored_at_the_same_time_meet(committed_door: Any) -> None:
    door = committed_door
    with transaction.atomic():
        person = Person(customer_no="u1")
        put_people(people=[person], source="crm", may_replace_contacts=True, now=clock_now())
        other = threading.Thread(target=lambda: (alias(door, "old", "u1"), connections.close_all()))
        other.start()
        other.join()
    assert owner_of("old") is None

    merge_matches(now=clock_now())

    assert owner_of("old") == "u1"
