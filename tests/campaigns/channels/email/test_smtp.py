"""SMTP against the sandbox, and against relays that misbehave in other ways."""

import asyncio
import ssl
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from campaigns.channels.base import (
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
from campaigns.channels.email.wire import Connection, Relay, Tls
from campaigns.channels.errors import AccountInvalid, RequestUnsent
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.certificates import self_signed
from tests.campaigns.channels.contract import API_SECRET, ProviderContract
from tests.campaigns.sandbox_process import SandboxProcess

SOON, HOUR, LONG = timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6)
SENDER, NO_LEAVE, OUT = "sender_refused", "unauthorised", "out_of_service"


class TestSmtpContract(ProviderContract):
    channel = Channel.EMAIL
    error_outcome = Unavailable  # 451 says in so many words that it was not taken

    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        return AccountConfig(
            key="email-main",
            vendor="smtp",
            base_url=ports["smtp_url"],
            secrets={"lookup_secret": API_SECRET},
            options={"lookup_url": ports["email_lookup_url"]},
        )

    def content(self) -> dict[str, str]:
        return {
            "subject": "Your portfolio",
            "from": "Touchstone <news@example.com>",
            "reply_to": "desk@example.com",
            "html": "<p>Hello <a href='https://example.com/r/abc?a=1&amp;b=2'>here</a></p>",
            "text": "Hello https://example.com/r/abc?a=1&b=2",
            "unsubscribe_url": "https://example.com/u/abc",
        }

    def address(self, fault: str = "") -> str:
        return f"fault-{fault}@example.com" if fault else "customer@example.com"

    async def test_what_arrives_is_what_was_written(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        text = ".\r\n..two dots\r\n.\r\nend " + "x" * 5000
        content = {**self.content(), "subject": "您的投资组合已更新 🎉" * 6, "text": text}
        message = replace(self.message(), content=content)

        await provider.send([message])

        [copy] = sandbox.received("email", message.key)
        assert copy["subject"] == content["subject"]
        assert copy["text"] == text
        assert copy["links"] == ["https://example.com/r/abc?a=1&b=2"]
        assert copy["unsubscribe_url"] == content["unsubscribe_url"]
        assert "list-unsubscribe-post" in copy["headers"]

    async def test_with_a_dkim_key_the_mail_arrives_signed(
        self, account: AccountConfig, sandbox: SandboxProcess
    ) -> None:
        key = ed25519.Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        options = {**account.options, "dkim_domain": "example.com", "dkim_selector": "s1"}
        secrets = {**account.secrets, "dkim_private_key": pem}
        provider = build_provider(replace(account, options=options, secrets=secrets))
        message = self.message()

        await provider.send([message])
        await provider.aclose()

        [copy] = sandbox.received("email", message.key)
        assert "dkim-signature" in copy["headers"]
        assert copy["subject"] == self.content()["subject"]

    async def test_the_user_name_logged_in_with_names_the_account(
        self, account: AccountConfig, sandbox: SandboxProcess
    ) -> None:
        secrets = {**account.secrets, "username": "broker-1", "password": "p"}
        provider = build_provider(replace(account, secrets=secrets))
        message = self.message()

        await provider.send([message])
        await provider.aclose()

        assert sandbox.received("email", message.key)[0]["account"] == "broker-1"

    async def test_a_relay_without_starttls_gets_nothing_when_it_is_asked_for(
        self, account: AccountConfig, sandbox: SandboxProcess
    ) -> None:
        options = {**account.options, "tls": "starttls"}
        provider = build_provider(replace(account, options=options))
        message = self.message()

        [outcome] = await provider.send([message])

        assert isinstance(outcome, Unavailable)
        assert outcome.code == "tls"
        assert sandbox.received("email", message.key) == []


@pytest.mark.parametrize(
    ("base_url", "options"),
    [
        ("http://127.0.0.1:25", {}),
        ("smtp://127.0.0.1", {}),
        ("smtp://127.0.0.1:99999", {}),
        ("smtp://[::1:25", {}),
        ("smtp://relay.example:25", {"tls": "none"}),
        ("smtp://127.0.0.1:25", {"connections": "0"}),
        ("smtp://127.0.0.1:25", {"envelope_from": "a@b\r\nDATA"}),
        ("smtp://127.0.0.1:25", {"hello": "x\r\nDATA"}),
    ],
)
def test_an_unusable_account_is_one_clear_error(base_url: str, options: dict[str, str]) -> None:
    with pytest.raises(AccountInvalid, match="Account “e”"):
        build_provider(AccountConfig(key="e", vendor="smtp", base_url=base_url, options=options))


@pytest.mark.parametrize(
    ("cut_at", "expected"),
    [("MAIL", Unavailable), ("DATA", Unavailable), ("dot", Unknown)],
)
@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_broken_connection_is_judged_by_whether_the_final_dot_had_left(
    cut_at: str, expected: type[Outcome], *, pipelining: bool
) -> None:
    async with relay(cut_at=cut_at, pipelining=pipelining) as (port, _):
        [outcome] = await send_to(f"smtp://127.0.0.1:{port}", [outgoing()])

    assert isinstance(outcome, expected)


async def test_a_kept_connection_that_the_relay_closed_is_replaced_unnoticed() -> None:
    async with relay(close_after=1) as (port, seen):
        provider = build_provider(config(f"smtp://127.0.0.1:{port}"))
        outcomes = [(await provider.send([outgoing()]))[0] for _ in range(3)]
        await provider.aclose()

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(seen) == 3


async def test_a_sender_the_relay_does_not_take_is_the_accounts_fault() -> None:
    async with relay(replies={"MAIL": "550 5.7.1 not your domain"}) as (port, seen):
        [outcome] = await send_to(f"smtp://127.0.0.1:{port}", [outgoing()])

    assert isinstance(outcome, Unavailable)
    assert outcome.code == "sender_refused"
    assert seen == []


async def test_a_relay_that_is_busy_is_tried_again_and_one_that_refuses_is_not() -> None:
    async with relay(replies={"RCPT": "450 4.2.1 greylisted"}) as (port, _):
        [busy] = await send_to(f"smtp://127.0.0.1:{port}", [outgoing()])
    async with relay(replies={"RCPT": "550 5.1.1 unknown"}) as (port, _):
        [refused] = await send_to(f"smtp://127.0.0.1:{port}", [outgoing()])

    assert isinstance(busy, Unavailable)
    assert busy.code == "smtp_450"
    assert isinstance(refused, Refused)
    assert refused.code == "smtp_550"


@pytest.mark.parametrize(
    ("stage", "said", "wait"),
    [
        ("RCPT", "450 4.2.0 <customer@example.com>: Recipient address rejected: Greylisted", SOON),
        ("RCPT", "451 4.7.1 Greylisting in action, please come back later", SOON),
        ("RCPT", "450 greylisted, see https://postgrey.example/help", SOON),
        ("dot", "451 4.7.1 Message has been graylisted", SOON),
        ("RCPT", "450 4.1.1 <customer@example.com>: unverified address", HOUR),
        ("RCPT", "450 4.2.1 receiving mail at a rate that prevents more", HOUR),
        ("RCPT", "452 4.2.2 mailbox full", LONG),
        ("dot", "452 4.2.2 The mailbox is over its quota", LONG),
        ("RCPT", "550 5.2.121 Recipient's per hour message receive limit exceeded", HOUR),
        ("RCPT", "432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded", HOUR),
    ],
)
async def test_what_a_relay_says_of_one_mailbox_for_now_is_waited_out(
    stage: str, said: str, wait: timedelta
) -> None:
    async with relay(replies={stage: said}) as (port, _):
        [outcome] = await send_to(f"smtp://127.0.0.1:{port}", [outgoing()])

    assert isinstance(outcome, Unavailable)
    assert (outcome.is_recipients, outcome.retry_after) == (True, wait)


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("MAIL", "450 4.2.0 greylisted"),
        ("RCPT", "421 4.7.0 too many connections"),
        ("RCPT", "451 4.3.0 queue file write error"),
        ("RCPT", "452 4.3.1 insufficient system storage"),
        ("RCPT", "450 4.1.8 <a@example.com>: Sender address rejected: Domain not found"),
        ("RCPT", "450 4.7.25 Client host rejected: cannot find your hostname"),
        ("dot", "451 4.7.500 Server busy"),
    ],
)
async def test_what_a_relay_says_of_itself_or_of_us_is_no_mailboxs_limit(
    stage: str, said: str
) -> None:
    async with relay(replies={stage: said}) as (port, _):
        [outcome] = await send_to(f"smtp://127.0.0.1:{port}", [outgoing()])

    assert isinstance(outcome, Unavailable)
    assert not outcome.is_recipients


