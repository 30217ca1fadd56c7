"""Reports on a bind come in while nothing is sent, and raise their touches."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.enrol import enrol
from campaigns.actions.listen import listen
from campaigns.actions.receipts import name_touches
from campaigns.channels.base import Accepted, AccountConfig, Channel, Outgoing
from campaigns.channels.registry import build_provider
from campaigns.channels.runner import close_process_loop
from campaigns.models import ProviderAccount, Receipt, Touch
from campaigns.queries.accounts import account_config
from customers.queries.consents import current_consents
from tests.campaigns.sandbox_process import SandboxProcess
from tests.factories import (
    NOW,
    graph_of,
    make_account,
    make_journey,
    make_people,
    make_segment,
    make_template,
    send_node,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    process = SandboxProcess(tmp_path)
    yield process
    close_process_loop()
    process.stop()


@pytest.fixture
def account(sandbox: SandboxProcess, live_url: str) -> ProviderAccount:
    return make_account(
        Channel.SMS,
        vendor="smpp",
        base_url=sandbox.ports["smpp_url"],
        options={"receipts_url": f"{live_url}/hooks/account-sms/", "source_address": "1069"},
        secrets={"system_id": "t", "password": "sandbox-", "receipt_secret": "r"},
    )


def send_and_leave(config: AccountConfig, touch: Touch) -> str:
    """Submit and unbind before the report can be taken: a worker that has gone."""

    async def go() -> str:
        options = {name: value for name, value in config.options.items() if name != "receipts_url"}
        provider = build_provider(
            AccountConfig(
                key=config.key,
                vendor=config.vendor,
                base_url=config.base_url,
                secrets=config.secrets,
                options=options,
            )
        )
        message = Outgoing(key=touch.key.hex, address="+8613800000000", content={"text": "hello"})
        [outcome] = await provider.send([message])
        await provider.aclose()
        assert isinstance(outcome, Accepted)
        return outcome.provider_id

    return asyncio.run(go())


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 8
    while not done() and time.monotonic() < end:
        time.sleep(0.05)


def test_what_was_reported_while_nobody_was_bound_is_taken_once_somebody_listens(
    account: ProviderAccount, sandbox: SandboxProcess
) -> None:
    [person] = make_people(1, channels=(Channel.SMS,))
    make_template(Channel.SMS)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node(Channel.SMS))), now=NOW)
    advance(owner="w", now=NOW)
    touch = Touch.objects.get()
    name = send_and_leave(account_config(account), touch)
    name_touches(account=account, names=[(touch.key.hex, name)], by_id=True, now=NOW)

    before = Receipt.objects.count()
    listening = listen()
    sandbox.post("/smpp/reply", {"from": "+8613800000000", "text": " ｔｄ。"})
    until(lambda: Receipt.objects.count() == 2)

    assert (before, listening) == (0, 1)
    touch.refresh_from_db()
    assert touch.state == "delivered"
    assert current_consents([person])[person]["sms"] == "withdrawn"


def test_an_account_that_cannot_be_bound_is_logged_and_left_for_the_next_tick(
    account: ProviderAccount, sandbox: SandboxProcess, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.kill()

    assert listen() == 0
    assert "nobody listens to account account-sms: unreachable" in caplog.text

    sandbox.start()
    ProviderAccount.objects.update(base_url=sandbox.ports["smpp_url"])
    assert listen() == 1
