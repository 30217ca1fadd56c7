"""A ledger is not emptied by one statement, where no row's own trigger would notice.

Tests that commit empty all tables afterwards, so `conftest.py` switches these triggers off in the
test database; here each is switched on again inside a transaction that is rolled back.
"""

import pytest
from django.db import IntegrityError, transaction

from customers.queries.database import execute, rows

LEDGERS = (
    "compliance_auditentry",
    "compliance_lexiconchange",
    "compliance_review",
    "compliance_rulepack",
    "customers_consent",
    "customers_merge",
    "customers_mergemove",
    "segments_segmentversion",
    "segments_memberexport",
    "segments_tagversion",
    "campaigns_decision",
    "campaigns_confirmation",
    "campaigns_earlierjudgement",
    "campaigns_journeyversion",
    "campaigns_templateversion",
)


def guard(ledger: str) -> None:
    """Put the table as it stands in production."""
    execute(f"ALTER TABLE {ledger} ENABLE TRIGGER USER", {})


@pytest.mark.django_db
@pytest.mark.parametrize("ledger", LEDGERS)
@pytest.mark.parametrize("how", ["CASCADE", "RESTART IDENTITY CASCADE"])
def test_truncate_is_refused_for(ledger: str, how: str) -> None:
    guard(ledger)

    with pytest.raises(IntegrityError, match=ledger), transaction.atomic():
        execute(f"TRUNCATE {ledger} {how}", {})


@pytest.mark.django_db
def test_emptying_the_customers_does_not_take_their_consents_along() -> None:
    guard("customers_consent")

    with pytest.raises(IntegrityError, match="customers_consent"), transaction.atomic():
        execute("TRUNCATE customers_customer CASCADE", {})


@pytest.mark.django_db
def test_every_ledger_that_refuses_deletion_refuses_truncate() -> None:
    """A ledger added later is found here: what keeps its rows keeps all of them."""
    found = rows(
        """
        SELECT tgrelid::regclass::text AS ledger, bool_or(tgtype & 32 <> 0) AS guarded
        FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
        WHERE NOT tgisinternal AND tgtype & (8 | 32) <> 0
          AND tgfoid::regproc::text ~ 'refuse'
        GROUP BY tgrelid
        """,
        {},
    )

    assert len(found) >= len(LEDGERS)
    assert [ledger for ledger, is_guarded in found if not is_guarded] == []
