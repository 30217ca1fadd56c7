"""A link that confirms a consent, opened after its owner was merged into another customer."""

from datetime import timedelta

import pytest

from customers.actions.merge import decide_merge, propose_merge, unmerge
from customers.actions.opt_in import Confirmed, confirm
from customers.models import Consent, Customer, Merge
from customers.queries.consents import current_consents
from customers.vocabulary import ConsentState
from tests.factories import NOW, make_people, make_staff, say_consent

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def asks(customer: int) -> Consent:
    """He has been sent a link."""
    say_consent([customer], ["email"], state=ConsentState.PENDING)
    return Consent.objects.filter(customer=customer).latest("pk")


def merge(one: int, other: int) -> tuple[int, int]:
    """Who stays, and who goes."""
    staff = make_staff()
    proposal = propose_merge(customer_ids=[one, other], maker=staff.checker, now=NOW)
    decide_merge(proposal=proposal, checker=staff.compliance, approve=True, now=NOW)
    made = Merge.objects.latest("pk")
    return made.kept_id, made.gone_id


def part(kept: int, gone: int) -> None:
    made = Merge.objects.get(kept=kept, gone=gone, undoes=None)
    unmerge(merge=made, actor=make_staff().compliance, now=LATER)


def says(*customers: int) -> list[str | None]:
    return [current_consents([one]).get(one, {}).get("email") for one in customers]


@pytest.fixture
def two() -> tuple[int, int]:
    """Who will stay, and who will go."""
    first, second = make_people(2, has_consent=False)
    return first, second


@pytest.mark.parametrize("before", [None, ConsentState.GRANTED])
def test_it_reaches_the_one_that_stays(two: tuple[int, int], before: ConsentState | None) -> None:
    kept, gone = two
    if before:
        say_consent([kept], ["email"], state=before)
    pending = asks(gone)
    assert merge(*two) == two
    assert says(kept) == ["pending"]

    assert confirm(pending=pending, now=LATER) == Confirmed.GRANTED
    assert confirm(pending=pending, now=LATER) == Confirmed.GRANTED

    assert says(kept) == ["granted"]
    assert Consent.objects.filter(source="double-opt-in").count() == 1


def test_it_reaches_him_through_two_merges() -> None:
    last, middle, first = make_people(3, has_consent=False)
    pending = asks(first)
    assert merge(middle, first) == (middle, first)
    assert merge(last, middle) == (last, middle)

    assert confirm(pending=pending, now=LATER) == Confirmed.GRANTED

    assert says(last) == ["granted"]


def test_a_no_of_the_one_that_stays_stands(two: tuple[int, int]) -> None:
    kept, gone = two
    say_consent([kept], ["email"], state=ConsentState.WITHDRAWN)
    pending = asks(gone)
    merge(*two)

    assert confirm(pending=pending, now=LATER) == Confirmed.WITHDRAWN

    assert says(kept) == ["withdrawn"]


def test_who_waits_for_a_link_of_his_own_is_told_to_use_that_one(two: tuple[int, int]) -> None:
    kept, gone = two
    own = asks(kept)
    others = asks(gone)
    merge(*two)

    assert confirm(pending=others, now=LATER) == Confirmed.REPLACED
    assert says(kept) == ["pending"]
    assert confirm(pending=own, now=LATER) == Confirmed.GRANTED


def test_of_the_erased_nothing_can_be_confirmed(two: tuple[int, int]) -> None:
    pending = asks(two[0])
    Customer.objects.filter(pk=two[0]).update(status="restricted")

    assert confirm(pending=pending, now=LATER) == Confirmed.NOBODY


@pytest.mark.parametrize("before", [None, ConsentState.GRANTED])
def test_two_again_each_has_what_he_said_himself(
    two: tuple[int, int], before: ConsentState | None
) -> None:
    kept, gone = two
    if before:
        say_consent([kept], ["email"], state=before)
    pending = asks(gone)
    merge(*two)
    confirm(pending=pending, now=LATER)

    part(kept, gone)

    assert says(kept, gone) == [before and before.value, "granted"]


def test_two_again_one_after_the_other_it_is_the_first_ones() -> None:
    last, middle, first = make_people(3, has_consent=False)
    pending = asks(first)
    merge(middle, first)
    merge(last, middle)
    confirm(pending=pending, now=LATER)

    part(last, middle)
    assert says(last, middle, first) == [None, "granted", "pending"]
    part(middle, first)

    assert says(last, middle, first) == [None, None, "granted"]
