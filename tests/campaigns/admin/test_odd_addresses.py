"""Addresses that no page of ours ever made lead nowhere; they break nothing."""

import pytest
from django.test import Client

from compliance.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("campaigns/channelroute/%00/change/", 302),
        ("campaigns/channelroute/%00/history/", 302),
        ("campaigns/invoice/%00/export/", 404),
        ("campaigns/invoice/abc/export/", 404),
        ("campaigns/invoice/99999999999999999999/export/", 404),
        ("workbench/?queue=%00", 200),
        ("workbench/tasks/?queue=%00", 200),
    ],
)
def test_an_odd_address_is_answered(client: Client, address: str, status: int) -> None:
    client.force_login(User.objects.create_superuser("root"))

    assert client.get(f"/admin/{address}").status_code == status