@pytest.mark.parametrize(
    ("stage", "said", "is_dead"),
    [
        ("RCPT", "550 5.1.1 no such user", True),
        ("RCPT", "550 5.1.10 null MX", True),
        ("RCPT", "552 5.2.2 mailbox full", False),
        ("RCPT", "550 5.7.1 rejected by policy", False),
        ("dot", "550 5.1.1 said of the text", False),
    ],
)
async def test_a_mailbox_nobody_has_is_a_dead_address(stage: str, said: str, is_dead: bool) -> None:
    async with relay(replies={stage: said}) as (port, _):
        [outcome] = await send_to(f"smtp://127.0.0.1:{port}", [outgoing()])

    assert isinstance(outcome, Refused)
    assert outcome.is_address_dead is is_dead


@pytest.mark.parametrize(
    ("stage", "said", "meant"),
    [
        # Postfix keeps what it has against client and sender until RCPT.
        ("RCPT", "553 5.7.1 <a@example.com>: Sender address rejected: not owned by user b", SENDER),
        ("RCPT", "550 5.1.8 <a@example.com>: Sender address rejected: Domain not found", SENDER),
        ("RCPT", "550 5.1.0 <a@example.com>: Sender address rejected: User unknown", SENDER),
        ("RCPT", "554 5.7.1 <customer@example.com>: Relay access denied", NO_LEAVE),
        (
            "RCPT",
            "554 <customer@example.com>: Recipient address rejected: Relay access denied",
            NO_LEAVE,
        ),
        ("RCPT", "550 5.7.1 <customer@example.com>... Relaying denied", NO_LEAVE),
        ("RCPT", "550 relay not permitted", NO_LEAVE),
        ("RCPT", "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied", NO_LEAVE),
        ("DATA", "525 5.7.13 user account disabled", NO_LEAVE),
        ("dot", "550 5.7.60 SMTP; Client does not have permissions to send as this sender", SENDER),
        ("dot", "550 5.7.26 This mail is unauthenticated", SENDER),
        ("dot", "554 Message rejected: Email address is not verified.", SENDER),
        ("dot", "554 Message rejected: Sending paused for this account.", OUT),
        ("dot", "550 5.4.5 Daily SMTP relay sending limit exceeded for user.", OUT),
        ("RCPT", "550 Daily user sending limit exceeded", OUT),
        ("dot", "554 5.7.708 Access denied, traffic not accepted from this IP", OUT),
        ("RCPT", "550 5.1.90 Your message can't be sent because of the daily limit", OUT),
        # Exchange Online, of the address we send from, of our domain and of our tenant.
        ("RCPT", "550 5.7.606 Access denied, banned sending IP [192.0.2.1]", OUT),
        ("RCPT", "550 5.7.649 Access denied, banned sending IP [192.0.2.1]", OUT),
        ("RCPT", "550 5.7.511 Access denied, banned sender[192.0.2.1]", OUT),
        ("RCPT", "550 5.7.506 Access Denied, Bad HELO", OUT),
        ("RCPT", "550 5.7.508 Access denied, [192.0.2.1] has exceeded permitted limits", OUT),
        ("dot", "550 5.7.509 Access denied, sending domain does not pass DMARC", SENDER),
        ("dot", "550 5.7.515 Access denied, sending domain does not meet the level", SENDER),
        ("RCPT", "550 5.7.64 TenantAttribution; Relay Access Denied SMTP", NO_LEAVE),
        ("RCPT", "550 5.3.2 not accepting messages", "smtp_550"),
        ("RCPT", "550 Ip frequency limited", "smtp_550"),
    ],
)
async def test_what_a_relay_says_of_us_burns_no_message(stage: str, said: str, meant: str) -> None:
    async with relay(replies={stage: said}) as (port, _):
        [outcome] = await send_to(f"smtp://127.0.0.1:{port}", [outgoing()])

    assert isinstance(outcome, Unavailable)
    assert outcome.code == meant
    assert said.partition(" ")[2][:60] in outcome.message


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("MAIL", "552 5.3.4 Message size exceeds fixed limit"),
        ("MAIL", "550 5.3.4 too big"),
        ("RCPT", "554 5.7.1 <customer@example.com>: Recipient address rejected: Access denied"),
        ("RCPT", "550 5.7.1 rejected: our users relay their mail through another provider"),
        ("RCPT", "550 5.2.1 mailbox disabled, relaying denied by its owner"),
        ("dot", "554 5.7.1 Message rejected: it looks like spam"),
        # Exchange says so of whom it is addressed to.
        ("RCPT", "550 5.7.13 STOREDRV.Deliver.Exception:AccountDisabledException"),
        ("dot", "550 5.7.260 nobody knows"),
        ("RCPT", "550 5.7.504 Recipient address rejected: Access denied"),
        ("RCPT", "550 5.7.124 Sender not in allowed-senders list"),
        ("dot", "550 5.7.703 messages to c are blocked by your organization"),
        ("dot", "550 5.7.650 nobody knows"),
        ("RCPT", "550 5.7.1 said by host 5.7.26"),
    ],
)
async def test_what_a_relay_says_of_one_message_stops_nobody_else(stage: str, said: str) -> None:
    async with relay(replies={stage: said}) as (port, _):
        [outcome] = await send_to(f"smtp://127.0.0.1:{port}", [outgoing()])

    assert isinstance(outcome, Refused)
    assert not outcome.is_address_dead


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
async def test_a_relay_that_wants_a_login_is_the_accounts_fault(stage: str) -> None:
    async with relay(replies={stage: "530 5.7.0 authentication required"}) as (port, _):
        [outcome] = await send_to(f"smtp://127.0.0.1:{port}", [outgoing()])

    assert isinstance(outcome, Unavailable)
    assert outcome.code == "unauthorised"


