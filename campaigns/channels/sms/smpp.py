"""`smpp`: any message centre that speaks SMPP 3.4, over one kept transceiver bind.

Delivery reports and replies come back on the bind, not over HTTP.  They are
passed on to `receipts_url`, our own receipts door, signed with the account's
`receipt_secret`; only when the door has taken one is it acknowledged, so that
the message centre keeps what we could not.  `listen` holds the bind open while
nothing is sent.
"""

import asyncio
import re
import struct
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import orjson
from smpplib.command import Command  # type: ignore[import-untyped]  # no annotations

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
from campaigns.channels.errors import AccountInvalid, RequestLost, RequestUnsent
from campaigns.channels.http import Http
from campaigns.channels.lookup import build_lookup
from campaigns.channels.meanings import Meaning, judge_code
from campaigns.channels.receipts import (
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    sign,
)
from campaigns.channels.remote import OneByOne, Wiring
from campaigns.channels.sms.gsm import TooManyParts, encode
from campaigns.channels.sms.numbers import is_e164
from campaigns.channels.sms.segments import full_text
from campaigns.channels.sms.smpp_bind import Bind, BindDeclined, Declined, Line
from campaigns.channels.sms.smpp_codes import BIND_MEANINGS, MEANINGS
from campaigns.channels.sms.smpp_reports import (
    ID_BASES,
    SAME_IDS,
    as_receipts,
    ascii_text,
    one_spelling,
)
from compliance.sentences import Sentence

_NOT_SMPP: Final = Sentence(
    code="account_invalid",
    en="Account “{account}”: the base URL must be smpp://host:port or smpps://host:port.",
    zh="账号“{account}”：基础地址必须是 smpp://主机:端口 或 smpps://主机:端口。",
)
_NOT_ASCII: Final = Sentence(
    code="account_invalid",
    en="Account “{account}”: “{name}” must be at most {most} characters of ASCII.",
    zh="账号“{account}”：“{name}”最多 {most} 个字符，且只能使用 ASCII 字符。",
)
_INTERNATIONAL, _ISDN, _ALPHANUMERIC = 1, 1, 5
_UDHI = 0x40
# The longest that SMPP 3.4 §4.1 and §4.4 have room for; of a password 8 characters count.
_ROOM: Final = {"system_id": 15, "password": 64, "system_type": 12, "source_address": 20}
_KEY = re.compile(r"[0-9a-f]{32}")


