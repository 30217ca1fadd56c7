"""Batches are sealed before they are written: what another writer does in between is met."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from compliance.queries import clock_now
from customers.actions.consents import withdraw
from customers.actions.people import Person, put_people
from customers.identifiers import name_binding
from customers.importing.cells import Value
from customers.importing.load import ConsentTerms, Prepared, Unknown, prepare, write_batch
from customers.importing.reader import Record
from customers.importing.rows import BadRow, GoodRow
from customers.models import Consent, Customer
from customers.queries.consents import current_consents
from customers.queries.identities import addresses, keyring
from customers.queries.people import slots_of
from customers.queries.person_keys import person_keys
from customers.queries.strangers import places_of
from customers.vocabulary import ConsentState

TERMS = ConsentTerms(channels=("sms",), notice_version="1")


def good_row(number: str, phone: str, place: int) -> GoodRow:
    return GoodRow(
        record=Record(number=place, line=place + 1, cells=[]),
        customer_no=number,
        columns={"name": "张伟"},
        attributes={},
        contacts=[("phone", phone)],
        consents={},
    )


def sealed(
    batch: list[GoodRow], slots: Mapping[str, int] | None = None, *, terms: ConsentTerms = TERMS
) -> Prepared:
    slots = slots or slots_of([row.customer_no for row in batch])
    return prepare(batch, [], [slots[row.customer_no] for row in batch], terms)


def written(prepared: Prepared, batch: list[GoodRow], *, days: int = 0) -> list[BadRow]:
    def again(slots: Mapping[str, int]) -> Prepared:
        late = [row for row in batch if row.customer_no in slots]
        return sealed(late, slots, terms=ConsentTerms())

    now = clock_now() + timedelta(days=days)
    return write_batch(prepared, source="file:test", seal_again=again, now=now)


def told_apart(batch: list[GoodRow]) -> tuple[list[int | None], list[BadRow]]:
    """Write a batch as a file's: the ids of whom nobody knew, and what is flagged."""
    now = clock_now()
    slots, ids = places_of([row.customer_no for row in batch])
    unknown = Unknown(ids=ids, source="file:test", now=now)
    prepared = prepare(batch, [], slots, TERMS, unknown=unknown)
    return ids, write_batch(prepared, source="file:test", seal_again=nothing_again, now=now)


def nothing_again(_slots: Mapping[str, int]) -> Prepared:
    raise AssertionError("Nobody has another slot than was thought.")


@pytest.mark.django_db
def test_customer_made_by_another_writer_meanwhile_is_sealed_for_his_own_key() -> None:
    batch = [good_row("c1", "+8613800000001", 1), good_row("c2", "+8613800000002", 2)]
    slots = slots_of(["c1", "c2"])
    prepared = sealed(batch, slots)
    put_people(
        people=[Person(customer_no="c1")], source="api", may_replace_contacts=True, now=clock_now()
    )

    flagged = written(prepared, batch)

    one, two = Customer.objects.order_by("customer_no")
    assert flagged == []
    assert one.slot != slots["c1"]
    assert addresses([one.pk, two.pk], "phone") == {
        one.pk: "+8613800000001",
        two.pk: "+8613800000002",
    }
    for stored in (one, two):
        name = keyring().unseal(bytes(stored.name_cipher or b""), name_binding(stored.customer_no))
        assert name == "张伟"
        assert f"@{stored.slot:016x}:".encode() in bytes(stored.name_cipher or b"")
        assert stored.identities.get().key_id.endswith(f"@{stored.slot:016x}")
    assert set(current_consents([one.pk, two.pk])) == {one.pk, two.pk}


@pytest.mark.django_db
def test_customer_erased_meanwhile_is_flagged_and_gets_nothing() -> None:
    put_people(
        people=[Person(customer_no="c1")], source="api", may_replace_contacts=True, now=clock_now()
    )
    gone = Customer.objects.get(customer_no="c1")
    batch = [good_row("c1", "+8613800000001", 1), good_row("c2", "+8613800000002", 2)]
    prepared = sealed(batch)
    Customer.objects.filter(pk=gone.pk).update(status="erased")

    flagged = written(prepared, batch)

    assert [(flag.number, flag.code) for flag in flagged] == [(1, "customer_erased")]
    assert not gone.identities.exists()
    assert list(current_consents([gone.pk])) == []
    assert Customer.objects.get(customer_no="c2").identities.count() == 1