@pytest.mark.parametrize("pipelining", [True, False])
async def test_no_text_is_written_where_the_relay_did_not_ask_for_it(pipelining: bool) -> None:
    async with relay(replies={"DATA": "250 ok"}, pipelining=pipelining) as (port, seen):
        [outcome] = await send_to(f"smtp://127.0.0.1:{port}", [outgoing()])

    assert isinstance(outcome, Unavailable)
    assert seen == []


async def test_an_answer_to_the_text_that_is_no_verdict_is_unknown() -> None:
    async with relay(replies={"dot": "354 go on"}) as (port, _):
        [outcome] = await send_to(f"smtp://127.0.0.1:{port}", [outgoing()])

    assert isinstance(outcome, Unknown)


async def test_a_certificate_nobody_vouches_for_gets_no_message(tmp_path: Path) -> None:
    async with relay(tls=self_signed(tmp_path)) as (port, seen):
        [outcome] = await send_to(f"smtps://127.0.0.1:{port}", [outgoing()])

    assert isinstance(outcome, Unavailable)
    assert outcome.code == "tls"
    assert seen == []


@pytest.mark.parametrize(
    ("early", "is_opened"), [(b"", True), (b"250 relay\r\n250 ok\r\n354 go\r\n250 ok\r\n", False)]
)
async def test_replies_put_in_before_tls_begins_are_not_taken_for_the_relays(
    tmp_path: Path, early: bytes, is_opened: bool
) -> None:
    protected: list[bytes] = []
    context = self_signed(tmp_path)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay\r\n")
        await reader.readline()
        writer.write(b"250-relay\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go\r\n" + early)
        with suppress(OSError, ssl.SSLError):
            await writer.start_tls(context)
            protected.append(await reader.readline())
            writer.write(b"250 relay\r\n")
        writer.close()

    trusting = ssl.create_default_context(cafile=str(tmp_path / "relay.pem"))
    trusting.check_hostname = False
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        there = Relay(
            host="127.0.0.1",
            port=server.sockets[0].getsockname()[1],
            tls=Tls.STARTTLS,
            hello="crm.example",
            tls_context=trusting,
        )
        try:
            await (await Connection.open(there)).close()
            code = ""
        except RequestUnsent as error:
            code = error.code

    assert (code, protected) == (("", [b"EHLO crm.example\r\n"]) if is_opened else ("tls", []))