class Smpp(OneByOne):
    """One bind.  Options and secrets are listed in `build`."""

    name = "smpp"
    channel = Channel.SMS

    def __init__(self, config: AccountConfig, wiring: Wiring, *, line: Line) -> None:
        super().__init__(config, wiring)
        self._line = line
        self._source = accounts.option(config, "source_address", "")
        self._key_tag = accounts.whole_option(config, "key_tlv", 0, least=0, most=0x3FFF)
        known = (SAME_IDS, *ID_BASES)
        self._report_ids = accounts.choice_option(config, "report_ids", known, SAME_IDS)
        self._receipts_url = config.options.get("receipts_url", "")
        self._bind: Bind | None = None
        self._opening = asyncio.Lock()

    async def listen(self) -> None:
        """Bind, so that reports and replies come in while nothing is sent."""
        if not self._receipts_url:
            return
        try:
            await self._bound()
        except Declined as error:
            raise RequestUnsent(str(error), code=error.code) from error

    async def aclose(self) -> None:
        """Unbind and close."""
        if self._bind is not None:
            await self._bind.close()
            self._bind = None
        await super().aclose()

    async def _send_one(self, message: Outgoing) -> Outcome:
        key = message.key
        if not is_e164(message.address):
            return Refused(key=key, code="address_invalid", message="the number is not E.164")
        try:
            return await self._submit(message)
        except TooManyParts as error:
            return Refused(key=key, code="content_invalid", message=str(error))
        except BindDeclined as error:
            return judge_code(
                key=key,
                code=error.code,
                message=str(error),
                table=BIND_MEANINGS,
                default=Meaning.RETRY,
            )
        except Declined as error:
            return judge_code(key=key, code=error.code, message=str(error), table=MEANINGS)
        except RequestUnsent as error:
            return Unavailable(key=key, code=error.code, message=error.message)
        except RequestLost as error:
            return Unknown(key=key, code=error.code, message=error.message)

    async def _submit(self, message: Outgoing) -> Outcome:
        # From the key, so that a repeated attempt joins the same parts.
        reference = int(message.key[:2], 16) if _KEY.fullmatch(message.key) else 0
        encoded = encode(full_text(message.content), reference=reference)
        bind = await self._bound()
        provider_id = ""
        for place, part in enumerate(encoded.parts, start=1):
            pdu, sequence = self._pdu(
                bind,
                message,
                part,
                data_coding=encoded.data_coding,
                parts=len(encoded.parts),
                is_last=place == len(encoded.parts),
            )
            try:
                answer = await bind.ask(pdu, sequence)
            except (Declined, RequestUnsent) as error:
                if place == 1:
                    raise
                # The phone waits for the rest of what it has: neither sent nor unsent.
                raise RequestLost(f"part {place} failed: {error}", code="partial") from error
            provider_id = ascii_text(getattr(answer, "message_id", None))
        if not provider_id:
            return Unknown(key=message.key, code="bad_answer", message="no message_id")
        known_as = one_spelling(provider_id, self._report_ids, is_report=False)
        return Accepted(key=message.key, provider_id=known_as, segments=len(encoded.parts))

    def _pdu(
        self,
        bind: Bind,
        message: Outgoing,
        part: bytes,
        *,
        data_coding: int,
        parts: int,
        is_last: bool,
    ) -> tuple[bytes, int]:
        alphanumeric = not self._source.removeprefix("+").isdigit()
        request = bind.made(
            "submit_sm",
            source_addr_ton=_ALPHANUMERIC if alphanumeric else _INTERNATIONAL,
            source_addr_npi=0 if alphanumeric else _ISDN,
            source_addr=self._source.removeprefix("+"),
            dest_addr_ton=_INTERNATIONAL,
            dest_addr_npi=_ISDN,
            destination_addr=message.address.removeprefix("+"),
            esm_class=_UDHI if parts > 1 else 0,
            # One report for the whole message: that of its last part.
            registered_delivery=1 if is_last else 0,
            data_coding=data_coding,
            short_message=part,
        )
        raw = request.generate()
        if self._key_tag:
            value = message.key.encode("ascii", "replace")
            raw += struct.pack(">HH", self._key_tag, len(value)) + value
            raw = struct.pack(">L", len(raw)) + raw[4:]
        return raw, request.sequence

    async def _bound(self) -> Bind:
        async with self._opening:
            if self._bind is None or not self._bind.usable:
                self._bind = await Bind.open(self._line, take=self._pass_on)
            return self._bind

    async def _pass_on(self, pdu: Command) -> bool:
        """Post one report or reply to the receipts door; true once the door has taken it."""
        if not self._receipts_url:
            return False
        body = orjson.dumps(as_receipts(pdu, datetime.now(UTC), self._report_ids))
        stamp = int(datetime.now(UTC).timestamp())
        secret = accounts.secret(self._config, "receipt_secret")
        headers = {
            "Content-Type": "application/json",
            TIMESTAMP_HEADER: str(stamp),
            SIGNATURE_HEADER: sign(secret=secret, timestamp=stamp, body=body),
        }
        try:
            answer = await self._http.post(url=self._receipts_url, body=body, headers=headers)
        except (RequestUnsent, RequestLost):
            return False
        return answer.status // 100 == 2


def build(config: AccountConfig) -> Smpp:
    """Build a provider from `smpp://host:port` or `smpps://host:port`.

    secrets: `system_id`, `password`; `receipt_secret` with `receipts_url`;
    `lookup_secret` with `lookup_url`.
    options: `source_address` (the number or sender name), `system_type`,
    `receipts_url` (this account's receipts door), `report_ids` (`same`; in
    reports `decimal` or `hex`, where answers hold the other), `key_tlv` (the
    tag under which a relay takes the key; 0 is none), `lookup_url`, `window`
    (50), `deadline_seconds` (10), `settle_seconds` (300).
    """
    window = accounts.whole_option(config, "window", 50, least=1, most=1000)
    deadline = accounts.seconds_option(config, "deadline_seconds", 10)
    if not accounts.is_url(config.base_url, ("smpp", "smpps")):
        raise AccountInvalid(_NOT_SMPP, account=config.key)
    parts = urlsplit(config.base_url)
    host, port = parts.hostname, parts.port
    if not host or not port:
        raise AccountInvalid(_NOT_SMPP, account=config.key)
    if config.options.get("receipts_url"):
        accounts.http_url(config, config.options["receipts_url"])
        accounts.secret(config, "receipt_secret")
    for name, most in _ROOM.items():
        value = config.secrets.get(name) or config.options.get(name, "")
        if not (value.isascii() and value.isprintable()) or len(value) > most:
            raise AccountInvalid(_NOT_ASCII, account=config.key, name=name, most=most)
    line = Line(
        host=host,
        port=port,
        tls=parts.scheme == "smpps",
        system_id=accounts.secret(config, "system_id"),
        password=accounts.secret(config, "password"),
        system_type=accounts.option(config, "system_type", ""),
        window=window,
        deadline=deadline,
    )
    limits = Limits(
        batch_max=500,
        concurrency=window,
        honours_key=False,
        can_find=bool(config.options.get("lookup_url")),
        settle=accounts.seconds_option(config, "settle_seconds", 300),
        reports_by_id=True,
    )
    http = Http(concurrency=4, deadline=deadline)
    wiring = Wiring(limits=limits, http=http, lookup=build_lookup(config, http))
    return Smpp(config, wiring, line=line)
