"""SMPP 3.4 against the sandbox's message centre."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels.base import (
    Accepted,
    AccountConfig,
    Channel,
    Provider,
    Receipt,
    ReceiptKind,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.errors import AccountInvalid
from campaigns.channels.registry import build_provider
from campaigns.channels.sms.gsm import TooManyParts, encode
from campaigns.channels.sms.segments import measure
from tests.campaigns.channels.contract import API_SECRET, ProviderContract, until
from tests.campaigns.channels.scripted import FAULT_DIGITS, scripted, send_to
from tests.campaigns.sandbox_process import SandboxProcess


class TestSmppContract(ProviderContract):
    channel = Channel.SMS
    error_outcome = Unavailable

    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        return AccountConfig(
            key="smpp-main",
            vendor="smpp",
            base_url=ports["smpp_url"],
            secrets={
                "system_id": "touchstone",
                "password": API_SECRET[:8],
                "lookup_secret": API_SECRET,
            },
            options={
                "key_tlv": str(0x1400),
                "lookup_url": ports["sms_lookup_url"],
                "source_address": "10690000",
            },
        )

    def content(self) -> dict[str, str]:
        return {"text": "您的对账单已出: https://example.com/r/abc", "signature": "长桥"}

    def reporting_to(self, account: AccountConfig, url: str) -> AccountConfig:
        return replace(account, options={**account.options, "receipts_url": f"{url}/smpp/"})

    def address(self, fault: str = "") -> str:
        return f"+9990000003{FAULT_DIGITS[fault]}"

    @pytest.mark.parametrize(
        ("text", "segments"),
        [
            ("`plain^{}\\[~]|€ text", 1),
            ("€" * 81, 2),
            ("市" * 70, 1),
            ("市" * 71, 2),
            ("🀄市" * 90, 5),
            ("x" * 1000, 7),
        ],
    )
    async def test_every_letter_arrives_in_as_few_segments_as_measured(
        self, provider: Provider, sandbox: SandboxProcess, text: str, segments: int
    ) -> None:
        message = replace(self.message(), content={"text": text})

        [outcome] = await provider.send([message])

        [copy] = sandbox.received(self.channel, message.key)
        assert copy["text"] == text
        assert isinstance(outcome, Accepted)
        assert outcome.segments == segments == measure(text).segments

    async def test_a_wrong_password_is_the_accounts_fault(self, account: AccountConfig) -> None:
        wrong = replace(account, secrets={**account.secrets, "password": "wrong"})

        outcome = await send_to(wrong, self.address(), self.content())

        assert isinstance(outcome, Unavailable)
        assert outcome.code == "unauthorised"

    async def test_a_broken_bind_is_opened_anew_for_the_next_message(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        [first] = await provider.send([self.message("reset_before")])
        [second] = await provider.send([self.message()])

        assert isinstance(first, Unknown)
        assert isinstance(second, Accepted)

    async def test_many_messages_are_outstanding_at_once(self, provider: Provider) -> None:
        batch = [self.message("slow") for _ in range(20)]
        started = time.monotonic()

        outcomes = await provider.send(batch)

        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert time.monotonic() - started < 4

    async def test_a_text_beyond_255_parts_is_refused(self, provider: Provider) -> None:
        [outcome] = await provider.send([replace(self.message(), content={"text": "市" * 17_200})])

        assert isinstance(outcome, Refused)
        assert outcome.code == "content_invalid"

    async def test_reports_and_replies_on_the_bind_reach_the_receipts_door_signed(
        self, account: AccountConfig, sandbox: SandboxProcess
    ) -> None:
        posts: list[tuple[dict[str, str], bytes]] = []

        async def take(request: web.Request) -> web.Response:
            posts.append((dict(request.headers), await request.read()))
            # The first post is not taken: the message centre must bring it again.
            return web.Response(status=503 if len(posts) == 1 else 200)

        def receipts() -> list[Receipt]:
            return [
                receipt
                for headers, body in posts
                for receipt in provider.read_receipts(headers, body, datetime.now(UTC))
            ]

        def delivered() -> set[str | None]:
            return {r.provider_id for r in receipts() if r.kind is ReceiptKind.DELIVERED}

        def stops() -> set[str]:
            return {r.address for r in receipts() if r.kind is ReceiptKind.UNSUBSCRIBED}

        async with scripted(take) as url:
            options = {**account.options, "receipts_url": f"{url}/hooks/smpp-main/"}
            provider = build_provider(replace(account, options=options))
            [outcome] = await provider.send([self.message()])
            await asyncio.to_thread(
                sandbox.post, "/smpp/reply", {"from": "+8613800000000", "text": "ＴＤ"}
            )
            assert isinstance(outcome, Accepted)
            known_as = outcome.provider_id
            await until(lambda: bool(stops()) and known_as in delivered())
            await provider.aclose()

        assert known_as in delivered()
        assert stops() == {"+8613800000000"}


@given(st.text(max_size=400), st.integers(0, 255))
def test_parts_are_as_many_as_measured_and_never_too_long(text: str, reference: int) -> None:
    encoded = encode(text, reference=reference)

    assert len(encoded.parts) == measure(text).segments
    most = 160 if encoded.data_coding == 0 else 140
    assert all(len(part) <= most for part in encoded.parts)


def test_no_part_begins_in_the_middle_of_a_letter() -> None:
    encoded = encode("x" + "€" * 200, reference=7)

    assert all(
        part[6:].count(b"\x1b") * 2 in (len(part) - 6, len(part) - 7) for part in encoded.parts
    )


def test_a_text_that_needs_256_parts_is_refused() -> None:
    assert len(encode("a" * 153 * 255, reference=0).parts) == 255
    with pytest.raises(TooManyParts):
        encode("a" * (153 * 255 + 1), reference=0)


@pytest.mark.parametrize(
    "url", ["", "smpp://", "smpp://host", "http://host:1", "smpp://h:x", "smpp://[::1"]
)
def test_a_url_that_names_no_message_centre_is_one_clear_error(url: str) -> None:
    config = AccountConfig(
        key="s", vendor="smpp", base_url=url, secrets={"system_id": "a", "password": "b"}
    )

    with pytest.raises(AccountInvalid):
        build_provider(config)


def test_the_secret_for_the_door_must_be_there_when_reports_are_wanted() -> None:
    config = AccountConfig(
        key="s",
        vendor="smpp",
        base_url="smpp://127.0.0.1:2775",
        secrets={"system_id": "a", "password": "b"},
        options={"receipts_url": "https://example.com/hooks/s/"},
    )

    with pytest.raises(AccountInvalid, match="receipt_secret"):
        build_provider(config)
