"""What people allow, through merges and their undoing in any order."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from customers.actions.merge import decide_merge, propose_merge, unmerge
from customers.models import Customer, Merge
from customers.queries.consents import current_consents
from customers.vocabulary import ConsentState
from tests.factories import NOW, make_people, make_staff, say_consent

pytestmark = pytest.mark.django_db
STATES = (None, ConsentState.GRANTED, ConsentState.PENDING, ConsentState.WITHDRAWN)


def clock() -> Iterator[datetime]:
    for minute in range(1, 10_000):
        yield NOW + timedelta(minutes=minute)


def said_of(customers: list[int]) -> dict[int, ConsentState | None]:
    found = current_consents(customers)
    return {one: found.get(one, {}).get("sms") for one in customers}


def merge(kept: int, gone: int, now: datetime) -> None:
    staff = make_staff()
    proposal = propose_merge(customer_ids=[kept, gone], maker=staff.checker, now=now)
    decide_merge(proposal=proposal, checker=staff.compliance, approve=True, now=now)


def standing() -> list[Merge]:
    """Merges that can be undone, the one that stays being there still."""
    merges = Merge.objects.filter(undoes=None, undone=None, kept__status="active")
    return [one for one in merges if Customer.objects.get(pk=one.gone_id).status == "merged"]


def part(made: Merge, now: datetime) -> None:
    unmerge(merge=made, actor=make_staff().compliance, now=now)


def people(*said: ConsentState | None) -> list[int]:
    ids = make_people(len(said), has_consent=False)
    for one, state in zip(ids, said, strict=True):
        if state:
            say_consent([one], ["sms"], state=state)
    return ids


def test_a_no_of_one_who_stays_outlives_that_another_leaves() -> None:
    kept, first, second = people(
        ConsentState.GRANTED, ConsentState.WITHDRAWN, ConsentState.WITHDRAWN
    )
    merge(kept, first, NOW)
    merge(kept, second, NOW + timedelta(minutes=1))

    part(Merge.objects.get(gone=first), NOW + timedelta(minutes=2))
    assert said_of([kept]) == {kept: "withdrawn"}
    part(Merge.objects.get(gone=second), NOW + timedelta(minutes=3))

    assert said_of([kept]) == {kept: "granted"}


def test_what_was_said_while_they_were_one_outlives_that_another_leaves() -> None:
    kept, first, second = people(None, ConsentState.WITHDRAWN, ConsentState.WITHDRAWN)
    merge(kept, first, NOW)
    say_consent([kept], ["sms"], now=NOW + timedelta(minutes=1))
    merge(kept, second, NOW + timedelta(minutes=2))

    part(Merge.objects.get(gone=second), NOW + timedelta(minutes=3))

    assert said_of([kept, second]) == {kept: "granted", second: "withdrawn"}


@pytest.mark.parametrize("switch", ["personalise_off", "aml_hold", "internal_hold"])
def test_a_hold_of_one_who_stays_outlives_that_another_leaves(switch: str) -> None:
    kept, first, second = people(None, None, None)
    Customer.objects.exclude(pk=kept).update(**{switch: True})
    merge(kept, first, NOW)
    merge(kept, second, NOW + timedelta(minutes=1))

    part(Merge.objects.get(gone=first), NOW + timedelta(minutes=2))

    assert getattr(Customer.objects.get(pk=kept), switch)


@pytest.mark.parametrize("seed", range(40))
def test_merges_undone_in_any_order_leave_each_what_he_said_himself(seed: int) -> None:
    chance, times = random.Random(seed), clock()
    ids = people(*(chance.choice(STATES) for _ in range(4)))
    before = said_of(ids)

    for _step in range(6):
        active = list(Customer.objects.filter(status="active").values_list("pk", flat=True))
        if len(active) > 1 and chance.random() < 0.6:
            merge(*chance.sample(active, 2), now=next(times))
        elif open_ones := standing():
            part(chance.choice(open_ones), next(times))
        assert_strictest(ids, before)
    while open_ones := standing():
        part(chance.choice(open_ones), next(times))

    assert said_of(ids) == before


def assert_strictest(ids: list[int], before: dict[int, ConsentState | None]) -> None:
    """Of those who are one, the strictest word is theirs."""
    order = [ConsentState.WITHDRAWN, ConsentState.PENDING, ConsentState.GRANTED, None]
    into = dict(Customer.objects.values_list("pk", "merged_into_id"))
    now = said_of(ids)
    for one in ids:
        if into[one] is None:
            words = [before[other] for other in ids if (into[other] or other) == one]
            assert now[one] == min(words, key=order.index)
