"""Two at once: merges, erasures, files and withdrawals that meet."""

from datetime import timedelta

import pytest
from django.db import transaction

from compliance.models import AuditEntry
from customers.actions.consents import withdraw
from customers.actions.merge import decide_merge, merge_matches, propose_merge, unmerge
from customers.actions.people import Person, put_people
from customers.actions.personalisation import refuse_personalisation
from customers.actions.rights import erase_customer, erase_expired, forget_late
from customers.errors import MergeRefused, RightRefused
from customers.models import Customer, Erasure, Event, Identity, MatchRule, Merge, MergeProposal
from customers.queries.consents import current_consents
from tests.beside import Beside
from tests.factories import NOW, make_people, make_staff, record_event, say_consent

LATER = NOW + timedelta(minutes=5)
PHONE = "13800138000"


def make(number: str, *, numbered: bool = True, **contacts: str) -> int:
    person = Person(customer_no=number, contacts=contacts, columns={"city": "Ningbo"})
    made = put_people(people=[person], source="crm", may_replace_contacts=True, now=NOW)[number]
    Customer.objects.filter(customer_no=number).update(is_numbered=numbered)
    return made


def two() -> tuple[int, int]:
    """Who stays, and the same person under another number."""
    MatchRule.objects.update_or_create(
        kind="phone", defaults={"merges": True, "holders_at_most": 2, "people_at_most": 3}
    )
    return make("10001", phone=PHONE), make("web-1", numbered=False, phone=PHONE)


def merged() -> tuple[int, int]:
    kept, gone = two()
    assert merge_matches(now=LATER) == 1
    return kept, gone


def say_no(customer: int) -> None:
    """As the link of a message does that was sent to this customer."""
    withdraw(
        customer_id=customer,
        purpose="marketing",
        channel="sms",
        source="preference-page",
        evidence={},
        now=LATER,
    )


@pytest.mark.django_db
def test_a_no_from_an_old_message_is_the_word_of_who_stays() -> None:
    kept, gone = two()
    say_consent([kept, gone], ["sms"])
    merge_matches(now=LATER)

    say_no(gone)

    assert current_consents([kept])[kept] == {"sms": "withdrawn"}


@pytest.mark.django_db
def test_a_no_from_an_old_message_counts_for_both_once_they_are_two_again() -> None:
    kept, gone = two()
    say_consent([kept, gone], ["sms"])
    merge_matches(now=LATER)
    say_no(gone)

    unmerge(merge=Merge.objects.get(), actor=make_staff().compliance, now=LATER)

    assert current_consents([kept, gone]) == {
        kept: {"sms": "withdrawn"},
        gone: {"sms": "withdrawn"},
    }


@pytest.mark.django_db
def test_personalisation_refused_in_an_old_message_is_refused_by_who_stays() -> None:
    kept, gone = merged()

    refuse_personalisation(customer_id=gone, how="page", now=LATER)

    assert Customer.objects.get(pk=kept).personalise_off


def test_a_no_said_while_a_merge_is_made_is_not_lost(transactional_db: None) -> None:
    kept, gone = two()
    say_consent([kept, gone], ["sms"])

    with transaction.atomic():
        merge_matches(now=LATER)
        saying = Beside(lambda: say_no(gone))
        saying.waits()
    assert saying.end().error is None

    assert current_consents([kept])[kept] == {"sms": "withdrawn"}


def test_an_erasure_asked_for_while_a_merge_is_made_forgets_who_stays(
    transactional_db: None,
) -> None:
    two()

    with transaction.atomic():
        merge_matches(now=LATER)
        erasing = Beside(lambda: erase_customer(customer_no="web-1", actor="ann", now=LATER))
        erasing.waits()
    assert erasing.end().error is None

    assert set(Customer.objects.values_list("status", flat=True)) == {"erased"}
    assert not Identity.objects.exists()