@pytest.mark.django_db
def test_batch_of_new_and_known_customers_gives_each_his_identifiers_once() -> None:
    now = clock_now()
    first = [good_row("c1", "+8613800000001", 1)]
    written(sealed(first), first)
    known = Customer.objects.get(customer_no="c1")
    withdraw(
        customer_id=known.pk,
        purpose="marketing",
        channel="sms",
        source="reply",
        evidence={},
        now=now,
    )
    both = [good_row("c2", "+8613800000002", 1), good_row("c1", "+8613800000001", 2)]

    flagged = written(sealed(both), both)

    new = Customer.objects.get(customer_no="c2")
    assert [(flag.number, flag.column, flag.code) for flag in flagged] == [
        (2, "sms", "consent_kept_withdrawn")
    ]
    assert known.identities.count() == new.identities.count() == 1
    assert current_consents([known.pk, new.pk]) == {
        known.pk: {"sms": ConsentState.WITHDRAWN},
        new.pk: {"sms": ConsentState.GRANTED},
    }


def merged() -> Customer:
    """Who stays of two that a file knows as c1 and c2, and who have said nothing yet."""
    both = [good_row("c1", "+8613800000001", 1), good_row("c2", "+8613800000002", 2)]
    written(sealed(both, terms=ConsentTerms()), both)
    kept, gone = Customer.objects.order_by("customer_no")
    Customer.objects.filter(pk=gone.pk).update(status="merged", merged_into=kept)
    return kept


@pytest.mark.django_db
@pytest.mark.parametrize("phone", ["+8613800000001", "+8613800000003"], ids=["known", "new"])
def test_two_numbers_of_one_person_tell_of_one_phone(phone: str) -> None:
    kept = merged()
    both = [good_row("c1", phone, 1), good_row("c2", phone, 2)]

    flagged = written(sealed(both, terms=ConsentTerms()), both, days=1)

    assert flagged == []
    assert kept.identities.count() == len({"+8613800000001", phone})
    assert addresses([kept.pk], "phone") == {kept.pk: phone}


@pytest.mark.django_db
@pytest.mark.parametrize("said", [(False, True), (True, False)], ids=["no, yes", "yes, no"])
def test_a_no_under_one_of_a_persons_numbers_counts_whatever_the_other_says(
    said: tuple[bool, bool],
) -> None:
    kept = merged()
    both = [
        good_row(number, "+8613800000001", place)._replace(consents={"sms": is_yes})
        for place, (number, is_yes) in enumerate(zip(("c1", "c2"), said, strict=True), 1)
    ]

    written(sealed(both, terms=ConsentTerms()), both, days=1)

    assert current_consents([kept.pk]) == {kept.pk: {"sms": ConsentState.WITHDRAWN}}
    assert Consent.objects.count() == 1


@pytest.mark.django_db
def test_customer_whose_key_is_destroyed_is_refused_and_the_others_are_written() -> None:
    batch = [good_row("c1", "+8613800000001", 1), good_row("c2", "+8613800000002", 2)]
    slots = slots_of(["c1", "c2"])
    person_keys().destroy([slots["c1"]])

    prepared = sealed(batch, slots)
    flagged = written(prepared, batch)

    assert flagged == []
    assert [(row.number, row.customer_no, row.code) for row in prepared.bad] == [
        (1, "c1", "customer_erased")
    ]
    assert [one.customer_no for one in Customer.objects.all()] == ["c2"]
    assert set(current_consents([Customer.objects.get().pk])) == {Customer.objects.get().pk}


@pytest.mark.django_db
def test_customer_made_meanwhile_whose_key_is_destroyed_is_flagged() -> None:
    batch = [good_row("c1", "+8613800000001", 1), good_row("c2", "+8613800000002", 2)]
    prepared = sealed(batch)
    put_people(
        people=[Person(customer_no="c1")], source="api", may_replace_contacts=True, now=clock_now()
    )
    lost = Customer.objects.get(customer_no="c1")
    person_keys().destroy([lost.slot])

    flagged = written(prepared, batch)

    assert [(flag.number, flag.code) for flag in flagged] == [(1, "customer_erased")]
    assert not lost.identities.exists()
    assert Customer.objects.get(customer_no="c2").identities.count() == 1


