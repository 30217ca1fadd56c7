"""Customers who are one person become one, and two again."""

import threading
import uuid
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction

from campaigns.actions.follow_merges import follow_merges
from campaigns.models import Enrolment
from compliance.errors import SelfReview
from customers.actions.consents import withdraw
from customers.actions.merge import decide_merge, merge_matches, propose_merge, unmerge
from customers.actions.people import Person, put_people
from customers.actions.record_events import NewEvent, record_events
from customers.actions.rights import erase_customer
from customers.actions.sources import create_api_key, internal_source
from customers.errors import MergeRefused
from customers.models import (
    Consent,
    Customer,
    Event,
    Identity,
    MatchRule,
    Merge,
    MergeProposal,
    Tagging,
)
from customers.queries.consents import current_consents
from customers.queries.identities import addresses, find_customers, find_owners
from customers.vocabulary import ConsentState, Doubt, KeyScope
from tests.factories import NOW, Staff, make_staff, record_event, say_consent

LATER = NOW + timedelta(minutes=5)
PHONE, OTHER = "13800138000", "13900139000"


@pytest.fixture(autouse=True)
def _rules(db: None) -> None:
    for kind, merges in (("phone", True), ("email", True), ("unionid", True), ("device", False)):
        MatchRule.objects.update_or_create(
            kind=kind,
            defaults={"merges": merges, "holders_at_most": 2, "people_at_most": 3},
        )


@pytest.fixture
def staff(db: None) -> Staff:
    return make_staff()


def make(number: str, *, numbered: bool = False, source: str = "crm", **known: Any) -> int:
    contacts = {k: known.pop(k) for k in ("phone", "email", "device", "unionid") if k in known}
    person = Person(customer_no=number, contacts=contacts, columns=known)
    made = put_people(people=[person], source=source, may_replace_contacts=True, now=NOW)[number]
    Customer.objects.filter(pk=made).update(is_numbered=numbered)
    return made


def merge() -> int:
    return merge_matches(now=LATER)


def state_of(*ids: int) -> tuple[Any, ...]:
    """Everything a merge may change of these customers, but for consents."""
    return (
        list(Customer.objects.filter(pk__in=ids).order_by("pk").values()),
        list(Identity.objects.filter(customer__in=ids).order_by("pk").values_list()),
        list(Event.objects.filter(customer_id__in=ids).order_by("id").values_list()),
        list(Tagging.objects.filter(customer__in=ids).order_by("pk").values_list()),
        {one: current_consents([one]) for one in ids},
    )


@pytest.mark.parametrize(
    "shared", [{"phone": PHONE}, {"email": "a@example.com"}, {"unionid": "union-1"}]
)
def test_who_shares_an_identifier_with_a_customer_becomes_that_customer(
    shared: dict[str, str],
) -> None:
    web = make("web-1", **shared)
    bank = make("10001", numbered=True, **shared)

    assert merge() == 1
    assert find_owners(["web-1"])["web-1"].customer_id == bank
    assert Customer.objects.get(pk=web).merged_into_id == bank


def test_a_second_look_changes_nothing() -> None:
    make("web-1", phone=PHONE)
    make("10001", numbered=True, phone=PHONE)

    assert (merge(), merge(), Merge.objects.count()) == (1, 0, 1)


def test_a_push_token_merges_nobody() -> None:
    make("web-1", device="token")
    make("web-2", device="token")

    assert merge() == 0


def test_what_many_share_merges_nobody() -> None:
    for number in range(3):
        make(f"web-{number}", phone=PHONE)

    assert (merge(), MergeProposal.objects.count()) == (0, 0)


def test_two_numbers_of_the_institution_never_merge_by_themselves() -> None:
    make("10001", numbered=True, phone=PHONE)
    make("10002", numbered=True, phone=PHONE)

    assert (merge(), MergeProposal.objects.count()) == (0, 0)


def test_a_chain_that_meets_two_numbers_waits_for_a_person() -> None:
    make("10001", numbered=True, phone=PHONE)
    make("web-1", phone=PHONE, email="a@example.com")
    make("10002", numbered=True, email="a@example.com")

    assert merge() == 0
    assert MergeProposal.objects.get().doubt == Doubt.TWO_NUMBERS


def test_different_dates_of_birth_wait_for_a_person() -> None:
    make("web-1", phone=PHONE, birth_on="1980-01-01")
    make("10001", numbered=True, phone=PHONE, birth_on="1990-01-01")

    assert merge() == 0
    assert MergeProposal.objects.get().doubt == Doubt.CONTRADICTION


def test_more_people_than_the_rule_allows_wait_for_a_person() -> None:
    values = [f"p{number}@example.com" for number in range(5)]
    for number, (mine, next_one) in enumerate(pairwise(values)):
        make(f"a-{number}", email=mine)
        put_people(
            people=[Person(customer_no=f"a-{number}", contacts={"email": next_one})],
            source="crm",
            may_replace_contacts=True,
            now=NOW,
        )
    Customer.objects.update(is_numbered=False)

    assert merge() == 0
    assert MergeProposal.objects.get().doubt == Doubt.TOO_MANY


