"""What every vendor must do, tried against a real sandbox process."""

import asyncio
import socket
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from campaigns.channels.base import (
    Absent,
    Accepted,
    AccountConfig,
    Acknowledged,
    Channel,
    Found,
    Outcome,
    Outgoing,
    Provider,
    Receipt,
    ReceiptKind,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.callbacks import TARGET_HEADER
from campaigns.channels.errors import BadSignature, ChannelError, StaleReceipt
from campaigns.channels.receipts import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.scripted import scripted
from tests.campaigns.sandbox_process import SandboxProcess

API_SECRET = "sandbox-api-secret"
RECEIPT_SECRET = "sandbox-receipt-secret"
# What the vendors' documents say they wait for.
AWAITED = {"/hooks/aliyun/": b'{"code":0}', "/hooks/tencent/": b'{"result":0}'}
AWAITED |= {"/hooks/twilio/": b""}
INJECTION = "Hello\r\nBcc: victim@example.com\r\n\r\nforged"


class ProviderContract:
    """Subclasses name the vendor, its account, and how its addresses ask for faults."""

    channel: Channel
    # What the vendor's plain error (HTTP 500, SMTP 451) amounts to.
    error_outcome: type[Outcome] = Unknown

    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        raise NotImplementedError

    def content(self) -> dict[str, str]:
        raise NotImplementedError

    def address(self, fault: str = "") -> str:
        """Return an address that meets `fault` on the first attempt of each key."""
        raise NotImplementedError

    def message(self, fault: str = "") -> Outgoing:
        return Outgoing(key=uuid.uuid4().hex, address=self.address(fault), content=self.content())

    def reporting_to(self, account: AccountConfig, url: str) -> AccountConfig:
        """Return the account with its door told to the vendor, where the client tells it."""
        return account

    def provider_id(self, message: Outgoing, copy: Mapping[str, str]) -> str:
        """Return the id the vendor gives; most make one of their own."""
        return copy["provider_id"]

    @pytest.fixture
    def account(self, sandbox: SandboxProcess) -> AccountConfig:
        config = self.config(sandbox.ports, sandbox)
        secrets = {"receipt_secret": RECEIPT_SECRET, "receipt_token": RECEIPT_SECRET}
        return replace(config, secrets={**config.secrets, **secrets})

    @pytest.fixture
    async def provider(self, account: AccountConfig) -> AsyncIterator[Provider]:
        provider = build_provider(account)
        yield provider
        await provider.aclose()

    async def test_an_accepted_message_reaches_its_addressee_once_under_its_key(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        message = self.message()

        [outcome] = await provider.send([message])

        [copy] = sandbox.received(self.channel, message.key)
        expected = self.provider_id(message, copy)
        assert outcome == Accepted(key=message.key, provider_id=expected)
        assert copy["address"] == message.address

    async def test_a_full_batch_is_answered_message_by_message(self, provider: Provider) -> None:
        batch = [self.message("refuse" if n % 10 == 0 else "") for n in range(60)]

        outcomes = {outcome.key: outcome for outcome in await provider.send(batch)}

        assert len(outcomes) == 60
        for number, message in enumerate(batch):
            expected = Refused if number % 10 == 0 else Accepted
            assert isinstance(outcomes[message.key], expected)

    async def test_a_refusal_carries_the_vendors_code_and_nothing_is_sent(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        message = self.message("refuse")

        [outcome] = await provider.send([message])

        assert isinstance(outcome, Refused)
        assert outcome.code
        assert sandbox.received(self.channel, message.key) == []

    async def test_a_throttled_message_is_proved_unsent_and_passes_later_with_its_key(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        message = self.message("throttle")

        [first] = await provider.send([message])
        [second] = await provider.send([message])

        assert isinstance(first, Unavailable)
        assert isinstance(second, Accepted)
        assert len(sandbox.received(self.channel, message.key)) == 1

    async def test_a_vendor_that_is_down_leaves_the_message_unsent(
        self, account: AccountConfig
    ) -> None:
        dead = account.base_url.replace(account.base_url.split(":")[2].split("/")[0], _free_port())
        provider = build_provider(replace(account, base_url=dead))

        [outcome] = await provider.send([self.message()])
        await provider.aclose()

        assert isinstance(outcome, Unavailable)
        assert outcome.code == "unreachable"

    async def test_a_vendors_error_is_judged_by_what_it_proves(self, provider: Provider) -> None:
        [outcome] = await provider.send([self.message("error")])

        assert isinstance(outcome, self.error_outcome)

    async def test_a_reset_after_the_accept_is_unknown_and_found_by_its_key(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        message = self.message("reset_after")

        [outcome] = await provider.send([message])
        known = await provider.find([message.key])

        assert isinstance(outcome, Unknown)
        [copy] = sandbox.received(self.channel, message.key)
        found = known[message.key]
        assert isinstance(found, Found)
        assert found.provider_id == copy["provider_id"]
        assert abs(found.accepted_at - datetime.now(UTC)) < timedelta(seconds=30)

    async def test_a_reset_before_the_accept_is_unknown_absent_and_sent_once_on_retry(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        message = self.message("reset_before")

        [first] = await provider.send([message])
        known = await provider.find([message.key])
        [second] = await provider.send([message])

        assert isinstance(first, Unknown)
        assert known == {message.key: Absent()}
        assert isinstance(second, Accepted)
        assert len(sandbox.received(self.channel, message.key)) == 1

    async def test_a_late_accept_is_absent_at_first_and_found_once_settled(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        message = self.message("late")

        [outcome] = await provider.send([message])
        at_first = await provider.find([message.key])
        await asyncio.to_thread(sandbox.post, "/flush", {})
        settled = await provider.find([message.key])

        assert isinstance(outcome, Unknown)
        assert isinstance(at_first[message.key], Absent)
        assert isinstance(settled[message.key], Found)

    async def test_an_answer_after_the_deadline_is_unknown(self, account: AccountConfig) -> None:
        hasty = build_provider(
            replace(account, options={**account.options, "deadline_seconds": "1"})
        )
        started = time.monotonic()

        [outcome] = await hasty.send([self.message("slow")])
        await hasty.aclose()

        assert isinstance(outcome, Unknown)
        assert outcome.code == "timeout"
        assert time.monotonic() - started < 1.8

    async def test_a_lookup_that_does_not_answer_raises_instead_of_saying_absent(
        self, account: AccountConfig
    ) -> None:
        port = _free_port()
        options = {**account.options, "lookup_url": f"http://127.0.0.1:{port}/lookup"}
        base = account.base_url
        if "lookup_url" not in account.options:
            base = f"http://127.0.0.1:{port}"
        provider = build_provider(replace(account, base_url=base, options=options))

        with pytest.raises(ChannelError):
            await provider.find([uuid.uuid4().hex])
        await provider.aclose()

    async def test_control_characters_in_content_forge_nothing(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        for name in self.content():
            plain = self.message()
            forged = replace(plain, content={**plain.content, name: INJECTION})

            [outcome] = await provider.send([forged])

            copies = sandbox.received(self.channel, plain.key)
            assert len(copies) == (1 if isinstance(outcome, Accepted) else 0)
            for copy in copies:
                assert copy["address"] == plain.address
                assert "bcc" not in copy.get("headers", [])

    async def test_control_characters_in_the_address_send_nothing(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        if self.channel is Channel.PUSH:
            pytest.skip("a device token is opaque and travels inside JSON")
        plain = self.message()

        [outcome] = await provider.send([replace(plain, address=plain.address + "\r\nRSET")])

        assert isinstance(outcome, Refused)
        assert sandbox.received(self.channel, plain.key) == []

    async def test_receipts_of_an_accept_come_back_in_the_vendors_form_and_name_it(
        self, account: AccountConfig, sandbox: SandboxProcess
    ) -> None:
        posts: list[tuple[dict[str, str], bytes]] = []
        mine = f"/hooks/{account.vendor}/"

        async def take(request: web.Request) -> web.Response:
            headers = {**request.headers, TARGET_HEADER: request.path_qs}
            body = await request.read()
            if request.path in (*AWAITED, "/hooks/smpp/") and request.path != mine:
                # Another vendor's, left by an earlier test.
                return web.Response(body=AWAITED.get(request.path))
            posts.append((headers, body))
            return web.Response(body=_acknowledgement(provider))

        async with scripted(take) as url:
            provider = build_provider(self.reporting_to(account, f"{url}/hooks"))
            batch = [self.message() for _ in range(3)]
            outcomes = {outcome.key: outcome for outcome in await provider.send(batch)}
            await asyncio.to_thread(sandbox.post, "/receipts", {"url": f"{url}/hooks"})
            figures = await asyncio.to_thread(sandbox.post, "/flush", {})
            await asyncio.to_thread(sandbox.post, "/receipts", {"url": ""})
            await until(lambda: _named(outcomes, provider, posts) == outcomes.keys())
            await provider.aclose()

        assert figures["receipts_pending"] == 0, figures["receipts_last_failure"]
        assert _named(outcomes, provider, posts) == {message.key for message in batch}

    def test_a_bad_signature_is_refused(self, account: AccountConfig) -> None:
        provider = build_provider(account)
        headers, body = _signed(secret="another secret")

        with pytest.raises(BadSignature):
            provider.read_receipts(headers, body, datetime.now(UTC))

    def test_a_receipt_older_than_the_window_is_refused(self, account: AccountConfig) -> None:
        provider = build_provider(account)
        headers, body = _signed(secret=RECEIPT_SECRET)

        assert _kinds(provider.read_receipts(headers, body, datetime.now(UTC))) == ["delivered"]
        with pytest.raises(StaleReceipt):
            provider.read_receipts(headers, body, datetime.now(UTC) + timedelta(minutes=6))


def _acknowledgement(provider: Provider) -> bytes:
    return provider.acknowledgement.body if isinstance(provider, Acknowledged) else b""


def _named(
    outcomes: Mapping[str, Outcome],
    provider: Provider,
    posts: Sequence[tuple[dict[str, str], bytes]],
) -> set[str]:
    """Return the keys of the messages that some receipt calls delivered."""
    receipts = [
        receipt
        for headers, body in posts
        for receipt in provider.read_receipts(headers, body, datetime.now(UTC))
        if receipt.kind is ReceiptKind.DELIVERED
    ]
    names = {receipt.provider_id for receipt in receipts if provider.limits.reports_by_id}
    return {receipt.key for receipt in receipts if receipt.key in outcomes} | {
        outcome.key
        for outcome in outcomes.values()
        if isinstance(outcome, Accepted) and outcome.provider_id in names
    }


async def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 8
    while not done() and time.monotonic() < end:
        await asyncio.sleep(0.05)


def _signed(*, secret: str) -> tuple[dict[str, str], bytes]:
    body = b'[{"id":"r1","key":"k","event":"delivered","at":"2026-01-01T00:00:00+00:00"}]'
    stamp = int(time.time())
    signature = sign(secret=secret, timestamp=stamp, body=body)
    return {TIMESTAMP_HEADER: str(stamp), SIGNATURE_HEADER: signature}, body


def _kinds(receipts: list[Receipt]) -> list[str]:
    return [receipt.kind.value for receipt in receipts]


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
