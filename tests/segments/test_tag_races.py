"""Tags at the same moment: an opt-out and the giving of one, two who define one."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from compliance.actions import record
from compliance.models import AuditEntry
from customers.actions.personalisation import refuse_personalisation
from customers.actions.tags import give_tag
from customers.models import Customer, Tagging
from customers.vocabulary import TagSource
from segments.actions.catalogue import ship_tags
from segments.actions.tags import Meaning, define_tag, end_retired_tags
from segments.errors import TagRefused
from segments.models import Tag
from segments.queries.rules import hold_rules
from tests.factories import NOW, make_people, make_staff

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


def nothing() -> None:
    """The first has no more to do than it did."""


def at_once(
    first: Callable[[], None], second: Callable[[], None], *, then: Callable[[], None] = nothing
) -> None:
    """The second begins while the first has acted and not committed; ``then`` the first goes on."""
    has_acted, may_commit = threading.Event(), threading.Event()

    def lead() -> None:
        with transaction.atomic():
            first()
            has_acted.set()
            may_commit.wait(PATIENCE)
            then()
        connection.close()

    def follow() -> None:
        second()
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


@pytest.mark.parametrize(("first", "second"), [(give, opt_out), (opt_out, give)])
def test_no_tag_remains_whoever_comes_first(
    first: Callable[[int], None], second: Callable[[int], None]
) -> None:
    (customer,) = make_people(1)

    at_once(lambda: first(customer), lambda: second(customer))

    assert Customer.objects.get(pk=customer).personalise_off
    assert not Tagging.objects.exists()


def test_of_two_who_define_one_tag_at_once_the_second_is_told_the_firsts_owner() -> None:
    author = make_staff().marketer
    told: list[TagRefused] = []

    def define(owner: str) -> None:
        meaning = Meaning(
            owner=owner, scene="s", purpose="p", definition="d", source=TagSource.FILE, ttl_days=7
        )
        names = {"name_en": "Keen", "name_zh": "关注"}
        define_tag(key="keen", namespace="needs", **names, meaning=meaning, author=author, now=NOW)

    def second() -> None:
        try:
            define("card desk")
        except TagRefused as refusal:
            told.append(refusal)

    at_once(lambda: define("wealth desk"), second)

    assert [(one.code, one.path) for one in told] == [("tag_taken", "/key")]
    assert "wealth desk" in told[0].message
    assert Tag.objects.get().newest.owner == "wealth desk"


@pytest.mark.parametrize("change", [ship_tags, end_retired_tags])
def test_whoever_changes_many_tags_lets_a_segment_be_saved_meanwhile(
    change: Callable[..., int],
) -> None:
    done: list[int] = []

    def note() -> None:
        record(actor="a", action="segment.save", subject="s", now=NOW)

    at_once(hold_rules, lambda: done.append(change(now=NOW)), then=note)

    assert len(done) == 1
    assert AuditEntry.objects.filter(subject="s").exists()