def outgoing() -> Outgoing:
    return Outgoing(
        key=uuid.uuid4().hex,
        address="customer@example.com",
        content={"subject": "s", "from": "a@example.com", "html": "<p>h</p>", "text": "t"},
    )


def config(url: str) -> AccountConfig:
    return AccountConfig(
        key="e", vendor="smtp", base_url=url, options={"deadline_seconds": "5", "connections": "1"}
    )


async def send_to(url: str, batch: list[Outgoing]) -> list[Outcome]:
    provider = build_provider(config(url))
    outcomes = await provider.send(batch)
    await provider.aclose()
    return outcomes


@asynccontextmanager
async def relay(
    *,
    cut_at: str = "",
    pipelining: bool = True,
    replies: Mapping[str, str] | None = None,
    close_after: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[tuple[int, list[str]]]:
    """A relay that cuts the connection at a command, or answers one as told."""
    seen: list[str] = []
    told = {"MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", "RSET": "250 ok", "dot": "250 ok"}
    told |= replies or {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay\r\n")
        taken = 0
        while line := (await reader.readline()).decode():
            verb = line[:4].strip().upper()
            if verb == cut_at:
                break
            if verb == "EHLO":
                writer.write(b"250-relay\r\n250-PIPELINING\r\n" if pipelining else b"")
                writer.write(b"250 HELP\r\n")
            elif verb == "DATA" and not told["RCPT"].startswith("250"):
                writer.write(b"503 no recipient\r\n")
            elif verb == "DATA" and not told["MAIL"].startswith("250"):
                writer.write(b"503 no sender\r\n")
            elif verb == "DATA" and not told["DATA"].startswith("354"):
                writer.write(told["DATA"].encode() + b"\r\n")
            elif verb == "DATA":
                writer.write(b"354 go\r\n")
                text = await reader.readuntil(b"\r\n.\r\n")
                if cut_at == "dot":
                    break
                seen.append(text.decode())
                taken += 1
                writer.write(told["dot"].encode() + b"\r\n")
                if taken == close_after:
                    break
            else:
                writer.write(told.get(verb, "250 ok").encode() + b"\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    yield server.sockets[0].getsockname()[1], seen
    server.close()
