"""The test database follows the migrations, and keeps nothing that a test has committed."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection

from compliance.actions import record
from compliance.models import AuditEntry
from customers.models import Customer, Event
from tests.database import empty_tables, schema_fingerprint
from tests.factories import NOW, make_people, record_event


def test_another_migration_is_another_template(tmp_path: Path) -> None:
    folder = tmp_path / "customers" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001_initial.py").write_text("first")
    before = schema_fingerprint(tmp_path)

    (folder / "0002_more.py").write_text("second")
    added = schema_fingerprint(tmp_path)
    (folder / "0002_more.py").write_text("changed")

    assert len({before, added, schema_fingerprint(tmp_path)}) == 3


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
