"""Four eyes on exactly the content that was read; the installation's clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from compliance.actions import ask_review, decide_review, rate_products, set_replay_clock
from compliance.errors import NothingToReview, NotPermitted, SelfReview
from compliance.models import AuditEntry, ReplayClock, Review, User
from compliance.queries import clock_now, is_approved
from tests.factories import Staff, make_product, make_staff

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HASH, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def staff() -> Staff:
    return make_staff()


def ask(staff: Staff, content_hash: str = HASH) -> Review:
    return ask_review(
        kind="thing", key="k", content_hash=content_hash, maker=staff.marketer, now=NOW
    )


def decide(checker: User, content_hash: str = HASH, *, approve: bool = True) -> Review:
    return decide_review(
        kind="thing",
        key="k",
        content_hash=content_hash,
        checker=checker,
        approve=approve,
        opinion="fine",
        now=NOW,
    )


def approved(content_hash: str = HASH, *, kind: str = "thing", key: str = "k") -> bool:
    return is_approved(kind=kind, key=key, content_hash=content_hash)


def test_an_approval_covers_exactly_what_was_read(staff: Staff) -> None:
    ask(staff)
    assert not approved()

    decide(staff.checker)

    assert approved()
    assert not approved(OTHER)
    assert not approved(kind="other")
    assert not approved(key="other")
    assert list(AuditEntry.objects.order_by("seq").values_list("action", "actor")) == [
        ("thing.submit", "marketer"),
        ("thing.approved", "checker"),
    ]


def test_what_was_returned_is_not_approved(staff: Staff) -> None:
    ask(staff)

    decide(staff.checker, approve=False)

    assert not approved()


def test_a_newer_request_replaces_the_older(staff: Staff) -> None:
    ask(staff)
    ask(staff, OTHER)

    with pytest.raises(NothingToReview):
        decide(staff.checker, HASH)
    decide(staff.checker, OTHER)

    assert Review.objects.count() == 1


def test_nothing_is_decided_twice(staff: Staff) -> None:
    ask(staff)
    decide(staff.checker)

    with pytest.raises(NothingToReview):
        decide(staff.checker, approve=False)

    assert approved()


def test_the_maker_cannot_check_even_as_superuser(staff: Staff) -> None:
    staff.marketer.is_superuser = True
    staff.marketer.save()
    ask(staff)

    with pytest.raises(SelfReview):
        decide(staff.marketer)

    assert not approved()


def test_a_role_without_the_right_cannot_check(staff: Staff) -> None:
    ask(staff)

    with pytest.raises(NotPermitted):
        decide(staff.manager)


@pytest.mark.parametrize(
    "values",
    [
        "verdict = 'approved'",
        "verdict = 'approved', decided_at = now()",
        "verdict = 'approved', checker_id = maker_id, decided_at = now()",
        "checker_id = maker_id",
        "verdict = 'maybe', checker_id = (SELECT max(id) FROM compliance_user), decided_at = now()",
    ],
)
def test_the_database_refuses_a_verdict_that_nobody_else_gave(staff: Staff, values: str) -> None:
    ask(staff)

    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE compliance_review SET {values}")


# --- The clock ------------------------------------------------------------------------------------
def test_the_clock_is_the_databases() -> None:
    assert abs(clock_now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_replay_moves_the_clock_and_takes_it_back() -> None:
    set_replay_clock(shift=timedelta(days=-1000), allowed=True)
    moved = clock_now()
    set_replay_clock(shift=timedelta(days=3), allowed=True)
    moved_again = clock_now()
    set_replay_clock(shift=timedelta(), allowed=True)

    assert abs(moved - datetime.now(UTC) + timedelta(days=1000)) < timedelta(seconds=5)
    assert abs(moved_again - datetime.now(UTC) - timedelta(days=3)) < timedelta(seconds=5)
    assert abs(clock_now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert not ReplayClock.objects.exists()


def test_the_clock_goes_on_inside_a_transaction() -> None:
    assert clock_now() < clock_now()


def test_a_production_installation_has_no_other_clock() -> None:
    with pytest.raises(NotPermitted):
        set_replay_clock(shift=timedelta(days=1), allowed=False)

    assert not ReplayClock.objects.exists()


def test_there_is_one_clock() -> None:
    set_replay_clock(shift=timedelta(days=1), allowed=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        ReplayClock.objects.create(id=2, shift=timedelta())


def test_ratings_of_products_need_two_persons_of_whom_one_may_review(staff: Staff) -> None:
    told: dict[str, Any] = {"ratings": {"F001": {"issuer_risk": 1}}, "source": "file 1", "now": NOW}
    make_product()

    with pytest.raises(SelfReview):
        rate_products(**told, maker=staff.checker, checker=staff.checker)
    with pytest.raises(NotPermitted):
        rate_products(**told, maker=staff.checker, checker=staff.marketer)

    assert not AuditEntry.objects.filter(action="product.save").exists()


def test_of_several_verdicts_on_one_content_the_newest_counts(staff: Staff) -> None:
    for approve in (True, False):
        ask(staff)
        decide(staff.checker, approve=approve)

    assert not is_approved(kind="thing", key="k", content_hash=HASH)
