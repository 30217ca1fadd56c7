"""Whose what clients tell of two people is, who are taken for one and then two again."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from compliance.queries import clock_now
from customers.actions.merge import decide_merge, merge_matches, propose_merge, unmerge
from customers.models import Customer, Event, Identity, Merge
from customers.queries.identities import addresses, keyring
from customers.vocabulary import KeyScope
from tests.customers.api.conftest import Door
from tests.factories import make_people, make_staff, record_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def door(make_door: Callable[..., Door]) -> Door:
    return make_door(KeyScope.MANAGE)


def number(customer: int) -> str:
    return Customer.objects.get(pk=customer).customer_no


def merge(*ids: int) -> Merge:
    staff, now = make_staff(), clock_now()
    asked = propose_merge(customer_ids=ids, maker=staff.checker, now=now)
    decide_merge(proposal=asked, checker=staff.compliance, approve=True, now=now)
    return Merge.objects.latest("pk")


def part(made: Merge) -> None:
    unmerge(merge=made, actor=make_staff().compliance, now=clock_now())


def told(door: Door, **names: str) -> str:
    """An event by these names; its message id."""
    message_id = str(uuid.uuid4())
    assert door.track(messageId=message_id, **names).status_code == 200
    return message_id


def owner(message_id: str) -> int | None:
    return Event.objects.get(message_id=message_id).customer_id


def browser_of(door: Door, customer: int, anonymous_id: str) -> None:
    body = {"userId": number(customer), "anonymousId": anonymous_id, "messageId": anonymous_id}
    assert door.post("/v1/identify", body).status_code == 200


def holder(kind: str, value: str) -> int:
    value_hash = keyring().lookup_hash(kind, value)
    return Identity.objects.get(kind=kind, value_hash=value_hash).customer_id


def test_what_is_told_by_a_name_is_his_whose_name_it_is(door: Door) -> None:
    kept, gone = make_people(2)
    made = merge(kept, gone)
    of_kept, of_gone = told(door, userId=number(kept)), told(door, userId=number(gone))
    assert (owner(of_kept), owner(of_gone)) == (kept, kept)

    part(made)

    assert (owner(of_kept), owner(of_gone)) == (kept, gone)


def test_what_a_browser_tells_is_his_whose_browser_it_is(door: Door) -> None:
    kept, gone = make_people(2)
    browser_of(door, kept, "phone-of-kept")
    browser_of(door, gone, "phone-of-gone")
    made = merge(kept, gone)
    of_kept, of_gone = told_by("phone-of-kept", door), told_by("phone-of-gone", door)

    part(made)

    assert (owner(of_kept), owner(of_gone)) == (kept, gone)


def told_by(anonymous_id: str, door: Door) -> str:
    """By nothing but a browser."""
    message_id = str(uuid.uuid4())
    body = {"anonymousId": anonymous_id, "event": "Fund Viewed", "messageId": message_id}
    assert door.post("/v1/track", body).status_code == 200
    return message_id


def test_a_browser_that_was_linked_meanwhile_goes_with_the_name_that_linked_it(door: Door) -> None:
    kept, gone = make_people(2)
    made = merge(kept, gone)
    browser_of(door, kept, "new-of-kept")
    browser_of(door, gone, "new-of-gone")
    events = told_by("new-of-kept", door), told_by("new-of-gone", door)

    part(made)

    assert [holder("anonymous_id", f"new-of-{one}") for one in ("kept", "gone")] == [kept, gone]
    assert [owner(event) for event in events] == [kept, gone]
    assert owner(told_by("new-of-gone", door)) == gone


def test_an_earlier_id_that_was_told_meanwhile_goes_with_the_name_that_told_it(door: Door) -> None:
    kept, gone = make_people(2)
    made = merge(kept, gone)
    door.post("/v1/alias", {"userId": number(gone), "previousId": "old", "messageId": "alias"})
    by_old_id, by_browser = told(door, userId="old"), told_by("old", door)

    part(made)

    assert (holder("user_id", "old"), holder("anonymous_id", "old")) == (gone, gone)
    assert (owner(by_old_id), owner(by_browser), owner("alias")) == (gone, gone, gone)


def test_a_browser_of_one_stays_his_whoever_names_it_meanwhile(door: Door) -> None:
    kept, gone = make_people(2)
    browser_of(door, kept, "of-kept")
    made = merge(kept, gone)
    alias = {"userId": number(gone), "previousId": "of-kept", "messageId": "alias"}
    assert door.post("/v1/alias", alias).status_code == 200

    part(made)

    assert (holder("anonymous_id", "of-kept"), holder("user_id", "of-kept")) == (kept, gone)


def test_what_names_nobody_stays_where_it_was_told(door: Door) -> None:
    kept, gone = make_people(2)
    made = merge(kept, gone)
    record_event(kept, "Message Opened", at=clock_now(), message_id="opened")

    part(made)

    assert owner("opened") == kept


def test_merges_in_between_change_nothing(door: Door) -> None:
    first, second, third = make_people(3)
    inner = merge(second, third)
    events = [told(door, userId=number(third))]
    outer = merge(first, second)
    events += [told(door, userId=number(third)), told(door, userId=number(second))]

    part(outer)
    events.append(told(door, userId=number(third)))
    assert [owner(event) for event in events] == [second] * 4
    again = merge(first, second)
    part(again)
    part(inner)

    assert [owner(event) for event in events] == [third, third, second, third]


def test_who_leaves_first_of_two_takes_only_his_own(door: Door) -> None:
    kept, first, second = make_people(3)
    one, _other = merge(kept, first), merge(kept, second)
    events = [told(door, userId=number(customer)) for customer in (kept, first, second)]

    part(one)

    assert [owner(event) for event in events] == [kept, first, kept]


def test_what_was_being_stored_while_they_were_parted_follows(door: Door) -> None:
    kept, gone, other = make_people(3)
    made = merge(kept, gone)
    late = told(door, userId=number(gone))
    part(made)
    Event.objects.filter(message_id=late).update(customer_id=kept)

    merge_matches(now=clock_now())
    assert owner(late) == gone

    into = merge(gone, other)
    last = told(door, userId=number(other))
    Event.objects.filter(message_id__in=[late, last]).update(customer_id=kept)
    merge_matches(now=clock_now() + timedelta(seconds=10))
    assert (owner(late), owner(last)) == (gone, gone)
    part(into)
    assert (owner(late), owner(last)) == (gone, other)


def test_an_address_that_is_told_again_by_the_old_number_is_his_alone(door: Door) -> None:
    kept, gone = make_people(2)
    own = {one: addresses([one], "email")[one] for one in (kept, gone)}
    made = merge(kept, gone)
    for one in (kept, gone):
        told_again = {"userId": number(one), "messageId": own[one], "traits": {"email": own[one]}}
        assert door.post("/v1/identify", told_again).status_code == 200

    part(made)

    assert {one: addresses([one], "email")[one] for one in (kept, gone)} == own
    assert Identity.objects.filter(kind="email").count() == 2


def test_an_address_of_both_stays_with_both(door: Door) -> None:
    kept, gone = make_people(2)
    for one in (kept, gone):
        put_email(door, one, "both@example.com")
    made = merge(kept, gone)
    for one in (kept, gone):
        put_email(door, one, "both@example.com")

    part(made)

    found = [addresses([one], "email")[one] for one in (kept, gone)]
    assert found == ["both@example.com"] * 2


def put_email(door: Door, customer: int, email: str) -> None:
    body = {"userId": number(customer), "messageId": str(uuid.uuid4()), "traits": {"email": email}}
    assert door.post("/v1/identify", body).status_code == 200
