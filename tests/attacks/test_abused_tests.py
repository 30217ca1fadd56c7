"""Attacks on test messages: to somebody who said no, during a stop, without end, off the record.

Test messages of templates have their bounds in tests/campaigns/actions/test_send_test.py.
"""

from datetime import timedelta
from typing import Any

import pytest

from campaigns.actions import try_account
from campaigns.actions.stop import Scope, stop_sending
from campaigns.actions.suppress import suppress
from campaigns.actions.try_account import MOST_A_DAY, send_test
from campaigns.channels.base import Channel, Outcome, Outgoing
from campaigns.channels.memory import MemoryProvider
from campaigns.errors import StateConflict
from campaigns.models import ProviderAccount, Suppression, Touch
from compliance.models import AuditEntry
from tests.factories import NOW, make_memory_account, make_staff

pytestmark = pytest.mark.django_db
NUMBER = "13800138000"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> MemoryProvider:
    return make_memory_account(monkeypatch, Channel.SMS)


def attempt(address: str = NUMBER, **said: Any) -> str:
    account = ProviderAccount.objects.get()
    told = {"actor": make_staff().operator, "now": NOW} | said
    return send_test(account=account, address=address, **told)


@pytest.mark.parametrize("scope", ["everything", "channel", "account"])
def test_none_goes_while_an_emergency_stop_holds(provider: MemoryProvider, scope: str) -> None:
    scopes = {
        "everything": Scope(),
        "channel": Scope(channel="sms"),
        "account": Scope(account=ProviderAccount.objects.get()),
    }
    stop_sending(scope=scopes[scope], actor="test", why="wrong rate", now=NOW)

    with pytest.raises(StateConflict, match="emergency stop"):
        attempt()

    assert provider.sent == []


@pytest.mark.parametrize("spelling", [NUMBER, "+86 138 0013 8000", "0086-13800138000"])
def test_none_goes_to_a_suppressed_number_however_it_is_written(
    provider: MemoryProvider, spelling: str
) -> None:
    why = Suppression.Why.COMPLAINED
    suppress(kind="phone", values=[f"+86{NUMBER}"], why=why, account=None, now=NOW)

    with pytest.raises(StateConflict, match="suppression list"):
        attempt(spelling)

    assert provider.sent == []


def test_nobody_is_pestered_by_them(
    provider: MemoryProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(try_account, "MOST_A_DAY", 3)
    for _ in range(3):
        attempt()

    with pytest.raises(StateConflict, match="3 times in 24 hours"):
        attempt()
    attempt(now=NOW + timedelta(days=1))

    assert len(provider.sent) == 4
    assert MOST_A_DAY <= 50


def test_an_attempt_is_on_record_before_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def note(message: Outgoing) -> Outcome:
        seen.append(message.key)
        raise RuntimeError("the process ends here")

    make_memory_account(monkeypatch, Channel.SMS, script=note)

    with pytest.raises(RuntimeError, match="ends here"):
        attempt()

    entry = AuditEntry.objects.get(action="account.test")
    assert (entry.actor, entry.detail["key"]) == ("operator", seen[0])
    assert NUMBER not in str(entry.detail)


def test_it_is_no_touch_and_says_what_it_is(provider: MemoryProvider) -> None:
    attempt()

    assert "test" in provider.sent[0].content["text"]
    assert not Touch.objects.exists()
