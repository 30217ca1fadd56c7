"""How somebody visits, asks and answers, each counted by hand."""

from datetime import timedelta

import pytest
from django.db import connection

from customers.models import Account, Kyc
from customers.models.people import Identity
from tests.factories import NOW, make_people, record_event
from tests.segments.test_tag_values import TOUCHED
from tests.segments.wealth import DAY, TODAY, account, told

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def visitor() -> int:
    return make_people(1)[0]


def test_a_session_ends_after_half_an_hour_without_a_page(visitor: int) -> None:
    for minutes in (0, 30, 61, 62):
        record_event(visitor, "Page", at=NOW - DAY + minutes * MINUTE)
    record_event(visitor, "search", at=NOW - DAY)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_event SET kind = 'page' WHERE name = 'Page'")

    assert told(visitor, "depth_30") == {"depth_30": 2}


def test_complaints_topic_and_the_step_where_he_stopped(visitor: int) -> None:
    for back in (1, 89, 91):
        record_event(visitor, "complaint", at=NOW - back * DAY)
    record_event(visitor, "chat_message", at=NOW - 2 * DAY, intent="limit")
    record_event(visitor, "chat_message", at=NOW - DAY, text="hello")
    record_event(visitor, "account_step", at=NOW - 90 * MINUTE, step="id_photo")
    record_event(visitor, "account_step", at=NOW - 60 * MINUTE, step="video")

    assert told(visitor, "complaint_90d", "cs_topic", "app_abandoned") == {
        "complaint_90d": 2,
        "cs_topic": "limit",
        "app_abandoned": "video",
    }


@pytest.mark.parametrize(("name", "minutes"), [("account_step", 59), ("account_opened", 61)])
def test_who_goes_on_or_is_through_abandoned_nothing(visitor: int, name: str, minutes: int) -> None:
    record_event(visitor, "account_step", at=NOW - DAY, step="id_photo")
    record_event(visitor, name, at=NOW - minutes * MINUTE, step="video")

    assert not told(visitor, "app_abandoned")


def touched(visitor: int, *touches: tuple[str, float | None, float | None]) -> None:
    """Messages of a day ago: channel, and after how many hours each was opened and clicked."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for channel, opened, clicked in touches:
            sent = NOW - DAY
            at = [
                None if hours is None else sent + timedelta(hours=hours)
                for hours in (opened, clicked)
            ]
            cursor.execute(TOUCHED, [visitor, channel, sent, sent, sent, *at])


def forget_touches() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM campaigns_touch")


def test_the_best_hour_is_where_most_opens_are_near(visitor: int) -> None:
    # Sent at ten in Shanghai; opened twice at 20, once at 23, once at midnight, once at one.
    touched(visitor, *(("email", hours, None) for hours in (10, 10, 13, 14, 15)))

    found = told(visitor, "best_hour")
    forget_touches()

    # 20: 2; 0: ½ + 1 + ½ = 2. The earlier of equals.
    assert found == {"best_hour": 0}


def test_two_opens_make_no_best_hour(visitor: int) -> None:
    touched(visitor, ("email", 10, None), ("email", 10, None))

    found = told(visitor, "best_hour")
    forget_touches()

    assert not found


def test_the_channel_with_the_best_evidence_of_clicks(visitor: int) -> None:
    # (1 + 1) / (20 + 1) against (1 + 4) / (20 + 20): one click of one is no proof.
    touched(visitor, ("sms", None, 1), *[("push", 1, 1)] * 4, *[("push", 1, None)] * 16)

    found = told(visitor, "channel_affinity")
    forget_touches()

    assert found == {"channel_affinity": "push"}


def device(visitor: int, token: bytes, *, is_gone: bool) -> None:
    Identity.objects.create(
        customer_id=visitor, kind="device", value_hash=token, ciphertext=b"", key_id="1",
        source="t", since=NOW,
    )  # fmt: skip
    if is_gone:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO campaigns_suppression (kind, value_hash, why, at)"
                " VALUES ('device', %s, 'undeliverable', %s)",
                [token, NOW],
            )


def test_a_device_that_is_gone_is_an_app_removed_unless_another_is_left(visitor: int) -> None:
    assert not told(visitor, "push_enabled", "uninstalled")
    device(visitor, b"1" * 32, is_gone=True)
    assert told(visitor, "push_enabled", "uninstalled") == {
        "push_enabled": False,
        "uninstalled": True,
    }
    device(visitor, b"2" * 32, is_gone=False)
    assert told(visitor, "push_enabled", "uninstalled") == {
        "push_enabled": True,
        "uninstalled": False,
    }


def test_the_newest_toggle_of_push_counts(visitor: int) -> None:
    device(visitor, b"2" * 32, is_gone=False)
    record_event(visitor, "push_toggle", at=NOW - 2 * DAY, enabled=True)
    record_event(visitor, "push_toggle", at=NOW - DAY, enabled=False)

    assert told(visitor, "push_enabled") == {"push_enabled": False}


def checked(of: Account, level: str, expires_in: int) -> None:
    Kyc.objects.create(
        customer_id=of.customer_id, level=level, id_expires_on=TODAY + expires_in * DAY,
        aml_hold=False, checked_on=TODAY, source=of.source, load_id=1,
    )  # fmt: skip


def test_identity_checks_are_told_once_there_are_any() -> None:
    known, simply, unknown = make_people(3)
    keys = ("kyc_status", "id_expiry_days")
    assert not told(known, *keys)

    checked(account(known, "1"), "enhanced", 30)
    checked(account(simply, "2"), "simplified", -1)

    assert told(known, *keys) == {"kyc_status": "full", "id_expiry_days": 30}
    assert told(simply, *keys) == {"kyc_status": "basic", "id_expiry_days": -1}
    assert told(unknown, *keys) == {"kyc_status": "none"}
