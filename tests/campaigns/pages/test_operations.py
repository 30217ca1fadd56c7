"""The stations' page: figures for operators, a stop for those who may, a banner for everybody."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.actions.stop import Scope, ask_release, stop_sending
from campaigns.models import AccountHealth, EmergencyStop, ProviderAccount
from compliance.models import User
from compliance.queries import clock_now
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_staff,
)

pytestmark = pytest.mark.django_db


def client_of(user: User, language: str = "") -> Client:
    client = Client(headers={"accept-language": language} if language else None)
    client.force_login(user)
    return client


def test_the_page_and_its_board_show_every_stage() -> None:
    make_people(1)
    make_segment()
    make_journey(graph_of())
    client = client_of(make_staff().operator)

    for name in ("operations:index", "operations:board"):
        page = client.get(reverse(name)).content.decode()
        for word in ("Enrolments due", "Batches under way", "Touches handing over", "Put aside"):
            assert word in page


def test_the_page_speaks_chinese() -> None:
    page = client_of(make_staff().operator, "zh-hans").get(reverse("operations:index"))

    assert "待推进的入组" in page.content.decode()
    assert "Enrolments due" not in page.content.decode()


@pytest.mark.parametrize("role", ["marketer", "manager", "checker"])
def test_other_roles_neither_see_nor_stop(role: str) -> None:
    client = client_of(getattr(make_staff(), role))

    assert client.get(reverse("operations:index")).status_code == 403
    assert client.post(reverse("operations:stop")).status_code == 403
    assert not EmergencyStop.objects.exists()


def test_one_button_stops_and_two_persons_let_go() -> None:
    staff = make_staff()
    operator, compliance = client_of(staff.operator), client_of(staff.compliance)

    operator.post(reverse("operations:stop"), {"channel": "sms", "why": "wrong rate"})

    standing = EmergencyStop.objects.get()
    assert (standing.scope, standing.stopped_by, standing.why) == ("sms", "operator", "wrong rate")
    release = reverse("operations:release", args=[standing.pk])
    for act in ("ask", "ask", "agree", ""):
        operator.post(release, {"act": act})
    assert EmergencyStop.objects.get().released_at is None
    compliance.post(release, {"act": "agree"})
    assert EmergencyStop.objects.get().released_by == staff.compliance


def test_a_button_drawn_before_another_asked_does_not_release() -> None:
    """Both saw "Ask for the release": the second to press it has not agreed to anything."""
    staff = make_staff()
    standing = stop_sending(scope=Scope(), actor="operator", why="wrong rate", now=NOW)
    release = reverse("operations:release", args=[standing.pk])
    client_of(staff.operator).post(release, {"act": "ask"})

    answer = client_of(staff.compliance).post(release, {"act": "ask"}, follow=True)

    assert EmergencyStop.objects.get().released_at is None
    assert "operator has asked for the release already" in answer.content.decode()


def test_whoever_asked_is_not_offered_to_agree() -> None:
    staff = make_staff()
    standing = stop_sending(scope=Scope(), actor="operator", why="wrong rate", now=NOW)
    ask_release(stop=standing, actor=staff.operator, now=NOW)

    shown = {
        user.username: client_of(user).get(reverse("operations:board")).content.decode()
        for user in (staff.operator, staff.compliance)
    }

    assert "Agree to the release" not in shown["operator"]
    assert "Agree to the release" in shown["compliance"]
    assert all("Keep it stopped" in page for page in shown.values())


@pytest.mark.parametrize("why", ["", "   ", "\u3000"])
def test_a_stop_says_why(why: str) -> None:
    client = client_of(make_staff().operator)

    answer = client.post(reverse("operations:stop"), {"channel": "sms", "why": why})

    assert "Say why in a few words" in answer.content.decode()
    assert 'value="sms" selected' in answer.content.decode()
    assert not EmergencyStop.objects.exists()


def test_two_scopes_at_once_are_refused_in_words() -> None:
    journey = make_journey(graph_of(), is_live=False)
    journey.live, journey.state = journey.versions.get(), "running"
    journey.save()
    client = client_of(make_staff().operator)

    answer = client.post(
        reverse("operations:stop"), {"channel": "sms", "journey": journey.pk, "why": "w"}
    )

    assert "not several" in answer.content.decode()
    assert not EmergencyStop.objects.exists()


def test_every_page_of_the_console_says_what_is_stopped() -> None:
    stop_sending(scope=Scope(channel="email"), actor="operator", why="", now=NOW)

    for user in (make_staff().marketer, make_staff().manager):
        page = client_of(user).get(reverse("admin:index")).content.decode()
        assert "Emergency stop: E-mail." in page
    assert "Emergency stop" not in Client().get(reverse("admin:login")).content.decode()


@pytest.mark.parametrize(
    ("minutes", "language", "said"),
    [
        (4.5, "en", ("Open for 4 min", ": the provider refuses our key or permission")),
        (-1, "en", ("On trial: the provider refuses our key or permission",)),
        (-1, "zh-hans", ("试探中：供应商拒绝了密钥或权限",)),
    ],
)
def test_a_breaker_says_how_it_stands_and_why(
    monkeypatch: pytest.MonkeyPatch, minutes: float, language: str, said: tuple[str, ...]
) -> None:
    make_memory_account(monkeypatch)
    account = ProviderAccount.objects.get()
    now = clock_now()
    AccountHealth.objects.create(
        account=account,
        open_until=now + timedelta(minutes=minutes),
        code="unauthorised",
        changed_at=now,
    )

    page = client_of(make_staff().operator, language).get(reverse("operations:board"))

    told = page.content.decode()
    assert all(words in told for words in said)
    assert reverse("admin:campaigns_provideraccount_change", args=[account.pk]) in told


def test_an_account_without_limits_is_not_said_to_have_sent_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What its limits gave out is counted; without one there is no such count, and not a zero."""
    make_memory_account(monkeypatch)
    client = client_of(make_staff().operator)
    free = client.get(reverse("operations:board")).content.decode()
    counted = client.get("/metrics").content.decode()

    ProviderAccount.objects.update(per_day=3)
    bound = client.get(reverse("operations:board")).content.decode()

    assert "0 / 3" not in free
    assert 'touchstone_reserved_today{account="account-email"}' not in counted
    assert "0 / 3" in bound
    assert 'touchstone_reserved_today{account="account-email"} 0.0' in (
        client.get("/metrics").content.decode()
    )
