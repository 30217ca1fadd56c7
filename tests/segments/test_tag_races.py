"""An opt-out and the giving of a tag at the same moment: whoever comes first, no tag remains."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from customers.actions.personalisation import refuse_personalisation
from customers.actions.tags import give_tag
from customers.models import Customer, Tagging
from customers.vocabulary import TagSource
from tests.factories import NOW, make_people

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 20


def give(customer: int) -> None:
    give_tag(
        customer_ids=[customer], tag="pension_need", source=TagSource.RULE, until=None, now=NOW
    )


def opt_out(customer: int) -> None:
    refuse_personalisation(customer_id=customer, how="page", now=NOW)


def waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize(("first", "second"), [(give, opt_out), (opt_out, give)])
def test_no_tag_remains_whoever_comes_first(
    first: Callable[[int], None], second: Callable[[int], None]
) -> None:
    (customer,) = make_people(1)
    has_acted, may_commit = threading.Event(), threading.Event()

    def lead() -> None:
        with transaction.atomic():
            first(customer)
            has_acted.set()
            may_commit.wait(PATIENCE)
        connection.close()

    def follow() -> None:
        second(customer)
        connection.close()

    leader = threading.Thread(target=lead)
    leader.start()
    assert has_acted.wait(PATIENCE)
    follower = threading.Thread(target=follow)
    follower.start()
    pause = threading.Event()
    for _ in range(PATIENCE * 20):
        if waiting():
            break
        pause.wait(0.05)
    else:
        pytest.fail("the second did not wait for the first")
    may_commit.set()
    leader.join(PATIENCE)
    follower.join(PATIENCE)

    assert Customer.objects.get(pk=customer).personalise_off
    assert not Tagging.objects.exists()
