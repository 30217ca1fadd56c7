"""What suitability asks about comes from files and server verbs, never from a browser's key."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from customers.actions.import_customers import ImportStatus, import_customers
from customers.actions.people import Person, put_people
from customers.models import Customer
from customers.queries.people import customer_facts
from customers.tracking.traits import sort_traits
from tests.factories import NOW

FACTS = {
    "risk_assessed_on": "2026-01-10",
    "horizon_months": "36",
    "objectives": "Equity；bond, equity",
    "professional_until": "2027-01-01",
    "qualified_until": "2028-01-01",
    "permissions": "star|bse",
    "average_asset": "200,000.50",
    "trading_since": "2020-05-01",
    "aml_hold": "是",
    "internal_hold": "no",
}


def bring(path: Path, rows: list[dict[str, str]]) -> ImportStatus:
    names = ["customer_no", *FACTS]
    lines = [",".join(names)]
    lines += [",".join(f'"{row.get(name, "")}"' for name in names) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return import_customers(
        path=path, id_column="customer_no", mapping={}, source_key="crm", now=NOW
    ).status


@pytest.mark.django_db(transaction=True)
def test_a_file_brings_every_fact(tmp_path: Path) -> None:
    assert bring(tmp_path / "a.csv", [{"customer_no": "A", **FACTS}]) is ImportStatus.OK

    pk = Customer.objects.get().pk
    known = customer_facts([pk])[pk]
    assert known.risk_assessed_on == date(2026, 1, 10)
    assert known.horizon_months == 36
    assert list(known.objectives or ()) == ["equity", "bond"]
    assert list(known.permissions or ()) == ["star", "bse"]
    assert known.average_asset == Decimal("200000.50")
    assert (known.professional_until, known.qualified_until) == (date(2027, 1, 1), date(2028, 1, 1))
    assert (known.aml_hold, known.internal_hold) == (True, False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("horizon_months", "-3"),
        ("horizon_months", "many"),
        ("horizon_months", "99999999999999999999"),
        ("horizon_months", "²"),
        ("objectives", "x" * 41),
        ("permissions", "|"),
        ("aml_hold", "perhaps"),
    ],
)
def test_a_cell_that_is_no_such_fact_is_refused(tmp_path: Path, column: str, cell: str) -> None:
    rows = [{"customer_no": "A", column: cell}, {"customer_no": "B"}]

    assert bring(tmp_path / "a.csv", rows) is ImportStatus.PARTIAL
    assert list(Customer.objects.values_list("customer_no", flat=True)) == ["B"]


@pytest.mark.django_db
def test_a_hold_stays_until_somebody_lifts_it() -> None:
    def put(**columns: object) -> Customer:
        people = [Person(customer_no="A", columns=columns)]
        put_people(people=people, source="test", may_replace_contacts=True, now=NOW)
        return Customer.objects.get()

    assert put(aml_hold=True).aml_hold
    assert put(city="上海").aml_hold
    assert put(internal_hold=True).aml_hold
    assert not put(aml_hold=False).aml_hold
    assert Customer.objects.get().internal_hold


@pytest.mark.parametrize("from_server", [False, True])
def test_tracking_clients_may_not_say_them(from_server: bool) -> None:
    told = {**FACTS, "amlHold": False, "Horizon Months": 12}

    described = sort_traits(told, from_server=from_server)

    assert described.columns == {}
    assert described.attributes == {}
