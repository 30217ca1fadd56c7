"""`smtp`: any relay, over a few kept connections."""

import re
from typing import Final
from urllib.parse import urlsplit

from campaigns.channels import accounts
from campaigns.channels.base import (
    Accepted,
    AccountConfig,
    Channel,
    Limits,
    Outcome,
    Outgoing,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.email.dkim import Signer, read_signer
from campaigns.channels.email.mime import Unmailable, read_address, render, sender_address
from campaigns.channels.email.smtp_codes import is_too_long, mailbox_wait, meaning_of
from campaigns.channels.email.wire import Connection, Declined, Relay, Reply, Tls
from campaigns.channels.errors import (
    AccountInvalid,
    RequestLost,
    RequestUnsent,
)
from campaigns.channels.http import Http
from campaigns.channels.lookup import build_lookup
from campaigns.channels.meanings import judge_code
from campaigns.channels.receipts import is_for_good
from campaigns.channels.remote import OneByOne, Wiring
from compliance.sentences import Sentence

# Postfix, Exim and many others put the queue id there.
_NOT_SMTP: Final = Sentence(
    code="account_invalid",
    en="Account “{account}”: the base URL must be smtp://host:port or smtps://host:port.",
    zh="账号“{account}”：基础地址必须是 smtp://主机:端口 或 smtps://主机:端口。",
)
_NOT_A_HOST: Final = Sentence(
    code="account_invalid",
    en="Account “{account}”: the option “hello” must be a host name.",
    zh="账号“{account}”：选项“hello”必须是主机名。",
)
_NEEDS_TLS: Final = Sentence(
    code="account_invalid",
    en="Account “{account}”: the option “tls” must be starttls; none is for loopback only.",
    zh="账号“{account}”：选项“tls”必须是 starttls；none 仅可用于本机。",
)
_NOT_A_MAILBOX: Final = Sentence(
    code="account_invalid",
    en="Account “{account}”: the option “envelope_from” is not a mailbox.",
    zh="账号“{account}”：选项“envelope_from”不是有效的邮箱地址。",
)
_QUEUED = re.compile(r"queued as ([!-~]{1,100})", re.IGNORECASE)
# RFC 4954 §6 and, of an account switched off, RFC 5248: at whatever stage it is told.
_NO_LOGIN = frozenset({525, 530, 534, 535, 538})
# Stages at which a relay may speak of the addressee; `message` is after the final dot.
_OF_ADDRESSEE = frozenset({"RCPT", "DATA", "message"})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Smtp(OneByOne):
    """One relay account.  Options and secrets are listed in `build`."""

    name = "smtp"
    channel = Channel.EMAIL

    def __init__(
        self, config: AccountConfig, wiring: Wiring, *, relay: Relay, signer: Signer | None
    ) -> None:
        super().__init__(config, wiring)
        self._relay = relay
        self._signer = signer
        self._envelope_from = config.options.get("envelope_from", "")
        self._idle: list[Connection] = []

    async def aclose(self) -> None:
        """Close kept connections."""
        while self._idle:
            await self._idle.pop().close()
        await super().aclose()

    async def _send_one(self, message: Outgoing) -> Outcome:
        key = message.key
        try:
            recipient = read_address(message.address)
            author = sender_address(message.content)
            data = render(message)
            if self._signer is not None:
                data = self._signer.sign(data)
            reply = await self._deliver(self._envelope_from or author, recipient, data)
        except Unmailable as error:
            return Refused(key=key, code=error.code, message=str(error))
        except Declined as error:
            return _judge(key, error)
        except RequestUnsent as error:
            return Unavailable(key=key, code=error.code, message=error.message)
        except RequestLost as error:
            return Unknown(key=key, code=error.code, message=error.message)
        queued = _QUEUED.search(reply.text)
        # Without a queue id the Message-ID is what a relay's reports name.
        message_id = f"{key}@{author.rpartition('@')[2]}"
        return Accepted(key=key, provider_id=queued[1] if queued else message_id)

    async def _deliver(self, sender: str, recipient: str, data: bytes) -> Reply:
        """Send on a kept connection; if that one proves dead, once more on a new one."""
        kept = self._take_idle()
        if kept is not None:
            try:
                return await self._send_on(kept, sender, recipient, data)
            except RequestUnsent:
                # The relay closed it while idle: nothing of the message was taken.
                kept.abort()
        return await self._send_on(await Connection.open(self._relay), sender, recipient, data)

    async def _send_on(
        self, connection: Connection, sender: str, recipient: str, data: bytes
    ) -> Reply:
        try:
            return await connection.send(
                sender=sender, recipient=recipient, data=data, within=self._relay.deadline
            )
        finally:
            if connection.usable:
                self._idle.append(connection)

    def _take_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
            connection.abort()
        return None


def build(config: AccountConfig) -> Smtp:
    """Build a provider from `smtp://host:port` or `smtps://host:port`.

    secrets: `username` and `password`; `dkim_private_key` (PEM, RSA or
    Ed25519) with `dkim_domain` and `dkim_selector`; `lookup_secret` with
    `lookup_url`; `receipt_secret`, `receipt_secret_previous`.
    options: `tls` (`starttls`; `none` only on loopback; smtps:// is `implicit`),
    `hello` (localhost), `envelope_from` (the address of `from`), `lookup_url`,
    `dkim_domain`, `dkim_selector`, `connections` (4), `deadline_seconds` (30),
    `settle_seconds` (300), `honours_key` (false).
    """
    connections = accounts.whole_option(config, "connections", 4, least=1, most=50)
    limits = Limits(
        batch_max=500,
        concurrency=connections,
        honours_key=accounts.flag_option(config, "honours_key"),
        can_find=bool(config.options.get("lookup_url")),
        settle=accounts.seconds_option(config, "settle_seconds", 300),
    )
    deadline = accounts.seconds_option(config, "deadline_seconds", 30)
    http = Http(concurrency=2, deadline=deadline)
    relay = _read_relay(config)
    if sender := config.options.get("envelope_from"):
        _check_sender(config, sender)
    signer = _read_signer(config)
    wiring = Wiring(limits=limits, http=http, lookup=build_lookup(config, http))
    return Smtp(config, wiring, relay=relay, signer=signer)


def _read_signer(config: AccountConfig) -> Signer | None:
    """Return a signer when the account names a DKIM domain."""
    domain = config.options.get("dkim_domain")
    if not domain:
        return None
    return read_signer(
        domain=domain,
        selector=accounts.option(config, "dkim_selector"),
        pem=accounts.secret(config, "dkim_private_key"),
    )


def _read_relay(config: AccountConfig) -> Relay:
    if not accounts.is_url(config.base_url, ("smtp", "smtps")):
        raise AccountInvalid(_NOT_SMTP, account=config.key)
    parts = urlsplit(config.base_url)
    host, port = parts.hostname, parts.port
    if not host or not port:
        raise AccountInvalid(_NOT_SMTP, account=config.key)
    hello = accounts.option(config, "hello", "localhost")
    username = config.secrets.get("username", "")
    if not (hello.isascii() and hello.isprintable() and " " not in hello):
        raise AccountInvalid(_NOT_A_HOST, account=config.key)
    return Relay(
        host=host,
        port=port,
        tls=_read_tls(config, implicit=parts.scheme == "smtps", host=host),
        hello=hello,
        username=username,
        password=accounts.secret(config, "password") if username else "",
        deadline=accounts.seconds_option(config, "deadline_seconds", 30),
    )


def _read_tls(config: AccountConfig, *, implicit: bool, host: str) -> Tls:
    if implicit:
        return Tls.IMPLICIT
    text = accounts.option(config, "tls", Tls.NONE if host in _LOOPBACK else Tls.STARTTLS)
    if text == Tls.STARTTLS:
        return Tls.STARTTLS
    if text == Tls.NONE and host in _LOOPBACK:
        return Tls.NONE
    raise AccountInvalid(_NEEDS_TLS, account=config.key)


def _check_sender(config: AccountConfig, sender: str) -> None:
    try:
        read_address(sender)
    except Unmailable as error:
        raise AccountInvalid(_NOT_A_MAILBOX, account=config.key) from error


def _judge(key: str, error: Declined) -> Outcome:
    """Judge the relay's own word: 4xx may pass later, 5xx never (RFC 5321 §4.2.1)."""
    code, told = f"smtp_{error.reply.code}", error.reply.text[:200]
    if error.reply.code < 500:
        wait = mailbox_wait(told) if error.stage in _OF_ADDRESSEE else None
        return Unavailable(
            key=key, code=code, message=told, retry_after=wait, is_recipients=wait is not None
        )
    if error.reply.code in _NO_LOGIN:
        return Unavailable(key=key, code="unauthorised", message=told)
    if error.stage == "MAIL" and not is_too_long(error.reply.code, error.reply.text):
        # The sender is refused, not the message: every other would meet the same.
        return Unavailable(key=key, code="sender_refused", message=told)
    is_dead = error.stage == "RCPT" and is_for_good(told)
    if not is_dead and (meaning := meaning_of(error.reply.text)):
        return judge_code(key=key, code=code, message=told, table={code: meaning})
    return Refused(key=key, code=code, message=told, is_address_dead=is_dead)