def test_what_a_browser_says_of_itself_proves_nothing() -> None:
    key = create_api_key(name="web", scope=KeyScope.INGEST, now=NOW).source.key
    make("web-1", phone=PHONE, source=f"key:{key}")
    make("10001", numbered=True, phone=PHONE)

    assert merge() == 0


def test_everything_moves_and_addresses_stay_those_of_who_stays() -> None:
    web = make("web-1", phone=PHONE, email="web@example.com", city="Ningbo")
    bank = make("10001", numbered=True, phone=PHONE, email="bank@example.com")
    record_event(web, "Page Viewed", at=NOW)
    Tagging.objects.create(customer_id=web, tag="pension", source="test", since=NOW)

    merge()

    assert set(Event.objects.values_list("customer_id", flat=True)) == {bank}
    assert Tagging.objects.get().customer_id == bank
    assert Customer.objects.get(pk=bank).city == "Ningbo"
    assert addresses([bank], "email") == {bank: "bank@example.com"}
    assert find_customers("email", ["web@example.com"]) == {"web@example.com": bank}


@pytest.mark.parametrize("who", ["web", "bank"])
def test_the_stricter_consent_counts_whoever_said_it(who: str) -> None:
    ids = {
        "web": make("web-1", phone=PHONE),
        "bank": make("10001", numbered=True, phone=PHONE),
    }
    say_consent([ids[who]], ["sms"], state=ConsentState.WITHDRAWN)
    say_consent([one for name, one in ids.items() if name != who], ["sms", "email"])

    merge()

    bank = ids["bank"]
    assert current_consents([bank])[bank] == {"sms": "withdrawn", "email": "granted"}


def test_consent_given_again_after_a_merge_counts() -> None:
    web, bank = make("web-1", phone=PHONE), make("10001", numbered=True, phone=PHONE)
    say_consent([web], ["sms"], state=ConsentState.WITHDRAWN)
    merge()

    say_consent([bank], ["sms"])

    assert current_consents([bank])[bank] == {"sms": "granted"}


def test_undoing_restores_exactly(staff: Staff) -> None:
    web = make("web-1", phone=PHONE, email="w@example.com", city="Ningbo", gender="female")
    bank = make("10001", numbered=True, phone=PHONE)
    Customer.objects.filter(pk=web).update(attributes={"hobby": "go"}, personalise_off=True)
    record_event(web, at=NOW)
    record_event(bank, at=NOW)
    Tagging.objects.create(customer_id=web, tag="pension", source="test", since=NOW)
    say_consent([web], ["sms", "email"])
    say_consent([bank], ["sms"], state=ConsentState.WITHDRAWN)
    before = state_of(web, bank)
    merge()
    assert state_of(web, bank) != before

    unmerge(merge=Merge.objects.get(), actor=staff.compliance, now=LATER)

    after = state_of(web, bank)
    for row in (*before[0], *after[0]):
        row.pop("updated_at")
    assert after == before


def test_what_a_merge_fills_in_keeps_the_time_it_was_told_of(staff: Staff) -> None:
    told = NOW - timedelta(days=9)
    web = Person(
        customer_no="web-1",
        contacts={"phone": PHONE},
        columns={"city": "Ningbo", "locale": "en"},
        attributes={"hobby": "go"},
        told_at=dict.fromkeys(("city", "locale", "attributes.hobby"), told),
    )
    put_people(people=[web], source="crm", may_replace_contacts=True, now=NOW)
    Customer.objects.update(is_numbered=False)
    bank = make("10001", numbered=True, phone=PHONE, locale="zh")
    merge()

    kept = Customer.objects.get(pk=bank)
    times = dict.fromkeys(("city", "attributes.hobby"), told.timestamp())
    assert (kept.city, kept.locale, kept.told_at) == ("Ningbo", "zh", times)

    unmerge(merge=Merge.objects.get(), actor=staff.compliance, now=LATER)
    kept.refresh_from_db()
    assert (kept.city, kept.told_at) == (None, {})


def test_what_was_undone_is_not_merged_again(staff: Staff) -> None:
    make("web-1", phone=PHONE)
    make("10001", numbered=True, phone=PHONE)
    merge()
    unmerge(merge=Merge.objects.get(), actor=staff.compliance, now=LATER)

    assert merge() == 0


def test_a_merge_that_was_undone_is_not_undone_again_though_they_are_one_once_more(
    staff: Staff,
) -> None:
    ids = [make("web-1", phone=PHONE), make("10001", numbered=True, phone=PHONE)]
    merge()
    first = Merge.objects.get()
    unmerge(merge=first, actor=staff.compliance, now=LATER)
    proposal = propose_merge(customer_ids=ids, maker=staff.compliance, now=LATER)
    decide_merge(proposal=proposal, checker=staff.checker, approve=True, now=LATER)

    with pytest.raises(MergeRefused, match="stands no more"):
        unmerge(merge=first, actor=staff.compliance, now=LATER)