@pytest.mark.parametrize("number", ["10001", "web-1"])
def test_what_a_file_writes_while_a_person_is_erased_goes_too(
    transactional_db: None, number: str
) -> None:
    merged()

    with transaction.atomic():
        # As a file's batch does: the customer's row first, then his identifiers.
        Customer.objects.filter(customer_no=number).update(city="Wuhan")
        erasing = Beside(lambda: erase_customer(customer_no="10001", actor="ann", now=LATER))
        erasing.waits()
        make(number, email="late@example.com")
    assert erasing.end().error is None

    assert not Identity.objects.exists()
    assert set(Customer.objects.values_list("status", "city")) == {("erased", None)}


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["10001", "web-1"])
def test_what_a_request_stored_while_a_person_was_erased_goes_with_the_tick(number: str) -> None:
    merged()
    [other] = make_people(1)
    named = Customer.objects.get(customer_no=number).pk
    erase_customer(customer_no="10001", actor="ann", now=LATER)
    for customer in (named, other):  # as requests do that had looked them up before
        record_event(customer, at=LATER, mail="10001 bought")
        Identity.objects.create(
            customer_id=customer,
            kind="anonymous_id",
            value_hash=bytes([customer % 256]) * 32,
            ciphertext=b"",
            key_id="1",
            source="key:web",
            since=LATER,
        )

    assert forget_late(now=LATER + timedelta(hours=1)) == 2
    assert forget_late(now=LATER + timedelta(hours=1)) == 0

    kept = dict(Event.objects.values_list("customer_id", "properties"))
    assert kept == {named: {}, other: {"mail": "10001 bought"}}
    assert set(Identity.objects.values_list("customer_id", flat=True)) == {other}


def test_what_a_file_writes_while_a_duty_ends_goes_too(transactional_db: None) -> None:
    customer = make("10001", phone=PHONE)
    Customer.objects.filter(pk=customer).update(status="restricted")
    Erasure.objects.create(
        customer_id=customer, asked_by="ann", asked_at=NOW, retained_until=NOW.date()
    )

    with transaction.atomic():
        Customer.objects.filter(pk=customer).update(city="Wuhan")
        erasing = Beside(lambda: erase_expired(now=LATER))
        erasing.waits()
        make("10001", email="late@example.com")
    assert erasing.end().result == 1

    assert not Identity.objects.exists()


def test_of_two_who_decide_a_merge_at_once_one_is_told_so(transactional_db: None) -> None:
    staff = make_staff()
    kept, gone = make("10001"), make("10002")
    proposal = propose_merge(customer_ids=[kept, gone], maker=staff.checker, now=NOW)

    with transaction.atomic():
        decide_merge(proposal=proposal, checker=staff.compliance, approve=True, now=LATER)
        other = Beside(
            lambda: decide_merge(
                proposal=proposal, checker=staff.compliance, approve=False, now=LATER
            )
        )
        other.waits()
    assert isinstance(other.end().error, MergeRefused)

    assert MergeProposal.objects.get().state == "approved"
    assert Merge.objects.count() == 1


def test_a_merge_of_who_is_erased_meanwhile_is_refused_and_not_noted_as_made(
    transactional_db: None,
) -> None:
    staff = make_staff()
    kept, gone = make("10001"), make("10002")
    proposal = propose_merge(customer_ids=[kept, gone], maker=staff.checker, now=NOW)

    with transaction.atomic():
        erase_customer(customer_no="10002", actor="ann", now=LATER)
        deciding = Beside(
            lambda: decide_merge(
                proposal=proposal, checker=staff.compliance, approve=True, now=LATER
            )
        )
        deciding.waits()
    assert isinstance(deciding.end().error, MergeRefused)

    assert MergeProposal.objects.get().state == "open"
    assert not AuditEntry.objects.filter(action="merge.approved").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["10001", "web-1"])
def test_a_merge_of_an_erased_person_cannot_be_undone(number: str) -> None:
    merged()
    erase_customer(customer_no=number, actor="ann", now=LATER)

    with pytest.raises(MergeRefused):
        unmerge(merge=Merge.objects.get(undoes=None), actor=make_staff().compliance, now=LATER)

    assert not Identity.objects.exists()
    assert set(Customer.objects.values_list("status", flat=True)) == {"erased"}


def test_of_two_who_erase_at_once_one_is_told_so(transactional_db: None) -> None:
    make("10001", phone=PHONE)

    with transaction.atomic():
        erase_customer(customer_no="10001", actor="ann", now=LATER)
        other = Beside(lambda: erase_customer(customer_no="10001", actor="bob", now=LATER))
        other.waits()
    assert isinstance(other.end().error, RightRefused)

    assert AuditEntry.objects.filter(action="customer.erase").count() == 1
