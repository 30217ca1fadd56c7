"""Apple's push service against the sandbox, over real HTTP/2."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import RequestReceived, StreamEnded

from campaigns.channels.base import (
    ACCOUNT_FAULTS,
    Accepted,
    AccountConfig,
    Channel,
    Outcome,
    Outgoing,
    Provider,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.errors import AccountInvalid, LookupUnavailable
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.contract import API_SECRET, ProviderContract
from tests.campaigns.channels.scripted import send_to
from tests.campaigns.sandbox_process import SandboxProcess


class TestApnsContract(ProviderContract):
    channel = Channel.PUSH

    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        given = sandbox.get("/apns-key.json")
        return AccountConfig(
            key="apns-main",
            vendor="apns",
            base_url=ports["apns_url"],
            secrets={"auth_key": given.pop("auth_key"), "lookup_secret": API_SECRET},
            options={**given, "lookup_url": ports["push_lookup_url"]},
        )

    def content(self) -> dict[str, str]:
        return {"title": "对账单", "body": "It is ready", "url": "https://example.com/r/abc"}

    def address(self, fault: str = "") -> str:
        return f"fault-{fault}-2" if fault else "0a1b2c3d"

    def provider_id(self, message: Outgoing, copy: Mapping[str, str]) -> str:
        """Return the id Apple was given."""
        return str(uuid.UUID(message.key))

    async def test_five_hundred_messages_share_one_connection(self, provider: Provider) -> None:
        outcomes = await provider.send([self.message() for _ in range(500)])

        assert all(isinstance(outcome, Accepted) for outcome in outcomes)

    @pytest.mark.parametrize(("name", "value"), [("key_id", "OTHER"), ("topic", "com.other")])
    async def test_a_wrong_key_id_or_topic_is_the_accounts_fault(
        self, account: AccountConfig, name: str, value: str
    ) -> None:
        wrong = replace(account, options={**account.options, name: value})

        outcome = await send_to(wrong, self.address(), self.content())

        assert isinstance(outcome, Unavailable)
        assert outcome.code in ACCOUNT_FAULTS

    async def test_too_many_messages_to_one_device_are_no_trouble_of_the_accounts(
        self, provider: Provider
    ) -> None:
        [outcome] = await provider.send([self.message("throttle")])

        assert isinstance(outcome, Unavailable)
        assert outcome.is_recipients
        assert outcome.retry_after

    async def test_an_unregistered_device_is_refused_for_ever(self, provider: Provider) -> None:
        [outcome] = await provider.send([self.message("refuse")])

        assert isinstance(outcome, Refused)
        assert outcome.code == "Unregistered"

    async def test_a_payload_beyond_4096_bytes_is_refused(self, provider: Provider) -> None:
        long = replace(self.message(), content={"title": "t", "body": "x" * 4096})

        [outcome] = await provider.send([long])

        assert isinstance(outcome, Refused)
        assert outcome.code == "content_too_long"

    async def test_without_a_relay_there_is_no_lookup(self, account: AccountConfig) -> None:
        options = {k: v for k, v in account.options.items() if k != "lookup_url"}
        provider = build_provider(replace(account, options=options))

        assert not provider.limits.can_find
        with pytest.raises(LookupUnavailable):
            await provider.find(["0" * 32])

    @pytest.mark.parametrize("pem", ["", "no", "-----BEGIN PRIVATE KEY-----\n-----END"])
    def test_a_damaged_key_is_one_clear_error(self, account: AccountConfig, pem: str) -> None:
        with pytest.raises(AccountInvalid):
            build_provider(replace(account, secrets={"auth_key": pem}))

    def test_plain_http_is_for_loopback_only(self, account: AccountConfig) -> None:
        with pytest.raises(AccountInvalid, match="https"):
            build_provider(replace(account, base_url="http://api.push.apple.com"))

    @pytest.mark.parametrize(
        ("act", "kind"),
        [
            pytest.param(
                lambda engine, stream: engine.reset_stream(stream, ErrorCodes.REFUSED_STREAM),
                Unavailable,
                id="refused-stream",
            ),
            pytest.param(
                lambda engine, stream: engine.reset_stream(stream, ErrorCodes.INTERNAL_ERROR),
                Unknown,
                id="reset-stream",
            ),
            pytest.param(
                lambda engine, _stream: engine.close_connection(last_stream_id=0),
                Unavailable,
                id="goaway-before-it",
            ),
            pytest.param(
                lambda engine, stream: engine.close_connection(last_stream_id=stream),
                Unknown,
                id="goaway-after-it",
            ),
        ],
    )
    async def test_what_http2_proves_about_a_request_decides(
        self,
        account: AccountConfig,
        act: Callable[[H2Connection, int], None],
        kind: type[Unavailable | Unknown],
    ) -> None:
        outcome, _ = await sent_where(account, act, "0" * 32, self.content())

        assert isinstance(outcome, kind)

    async def test_a_second_attempt_replaces_the_first_on_the_phone(
        self, account: AccountConfig
    ) -> None:
        """Whoever is sent it again because nobody knew sees one notification."""

        def lose(engine: H2Connection, stream: int) -> None:
            engine.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)

        key = uuid.uuid4().hex
        tries = [await sent_where(account, lose, key, self.content()) for _ in range(2)]
        _, other = await sent_where(account, lose, uuid.uuid4().hex, self.content())

        assert [headers["apns-collapse-id"] for _, headers in tries] == [str(uuid.UUID(key))] * 2
        assert other["apns-collapse-id"] != str(uuid.UUID(key))


async def sent_where(
    account: AccountConfig,
    act: Callable[[H2Connection, int], None],
    key: str,
    content: Mapping[str, str],
) -> tuple[Outcome, Mapping[str, str]]:
    """What became of a message to a server that acts so, and the headers it saw."""
    seen: dict[str, str] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        engine = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        engine.initiate_connection()
        writer.write(engine.data_to_send())
        stream = 0
        while data := await reader.read(65_536):
            for event in engine.receive_data(data):
                if isinstance(event, RequestReceived):
                    stream = event.stream_id or 0
                    seen.update((str(name), str(value)) for name, value in event.headers or ())
                if isinstance(event, StreamEnded):
                    act(engine, stream)
            writer.write(engine.data_to_send())
            if engine.state_machine.state.name == "CLOSED":
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    provider = build_provider(replace(account, base_url=f"http://127.0.0.1:{port}"))
    message = Outgoing(key=key, address="0a", content=content)
    [outcome] = await asyncio.wait_for(provider.send([message]), 5)
    await provider.aclose()
    server.close()
    return outcome, seen
