"""Whoever was erased stays so, whatever comes in his name: files, calls, and what waited."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from campaigns.queries.receipts import suppressed
from compliance.queries import clock_now
from customers.actions.import_customers import import_customers
from customers.actions.load_file import load_file
from customers.actions.people import Person, put_people
from customers.actions.release import release_waiting
from customers.actions.rights import erase_customer, erase_expired
from customers.actions.sources import create_api_key
from customers.importing.kinds.registry import KINDS
from customers.models import (
    Account,
    Customer,
    Erasure,
    Event,
    Identity,
    ImportJob,
    Kyc,
    RiskAssessment,
    StagedRow,
    Tagging,
)
from customers.queries.database import rows
from customers.queries.identities import lookup_hashes
from customers.queries.loads import FORGETTING, RELEASE_LOCK, RELEASING
from customers.vocabulary import KeyScope
from tests.beside import Beside
from tests.factories import NOW

PHONE = "13912345678"
FILES = {
    "accounts": "number,customer,kind,opened_on\nA1,{0},cash,2020-01-02\n",
    "risk_assessments": "customer,assessed_at,level\n{0},2026-11-02T10:00:00+08:00,C5\n",
    "kyc": "customer,level,aml_hold,checked_on\n{0},standard,no,2026-11-02\n",
}


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.FILES = tmp_path / "files"


def make(number: str = "10001") -> int:
    person = Person(customer_no=number, columns={"city": "Ningbo"}, contacts={"phone": PHONE})
    return put_people(people=[person], source="crm", may_replace_contacts=True, now=NOW)[number]


def erase(number: str = "10001") -> Erasure:
    return erase_customer(customer_no=number, actor="ann", now=clock_now())


def load(folder: Path, kind: str, text: str) -> Any:
    path = folder / f"{uuid.uuid4()}.csv"
    path.write_text(text)
    return load_file(kind_key=kind, path=path, source_key="core", now=clock_now())


def nothing_of(customer: int) -> bool:
    kept = Customer.objects.get(pk=customer)
    held = (Account, RiskAssessment, Kyc, Identity, Tagging)
    return (kept.status, kept.city, kept.risk_level) == ("erased", None, None) and not any(
        model.objects.filter(customer=customer).exists()  # type: ignore[attr-defined]
        for model in held
    )


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_was_checked_before_gives_an_erased_person_nothing(
    transactional_db: None, tmp_path: Path, kind: str
) -> None:
    customer, other = make(), make("10002")
    told = FILES[kind].format("10001")
    told += FILES[kind].format("10002").split("\n")[1].replace("A1", "A2") + "\n"

    with transaction.atomic():
        rows(FORGETTING, {"lock": RELEASE_LOCK})
        loading = Beside(lambda: load(tmp_path, kind, told))
        loading.waits()  # checked and not released
        erase()
    loaded = loading.end().result

    assert nothing_of(customer)
    assert (loaded.rows_ok, loaded.rows_bad) == (1, 1)
    assert "customer_erased" in Path(loaded.errors_file).read_text()
    held = (Account, RiskAssessment, Kyc)
    assert [model.objects.filter(customer=other).count() for model in held].count(1) == 1


@pytest.mark.django_db
def test_what_waits_for_another_file_goes_with_the_person(tmp_path: Path) -> None:
    customer = make()
    load(tmp_path, "accounts", FILES["accounts"].format("10001"))
    Account.objects.filter(customer=customer).update(opened_on=None)
    ImportJob.objects.filter(kind="accounts").update(state=ImportJob.State.BLOCKED)
    flows = (
        "external_id,account,flowed_at,kind,amount,is_external\n"
        "F1,A1,2026-11-02T10:00:00+08:00,transfer,5,yes\n"
    )
    waits = load(tmp_path, "cash_flows", flows)
    assert (waits.status, StagedRow.objects.count()) == ("waiting", 1)

    asked = erase()
    if asked.done_at is None:
        erase_customer(customer_no="10001", actor="bob", now=clock_now())

    assert [(row.data, row.key) for row in StagedRow.objects.all()] == [({}, "")]
    ImportJob.objects.filter(kind="accounts").update(state=ImportJob.State.DONE)
    assert release_waiting(kind=KINDS["accounts"], now=clock_now()) == (waits.load,)
    assert nothing_of(customer)


def test_an_erasure_waits_for_a_file_that_is_being_released(
    transactional_db: None, tmp_path: Path
) -> None:
    customer = make()

    with transaction.atomic():
        load(tmp_path, "kyc", FILES["kyc"].format("10001"))
        erasing = Beside(erase)
        erasing.waits()
    assert erasing.end().error is None

    assert nothing_of(customer)


def test_files_are_released_beside_each_other(transactional_db: None, tmp_path: Path) -> None:
    make()

    with transaction.atomic():
        rows(RELEASING, {"lock": RELEASE_LOCK})  # as another file's release does
        loading = Beside(lambda: load(tmp_path, "kyc", FILES["kyc"].format("10001")))
        assert loading.end().error is None


@pytest.mark.django_db
def test_events_of_before_somebody_was_known_go_with_him(client: Client) -> None:
    key = create_api_key(name="web", scope=KeyScope.INGEST, now=clock_now()).secret

    def send(path: str, **call: Any) -> None:
        body = {"writeKey": key, "messageId": str(uuid.uuid4()), **call}
        assert client.post(path, json.dumps(body), "application/json").status_code == 200

    send("/v1/track", userId="web-7", event="Fund Viewed", properties={"note": "planted"})
    send("/v1/track", userId="older-7", event="Fund Viewed", properties={"note": "planted"})
    send("/v1/track", userId="web-8", event="Fund Viewed", properties={"note": "another's"})
    send("/v1/identify", userId="web-7", traits={"city": "Ningbo"})
    send("/v1/alias", userId="web-7", previousId="older-7")

    erase("web-7")

    kept = list(Event.objects.values_list("user_id", "properties"))
    assert "planted" not in str(kept)
    assert {name for name, _told in kept} == {None, "web-8"}


@pytest.mark.django_db
def test_a_restricted_person_is_described_and_stays_restricted_until_the_duty_ends(
    tmp_path: Path, client: Client
) -> None:
    customer = make()
    load(tmp_path, "accounts", FILES["accounts"].format("10001"))
    asked = erase()
    assert (asked.done_at, asked.retained_until is None) == (None, False)
    key = create_api_key(name="crm", scope=KeyScope.MANAGE, now=clock_now()).secret
    told = {"writeKey": key, "userId": "10001", "traits": {"city": "Wuhan", "email": "a@b.example"}}

    client.post("/v1/identify", json.dumps(told), "application/json")
    path = tmp_path / "people.csv"
    path.write_text("id,city,consent_sms\n10001,Wuhan,yes\n")
    import_customers(path=path, now=clock_now())
    load(tmp_path, "risk_assessments", FILES["risk_assessments"].format("10001"))

    assert Customer.objects.get(pk=customer).status == "restricted"
    Erasure.objects.update(retained_until=NOW.date())
    assert erase_expired(now=clock_now()) == 1
    assert nothing_of(customer)


@pytest.mark.django_db
def test_a_new_relationship_has_a_number_of_its_own_and_its_address_stays_suppressed(
    tmp_path: Path,
) -> None:
    customer = make()
    erase()

    path = tmp_path / "people.csv"
    path.write_text(f"id,phone\n10001,{PHONE}\n20002,{PHONE}\n")
    result = import_customers(path=path, now=clock_now())

    assert result.rows_flagged == 1
    assert nothing_of(customer)
    assert Customer.objects.get(customer_no="20002").status == "active"
    (digest,) = lookup_hashes("phone", [PHONE])
    assert suppressed("phone", {7: digest})[7].why == "erased"
