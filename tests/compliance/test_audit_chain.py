"""The audit trail: nobody changes it unseen, and two writers do not fork it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction

from compliance.actions import record
from compliance.models import AuditEntry, AuditHead
from compliance.queries import GENESIS, broken_audit_entries, entry_hash

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LENGTH = 1000
# Every place of the chain is tried, seven apart: between two of them the chain is as it was, so
# that each must be found by itself.
APART = 7
PLACES = [[*range(first, LENGTH + 1, APART)] for first in range(1, APART + 1)]


def write(number: int) -> AuditEntry:
    return record(
        actor="ann",
        action="test.act",
        subject=f"s{number}",
        now=NOW + timedelta(seconds=number),
        detail={"n": number, "中文": [1.5, None, True]},
    )


@pytest.fixture(scope="module")
def written() -> list[AuditEntry]:
    """The chain that the first test has written: the others begin with its rows."""
    return []


@pytest.fixture
def chain(db: None, written: list[AuditEntry]) -> None:
    """A thousand entries, as the verb writes them."""
    if written:
        AuditEntry.objects.bulk_create(written)
        last = written[-1]
        AuditHead.objects.update_or_create(id=1, defaults={"seq": last.seq, "hash": last.hash})
        return
    for number in range(1, LENGTH + 1):
        write(number)
    written += AuditEntry.objects.order_by("seq")


def tamper(statement: str, *params: Any) -> None:
    """What somebody with the database's own superuser could do."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE compliance_auditentry DISABLE TRIGGER auditentry_append_only")
        cursor.execute(statement, params)
        cursor.execute("ALTER TABLE compliance_auditentry ENABLE TRIGGER auditentry_append_only")


def broken() -> list[int]:
    return list(broken_audit_entries())


def attempt(statement: str, *params: Any) -> list[int]:
    """What is found after tampering, which is then taken back."""
    with transaction.atomic():
        tamper(statement, *params)
        found = broken()
        transaction.set_rollback(True)
    return found


def test_an_untouched_chain_holds(chain: None) -> None:
    assert broken() == []
    first = AuditEntry.objects.get(seq=1)
    assert first.previous_hash == GENESIS
    assert first.hash == entry_hash(previous_hash=GENESIS, entry=first)


def test_a_changed_entry_is_found_whatever_was_changed_in_it(chain: None) -> None:
    changes = [
        "actor = 'bob'",
        "action = 'other'",
        "subject = 'other'",
        "at = at + interval '1 microsecond'",
        "detail = '{}'",
        "detail = detail || '{\"n\": -1}'",
        "hash = repeat('a', 64)",
        "previous_hash = repeat('b', 64)",
    ]

    for change in changes:
        for seq in (1, 500, 1000):
            statement = f"UPDATE compliance_auditentry SET {change} WHERE seq = %s"
            assert seq in attempt(statement, seq), (change, seq)


def test_a_changed_entry_is_found_at_every_place(chain: None) -> None:
    statement = "UPDATE compliance_auditentry SET subject = 'x' WHERE seq = ANY(%s)"

    for places in PLACES:
        assert attempt(statement, places) == places


def test_a_removed_entry_is_found_at_every_place(chain: None) -> None:
    """By the entry after it, the last one by the head."""
    for places in PLACES:
        found = attempt("DELETE FROM compliance_auditentry WHERE seq = ANY(%s)", places)
        assert found == [min(place + 1, LENGTH) for place in places]


def test_a_chain_cut_off_or_emptied_is_found(chain: None) -> None:
    assert attempt("DELETE FROM compliance_auditentry WHERE seq > 900")
    assert attempt("DELETE FROM compliance_auditentry")


def test_an_entry_put_in_between_is_found(chain: None) -> None:
    for seq in (500, 999):
        found = attempt(
            "INSERT INTO compliance_auditentry"
            " SELECT 1001, previous_hash, repeat('c', 64), at, actor, action, subject, detail"
            " FROM compliance_auditentry WHERE seq = %s",
            seq,
        )
        assert 1001 in found


def test_a_number_left_out_is_found_though_every_hash_fits(db: None) -> None:
    """As by whoever writes the chain anew from some entry on."""
    first = write(1)
    skipping = AuditEntry(
        seq=first.seq + 2,
        previous_hash=first.hash,
        at=NOW,
        actor="ann",
        action="test.act",
        subject="s",
        detail={},
    )
    skipping.hash = entry_hash(previous_hash=first.hash, entry=skipping)
    skipping.save(force_insert=True)
    AuditHead.objects.update(seq=skipping.seq, hash=skipping.hash)

    assert broken() == [skipping.seq]


def test_two_entries_that_changed_places_are_found(chain: None) -> None:
    found = attempt(
        "UPDATE compliance_auditentry SET subject = CASE seq WHEN 10 THEN 's11' ELSE 's10' END"
        " WHERE seq IN (10, 11)"
    )

    assert found == [10, 11]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE compliance_auditentry SET actor = 'bob'",
        "DELETE FROM compliance_auditentry",
    ],
)
def test_the_database_refuses_to_change_the_trail(db: None, statement: str) -> None:
    write(1)

    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_an_act_that_is_rolled_back_leaves_no_entry(db: None) -> None:
    write(1)
    with transaction.atomic():
        write(2)
        transaction.set_rollback(True)
    write(3)

    assert list(AuditEntry.objects.order_by("seq").values_list("seq", "subject")) == [
        (1, "s1"),
        (2, "s3"),
    ]
    assert broken() == []


def test_an_entry_reads_back_as_it_was_hashed(db: None) -> None:
    written = record(
        actor="ann",
        action="a",
        subject="s",
        now=datetime(2026, 3, 2, 17, 0, 0, 123456, tzinfo=UTC).astimezone(
            tz=datetime.now().astimezone().tzinfo
        ),
        detail={"big": 2**60, "tiny": 1e-300, "text": "基金\u2028", "nested": {"b": 1, "a": [0.1]}},
    )

    read = AuditEntry.objects.get(seq=written.seq)

    assert read.hash == entry_hash(previous_hash=read.previous_hash, entry=read)


@pytest.mark.django_db(transaction=True)
def test_writers_side_by_side_do_not_fork_the_chain() -> None:
    def work(worker: int) -> None:
        try:
            for number in range(4):
                write(worker * 100 + number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(work, range(50)))

    assert broken() == []
    assert list(AuditEntry.objects.order_by("seq").values_list("seq", flat=True)) == [
        *range(1, 201)
    ]
