"""The test database keeps nothing that a test has committed."""

import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection

from compliance.actions import record
from compliance.models import AuditEntry
from customers.models import Customer, Event
from tests.database import empty_tables
from tests.factories import NOW, make_people, record_event


@pytest.mark.django_db(transaction=True)
def test_what_a_test_committed_is_gone_but_the_schemas_own_rows_are_not() -> None:
    (customer,) = make_people(1)
    record_event(customer, at=NOW)
    record(actor="ann", action="test.act", subject="s", now=NOW, detail={})
    rights = Permission.objects.count()

    empty_tables(connection)

    assert not Customer.objects.exists()
    assert not Event.objects.exists()
    assert not AuditEntry.objects.exists()
    assert Permission.objects.count() == rights > 0


@pytest.mark.django_db(transaction=True)
def test_an_emptied_database_guards_its_ledgers_again() -> None:
    record(actor="ann", action="test.act", subject="s", now=NOW, detail={})
    empty_tables(connection)
    entry = record(actor="ann", action="test.act", subject="s", now=NOW, detail={})

    with pytest.raises(DatabaseError, match="append-only"):
        AuditEntry.objects.filter(pk=entry.pk).delete()
