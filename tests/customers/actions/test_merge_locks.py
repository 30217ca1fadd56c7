"""Who is one with whom changes while a lock is waited for: the order of locks holds all the same.

A file holds the first customer and comes to the second. Whoever waited for a merge holds the
second, and would then ask for the first.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction

from customers.actions.consents import withdraw, withdraw_for
from customers.actions.merge import decide_merge, propose_merge
from customers.actions.people import Person, put_people
from customers.actions.rights import erase_customer, set_personalisation
from customers.models import Customer, Merge, MergeMove
from customers.queries.consents import current_consents
from tests.beside import Beside
from tests.factories import NOW, make_staff

LATER = NOW + timedelta(minutes=5)
FIRST, SECOND, THIRD = "10001", "20002", "30003"


def make(number: str) -> int:
    """As a file's batch does."""
    person = Person(customer_no=number, columns={"city": "Ningbo"})
    return put_people(people=[person], source="crm", may_replace_contacts=True, now=NOW)[number]


def into(kept: int, *ids: int) -> None:
    Customer.objects.filter(pk__in=ids).update(status="merged", merged_into_id=kept)


@contextmanager
def under_way(act: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """An act in a thread of its own; its transaction ends when what is given is called."""
    is_under_way, may_end = threading.Event(), threading.Event()

    def acting() -> None:
        with transaction.atomic():
            act()
            is_under_way.set()
            assert may_end.wait(30)

    beside = Beside(acting)
    assert is_under_way.wait(30)
    try:
        yield may_end.set
    finally:
        may_end.set()
        assert beside.end().error is None


def until_somebody_waits() -> None:
    for _turn in range(3_000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("nobody came to wait")


def say_no(old: int) -> None:
    withdraw(
        customer_id=old,
        purpose="marketing",
        channel="sms",
        source="preference-page",
        evidence={},
        now=LATER,
    )


def tell_no(_old: int) -> None:
    withdraw_for(
        customer_no=THIRD,
        purpose="marketing",
        channel="sms",
        actor="compliance",
        why="he called",
        now=LATER,
    )


def object_to(_old: int) -> None:
    set_personalisation(customer_no=THIRD, is_off=True, actor="compliance", now=LATER)


@pytest.mark.parametrize("act", [say_no, tell_no, object_to])
def test_who_is_merged_further_meanwhile_is_locked_in_order(
    transactional_db: None, act: Callable[[int], None]
) -> None:
    first, second, third = make(FIRST), make(SECOND), make(THIRD)
    into(second, third)

    with transaction.atomic():
        make(FIRST)
        with under_way(lambda: into(first, second, third)) as end:
            acting = Beside(lambda: act(third))
            until_somebody_waits()
            end()
        acting.waits()
        make(SECOND)
    assert acting.end().error is None

    kept = Customer.objects.get(pk=first)
    assert kept.personalise_off or current_consents([first])[first]["sms"] == "withdrawn"


def test_a_merge_takes_who_was_merged_into_them_meanwhile_in_order(transactional_db: None) -> None:
    first, second, third = make(FIRST), make(SECOND), make(THIRD)
    Customer.objects.filter(pk=second).update(is_numbered=False)
    staff = make_staff()
    proposal = propose_merge(customer_ids=[second, third], maker=staff.checker, now=NOW)

    with under_way(lambda: make(THIRD)) as end:
        deciding = Beside(
            lambda: decide_merge(
                proposal=proposal, checker=staff.compliance, approve=True, now=LATER
            )
        )
        until_somebody_waits()
        into(second, first)
        with transaction.atomic():
            make(FIRST)
            end()
            deciding.waits()
            make(SECOND)
    assert deciding.end().error is None

    merge = Merge.objects.get()
    assert (merge.kept_id, merge.gone_id) == (third, second)
    assert list(MergeMove.objects.values_list("what", "row_id")) == [("customer", first)]


def test_a_person_is_forgotten_in_the_order_of_all_his_numbers(transactional_db: None) -> None:
    first, second = make(FIRST), make(SECOND)
    into(second, first)

    with transaction.atomic():
        make(FIRST)
        erasing = Beside(lambda: erase_customer(customer_no=SECOND, actor="dpo", now=LATER))
        erasing.waits()
        make(SECOND)
    assert erasing.end().error is None
    assert Customer.objects.get(pk=second).status == "erased"