HARD = {
    "name": "O\\'Brien\t张\n伟",
    "city": "上海\\N\r",
    "gender": "male",
    "birth_on": "1990-02-28",
    "risk_level": "C3",
    "lowest_class": True,
    "horizon_months": 36,
    "objectives": 'growth|a"b|{c}|d\\e|null',
    "permissions": "margin",
    "average_asset": "1234567890123456.7890",
    "aml_hold": True,
    "time_zone": "Asia/Shanghai",
}


def stored_as(number: str) -> dict[str, object]:
    one = Customer.objects.get(customer_no=number)
    fields = {field.attname: getattr(one, field.attname) for field in Customer._meta.fields}
    fields["name_cipher"] = keyring().unseal(bytes(fields["name_cipher"]), name_binding(number))
    said = Consent.objects.filter(customer=one).values_list(
        "purpose", "channel", "state", "notice_version", "source", "evidence", "at"
    )
    told = one.identities.values_list("kind", "value_hash", "source", "since", "told_at")
    held = [(kind, bytes(value_hash), *rest) for kind, value_hash, *rest in told]
    apart = {"id", "customer_no", "slot"}
    return {
        **{name: value for name, value in fields.items() if name not in apart},
        "phone": addresses([one.pk], "phone")[one.pk],
        "identities": sorted(held),
        "consents": sorted(said, key=str),
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    "columns", [HARD, {"name": "李"}, HARD | {"city": "", "internal_hold": True}]
)
def test_whoever_nobody_knows_is_stored_as_one_who_might_be_known(
    columns: dict[str, Value],
) -> None:
    now = clock_now()
    attributes: dict[str, Value] = {"note": 'a\\b\t"c"\n', "rate": 0.1, "vip": False}
    rows = [
        good_row(number, "+8613800000001", place)._replace(
            columns=columns, attributes=attributes, consents={"email": False}
        )
        for place, number in enumerate(("known", "stran\\ger"), 1)
    ]
    rows[1] = rows[1]._replace(record=rows[0].record)
    terms = ConsentTerms(
        channels=("sms",), notice_version="1\\2", evidence={"form": 'a\t"b"', "text": "\\"}
    )
    slots, ids = places_of([row.customer_no for row in rows])

    for row, slot, pk in zip(rows, slots, [None, ids[1]], strict=True):
        unknown = Unknown(ids=[pk], source="file:te\\st", now=now)
        prepared = prepare([row], [], [slot], terms, unknown=unknown)
        assert (prepared.strangers is None) == (pk is None)
        assert not write_batch(prepared, source="file:te\\st", seal_again=nothing_again, now=now)

    assert stored_as("known") == stored_as("stran\\ger")
    assert Customer.objects.get(customer_no="stran\\ger").pk == ids[1]


@pytest.mark.django_db
def test_no_that_came_from_a_number_holds_for_a_stranger_with_the_same() -> None:
    now, phone = clock_now(), "+8613800000009"
    written(sealed([good_row("c1", phone, 1)]), [])
    first = Customer.objects.get(customer_no="c1")
    withdraw(
        customer_id=first.pk,
        purpose="marketing",
        channel="sms",
        source="receipt",
        evidence={},
        now=now,
    )
    rows = [good_row("c2", phone, 1), good_row("c3", "+8613800000008", 2)]

    _ids, flagged = told_apart(rows)

    assert [(row.customer_no, row.column, row.code) for row in flagged] == [
        ("c2", "sms", "consent_kept_withdrawn")
    ]
    second, third = Customer.objects.filter(customer_no__in=["c2", "c3"]).order_by("customer_no")
    assert set(current_consents([second.pk, third.pk])) == {third.pk}


@pytest.mark.django_db
def test_known_and_unknown_stand_in_one_batch() -> None:
    written(sealed([good_row("c2", "+8613800000002", 1)]), [])
    rows = [good_row(f"c{at}", f"+861380000001{at}", at) for at in (1, 2, 3)]

    ids, flagged = told_apart(rows)

    assert not flagged
    assert ids[1] is None
    found = {one.customer_no: one.pk for one in Customer.objects.all()}
    assert (found["c1"], found["c3"]) == (ids[0], ids[2])
    assert addresses(list(found.values()), "phone") == {
        found[f"c{at}"]: f"+861380000001{at}" for at in (1, 2, 3)
    }
    assert set(current_consents(list(found.values()))) == set(found.values())
