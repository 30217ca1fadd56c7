"""Why an event is held is said in the reader's language."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from compliance.models import User
from customers.actions.collect import collect
from customers.actions.sources import internal_source
from customers.models import Quarantine
from customers.tracking.parse import Envelope, Rejection, parse_message
from tests.factories import NOW, make_staff


def hold(call: object) -> Quarantine:
    """The call, refused and stored."""
    envelope = Envelope(kind="track", received_at=NOW)
    verdict = parse_message(call, index=0, envelope=envelope)
    assert isinstance(verdict, Rejection)
    source = internal_source(key="shop", name="Shop", now=NOW)
    collect(source=source, messages=[], rejections=[verdict], now=NOW)
    return Quarantine.objects.latest("pk")


@pytest.fixture
def operator(client: Client) -> Client:
    """Logged in, reading Chinese."""
    make_staff()
    client.force_login(User.objects.create_superuser("root"))
    client.cookies["django_language"] = "zh-hans"
    return client


@pytest.mark.django_db
def test_the_reason_is_said_in_chinese(operator: Client) -> None:
    held = hold({"event": "Seen", "userId": 3})

    page = operator.get(f"/admin/customers/quarantine/{held.pk}/change/").content.decode()

    assert held.message.startswith("Its userId")
    assert "userId 不是 1 到 256 个可打印字符的文本。" in page
    assert held.message not in page


@pytest.mark.django_db
def test_a_code_of_an_older_release_shows_what_was_stored(operator: Client) -> None:
    held = Quarantine.objects.create(
        source_id=internal_source(key="shop", name="Shop", now=NOW).pk,
        code="no_longer_used",
        message="It was said so once.",
        payload="",
        received_at=datetime(2025, 1, 1, tzinfo=UTC),
    )

    page = operator.get(f"/admin/customers/quarantine/{held.pk}/change/").content.decode()

    assert "It was said so once." in page
