"""What is wrong is put right, and what it was is kept."""

import json
from typing import Any

import pytest

from compliance.models import AuditEntry
from customers.actions.correct import correct_customer
from customers.actions.people import Person, put_people
from customers.actions.rights import erase_customer, export_customer
from customers.errors import RightRefused
from customers.models import Attribute, Correction, Customer
from customers.queries.identities import addresses, find_customers
from customers.queries.people import customer_facts
from tests.factories import NOW

pytestmark = pytest.mark.django_db
WRONG, RIGHT = "+8613912345678", "+8613800138000"


@pytest.fixture
def customer() -> int:
    person = Person(
        customer_no="1",
        columns={"name": "张伟", "city": "Ningbo"},
        contacts={"phone": WRONG},
        attributes={"hobby": "go", "children": 2},
    )
    return put_people(people=[person], source="crm", may_replace_contacts=True, now=NOW)["1"]


def correct(field: str, value: str, why: str = "he called") -> Correction:
    return correct_customer(
        customer_no="1", field=field, value=value, actor="ann", why=why, now=NOW
    )


def history() -> list[tuple[str, str, str]]:
    told = export_customer(customer_no="1", actor="ann", why="to look", now=NOW)
    return [(one["field"], one["before"], one["after"]) for one in told["corrections"]]


def test_a_wrong_number_is_written_to_no_more(customer: int) -> None:
    correct("phone", "138 0013 8000")

    assert addresses([customer], "phone") == {customer: RIGHT}
    assert find_customers("phone", [WRONG]) == {}
    assert history() == [("phone", WRONG, RIGHT)]


def test_what_is_not_his_can_be_taken_out(customer: int) -> None:
    correct("phone", "")
    correct("hobby", "")

    assert addresses([customer], "phone") == {}
    assert Customer.objects.get().attributes == {"children": 2}


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [("city", "Hangzhou", "Hangzhou"), ("birth_on", "1990-03-07", "1990-03-07")],
)
def test_a_column_takes_the_right_value(customer: int, field: str, value: str, stored: str) -> None:
    correct(field, value)

    assert str(getattr(Customer.objects.get(), field)) == stored


def test_a_name_is_sealed_before_and_after(customer: int) -> None:
    correct("name", "张薇")

    assert customer_facts([customer])[customer].name == "张薇"
    assert history() == [("name", "张伟", "张薇")]
    assert "张".encode() not in bytes(Correction.objects.get().after_cipher)


def test_an_attribute_keeps_its_type(customer: int) -> None:
    assert Attribute.objects.filter(key="children", type="number").exists()

    correct("children", "3")

    assert Customer.objects.get().attributes["children"] == 3
    with pytest.raises(RightRefused, match="number"):
        correct("children", "three")


def test_the_audit_names_field_and_reason_and_no_value(customer: int) -> None:
    correct("phone", RIGHT)

    entry = AuditEntry.objects.get(action="customer.correct")
    assert entry.detail == {"field": "phone", "why": "he called"}


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("phone", "12", "he called"),
        ("email", "no address", "he called"),
        ("birth_on", "2999-01-01", "he called"),
        ("gender", "perhaps", "he called"),
        ("risk_level", "C5", "he called"),
        ("aml_hold", "no", "he called"),
        ("customer_no", "2", "he called"),
        ("nothing", "x", "he called"),
        ("city", "Hangzhou", " "),
        ("city", "x" * 81, "he called"),
    ],
)
def test_what_cannot_be_corrected_changes_nothing(
    customer: int, field: str, value: str, why: str
) -> None:
    before: Any = list(Customer.objects.values())

    with pytest.raises(RightRefused):
        correct(field, value, why)

    assert list(Customer.objects.values()) == before
    assert not Correction.objects.exists()
    assert addresses([customer], "phone") == {customer: WRONG}


def test_corrections_go_with_the_person(customer: int) -> None:
    correct("city", "Hangzhou")

    erase_customer(customer_no="1", actor="ann", now=NOW)

    assert not Correction.objects.exists()
    with pytest.raises(RightRefused):
        correct("city", "Ningbo")


def test_a_copy_with_corrections_is_json(customer: int) -> None:
    correct("city", "Hangzhou")

    told = export_customer(customer_no="1", actor="ann", why="he asked", now=NOW)

    assert json.loads(json.dumps(told, default=str))["corrections"][0]["why"] == "he called"


@pytest.mark.parametrize("field", ["city", "hobby"])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("call 13800138000", "contact_elsewhere"),
        ("zoe@c.example", "contact_elsewhere"),
        ("11010119900307758X", "id_card"),
    ],
)
def test_nothing_that_stands_in_clear_becomes_a_contact(
    customer: int, field: str, value: str, code: str
) -> None:
    with pytest.raises(RightRefused) as refused:
        correct(field, value)

    assert refused.value.code == code
    one = Customer.objects.get()
    assert (one.city, one.attributes["hobby"]) == ("Ningbo", "go")


def test_a_typed_reason_names_nobody_for_ever(customer: int) -> None:
    correct("city", "Hangzhou", why="called from tel13912345678, zoe@c.example")

    kept = str(AuditEntry.objects.values_list("detail", flat=True)) + Correction.objects.get().why
    assert kept.count("called from") == 2
    assert not any(planted in kept for planted in ("13912345678", "zoe"))
