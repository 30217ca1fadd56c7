"""The consent ledger."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction

from compliance.queries import clock_now
from customers.actions.consents import ConsentStatement, record_consents, withdraw
from customers.actions.import_customers import ConsentTerms, import_customers
from customers.actions.people import Person, put_people
from customers.models import Consent
from customers.queries.consents import current_consents
from customers.vocabulary import ConsentState


def make_customer(customer_no: str = "c1") -> int:
    people = [Person(customer_no=customer_no)]
    return put_people(people=people, source="test", may_replace_contacts=True, now=clock_now())[
        customer_no
    ]


def say(customer_id: int, channel: str, state: ConsentState) -> ConsentStatement:
    return ConsentStatement(
        customer_id=customer_id,
        purpose="marketing",
        channel=channel,
        state=state,
        notice_version="1",
        source="console",
    )


@pytest.mark.django_db
def test_newest_statement_by_channel_counts() -> None:
    first, second = make_customer("c1"), make_customer("c2")
    granted, withdrawn = ConsentState.GRANTED, ConsentState.WITHDRAWN

    record_consents(
        statements=[
            say(first, "sms", granted),
            say(first, "email", withdrawn),
            say(first, "sms", withdrawn),
            say(first, "email", granted),
            say(second, "sms", granted),
        ],
        now=clock_now(),
    )

    assert current_consents([first, second]) == {
        first: {"sms": "withdrawn", "email": "granted"},
        second: {"sms": "granted"},
    }


@pytest.mark.django_db
def test_purposes_are_apart() -> None:
    customer = make_customer()
    record_consents(statements=[say(customer, "sms", ConsentState.GRANTED)], now=clock_now())

    assert current_consents([customer], "service") == {}


@pytest.mark.django_db
def test_statements_cannot_be_changed_or_deleted() -> None:
    customer = make_customer()
    record_consents(statements=[say(customer, "sms", ConsentState.GRANTED)], now=clock_now())

    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.update(state="withdrawn")
    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.all().delete()


@pytest.mark.django_db
def test_evidence_says_nothing_of_how_to_reach_somebody() -> None:
    statement = replace(
        say(make_customer(), "sms", ConsentState.WITHDRAWN),
        evidence={"note": "by 13912345678, zoe@c.example", "by": "ann@bank.example", "call": 7},
    )

    record_consents(statements=[statement], now=clock_now())

    assert Consent.objects.get().evidence == {
        "note": "by 139****5678, z***@c.example",
        "by": "ann@bank.example",
        "call": 7,
    }


def test_withdrawal_during_an_import_wins(
    transactional_db: None, tmp_path: Path, settings: Any
) -> None:
    """The file claims a first consent while the customer says no: whoever comes last in time,
    the no stands."""
    settings.MEDIA_ROOT = tmp_path
    path = tmp_path / "f.csv"
    path.write_text("id\nc1\n")
    customer = make_customer("c1")

    def run_import() -> None:
        terms = ConsentTerms(channels=("sms",), notice_version="1")
        import_customers(path=path, consents=terms, now=clock_now())
        connections.close_all()

    with transaction.atomic():
        withdraw(
            customer_id=customer,
            purpose="marketing",
            channel="sms",
            source="reply",
            evidence={},
            now=clock_now(),
        )
        importer = threading.Thread(target=run_import)
        importer.start()
        importer.join(timeout=1)
        assert importer.is_alive(), "the import must wait for the statement under way"
    importer.join(timeout=30)

    assert current_consents([customer]) == {customer: {"sms": "withdrawn"}}