def test_a_no_said_while_they_were_one_counts_for_both(staff: Staff) -> None:
    web, bank = make("web-1", phone=PHONE), make("10001", numbered=True, phone=PHONE)
    say_consent([web, bank], ["sms"])
    merge()
    withdraw(
        customer_id=bank, purpose="marketing", channel="sms", source="link", evidence={}, now=LATER
    )

    unmerge(merge=Merge.objects.get(), actor=staff.compliance, now=LATER)

    assert current_consents([web, bank]) == {web: {"sms": "withdrawn"}, bank: {"sms": "withdrawn"}}


def test_a_merge_below_a_later_one_cannot_be_undone_first(staff: Staff) -> None:
    first = make("web-1", phone=PHONE)
    second = make("web-2", phone=PHONE, email="a@example.com")
    merge()
    make("10001", numbered=True, email="a@example.com")
    merge()
    inner = Merge.objects.get(kept_id=first, gone_id=second)

    with pytest.raises(MergeRefused, match="later merge"):
        unmerge(merge=inner, actor=staff.compliance, now=LATER)


def test_a_chain_is_undone_from_its_end(staff: Staff) -> None:
    make("web-1", phone=PHONE)
    make("web-2", phone=PHONE, email="a@example.com")
    before = {row["pk"]: row for row in Customer.objects.values("pk", "status", "merged_into")}
    merge()
    make("10001", numbered=True, email="a@example.com")
    merge()

    for done in Merge.objects.order_by("-id"):
        unmerge(merge=done, actor=staff.compliance, now=LATER)

    after = Customer.objects.filter(pk__in=before).values("pk", "status", "merged_into")
    assert {row["pk"]: row for row in after} == before


def test_the_ledger_cannot_be_changed() -> None:
    make("web-1", phone=PHONE)
    make("10001", numbered=True, phone=PHONE)
    merge()

    with pytest.raises(IntegrityError), transaction.atomic():
        Merge.objects.update(rule="other")
    with pytest.raises(IntegrityError), transaction.atomic():
        Merge.objects.all().delete()


def test_a_proposal_needs_a_second_person(staff: Staff) -> None:
    ids = [make("10001", numbered=True), make("10002", numbered=True)]
    proposal = propose_merge(customer_ids=ids, maker=staff.compliance, now=NOW)

    with pytest.raises(SelfReview):
        decide_merge(proposal=proposal, checker=staff.compliance, approve=True, now=NOW)
    decide_merge(proposal=proposal, checker=staff.checker, approve=True, now=NOW)

    assert Customer.objects.get(pk=ids[1]).merged_into_id == ids[0]


def test_a_file_that_names_the_old_number_describes_who_stays() -> None:
    make("web-1", phone=PHONE)
    bank = make("10001", numbered=True, phone=PHONE)
    merge()

    assert make("web-1", device="token") == bank


def test_events_of_the_old_name_reach_who_stays() -> None:
    make("web-1", phone=PHONE)
    bank = make("10001", numbered=True, phone=PHONE)
    merge()
    source = internal_source(key="shop", name="Shop", now=NOW)
    event = NewEvent(
        message_id=uuid.uuid4().hex, kind="track", name="E", user_id="web-1", occurred_at=NOW
    )

    record_events(source=source, events=[event], now=NOW)

    assert Event.objects.get().customer_id == bank


def test_an_event_stored_while_a_merge_is_made_follows_it() -> None:
    web, bank = make("web-1", phone=PHONE), make("10001", numbered=True, phone=PHONE)
    merge()
    record_event(web, at=NOW)

    merge_matches(now=LATER + timedelta(seconds=10))

    assert Event.objects.get().customer_id == bank


def test_an_import_under_way_is_waited_for(transactional_db: None) -> None:
    """Whatever the file says of who goes is stored for who stays."""
    web, bank = make("web-1", phone=PHONE), make("10001", numbered=True, phone=PHONE)
    merged: list[int] = []

    def run() -> None:
        merged.append(merge())
        connections.close_all()

    with transaction.atomic():
        make("web-1", unionid="union-9")
        merging = threading.Thread(target=run)
        merging.start()
        merging.join(timeout=0.5)
        assert merging.is_alive(), "the merge must wait for the rows being written"
    merging.join(timeout=30)

    assert merged == [1]
    assert find_customers("unionid", ["union-9"]) == {"union-9": bank}
    assert not Consent.objects.filter(customer_id=web).exists()
    assert follow_merges(now=LATER) == 1
    assert not Enrolment.objects.exists()


def test_parted_again_neither_depends_on_the_others_key(staff: Staff) -> None:
    browser, numbered = make("web", phone=PHONE), make("1", numbered=True, phone=PHONE)
    merge()
    # Named by the old number, and so given to the one that stayed.
    make("web", email="late@example.com")
    assert find_customers("email", ["late@example.com"]) == {"late@example.com": numbered}

    unmerge(merge=Merge.objects.get(), actor=staff.compliance, now=LATER)
    erase_customer(customer_no="web", actor="ann", now=LATER)

    assert Customer.objects.get(pk=browser).status == "erased"
    assert addresses([numbered], "email") == {numbered: "late@example.com"}
    assert addresses([numbered], "phone") == {numbered: "+86" + PHONE}
