"""The console's list of hosts: from the first on, links to any other are refused."""

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.actions.link_hosts import allow_link_host, withdraw_link_host
from campaigns.errors import BadRequest, TemplateError
from campaigns.models import LinkHost
from compliance.models import AuditEntry, User
from compliance.roles import Role
from compliance.setup import ensure_roles
from tests.factories import NOW, make_staff, make_template

pytestmark = pytest.mark.django_db


def allow(host: str) -> LinkHost:
    return allow_link_host(host=host, note="", actor=make_staff().checker, now=NOW)


def test_without_a_list_any_host_may_be_linked() -> None:
    assert make_template().pk


@pytest.mark.parametrize("host", ["shop.example.com", "example.com", " EXAMPLE.com. "])
def test_a_listed_host_and_its_subdomains_may_be_linked(host: str) -> None:
    allow(host)

    assert make_template().pk


def test_another_host_may_not() -> None:
    allow("elsewhere.example")

    with pytest.raises(TemplateError) as refused:
        make_template()

    assert refused.value.code == "host_not_allowed"
    assert "shop.example.com" in refused.value.in_language("zh")


@pytest.mark.parametrize(
    "host",
    [
        *("", "https://example.com", "example.com/path", "a b.example", "localhost"),
        *("127.0.0.1", "[::1]", "2130706433", "user@example.com", "example.com:443"),
        *("-a.example", "*.example"),
    ],
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(BadRequest):
        allow(host)


def test_a_chinese_host_is_kept_in_its_one_spelling() -> None:
    assert allow("基金.example").host == "xn--3jsy95k.example"


def test_both_acts_are_on_record_and_repeating_one_is_harmless() -> None:
    allowed = allow("example.com")
    allow("EXAMPLE.COM")

    withdraw_link_host(allowed=allowed, actor=make_staff().checker, now=NOW)

    acts = AuditEntry.objects.filter(action__startswith="link_host").order_by("seq")
    assert [(each.action, each.subject) for each in acts] == [
        ("link_host.allow", "example.com"),
        ("link_host.withdraw", "example.com"),
    ]
    assert not LinkHost.objects.exists()


@pytest.mark.parametrize(("role", "may"), [(Role.COMPLIANCE, True), (Role.MARKETER, False)])
def test_compliance_edits_the_list_in_the_console(client: Client, role: Role, may: bool) -> None:
    user = User.objects.create(username="someone", is_staff=True)
    user.groups.add(ensure_roles()[role])
    client.force_login(user)

    answer = client.post(
        reverse("admin:campaigns_linkhost_add"), {"host": "Example.com", "note": "ours"}
    )

    assert answer.status_code == (302 if may else 403)
    assert list(LinkHost.objects.values_list("host", flat=True)) == (["example.com"] if may else [])


def test_a_bad_host_is_told_at_its_field(client: Client) -> None:
    user = User.objects.create(username="someone", is_staff=True)
    user.groups.add(ensure_roles()[Role.COMPLIANCE])
    client.force_login(user)

    answer = client.post(
        reverse("admin:campaigns_linkhost_add"), {"host": "https://x/", "note": ""}
    )

    assert answer.status_code == 200
    assert "is no host name" in answer.content.decode()
