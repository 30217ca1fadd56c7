"""SMPP 3.4 against the sandbox's message centre."""

import asyncio
import socket
import struct
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels.base import (
    Accepted,
    AccountConfig,
    Channel,
    Outcome,
    Outgoing,
    Provider,
    Receipt,
    ReceiptKind,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.errors import AccountInvalid, RequestLost
from campaigns.channels.registry import build_provider
from campaigns.channels.sms.gsm import TooManyParts, encode
from campaigns.channels.sms.segments import measure
from campaigns.channels.sms.smpp_bind import Bind, Line
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


@pytest.mark.parametrize(
    ("secrets", "options"),
    [
        ({"system_id": "名"}, {}),
        ({"system_id": "s" * 16}, {}),
        ({"password": "密码"}, {}),
        ({}, {"source_address": "示例"}),
        ({}, {"source_address": "1" * 21}),
        ({}, {"report_ids": "octal"}),
    ],
)
def test_what_has_no_room_in_a_pdu_is_told_when_the_account_is_saved(
    secrets: dict[str, str], options: dict[str, str]
) -> None:
    config = AccountConfig(
        key="s",
        vendor="smpp",
        base_url="smpp://127.0.0.1:2775",
        secrets={"system_id": "a", "password": "b", **secrets},
        options=options,
    )

    with pytest.raises(AccountInvalid):
        build_provider(config)


def test_the_sandbox_joins_parts_by_sar_parameters_and_reads_the_payload(
    sandbox: SandboxProcess,
) -> None:
    """As clients other than ours send them, over a bind that only transmits."""
    port = int(sandbox.ports["smpp_url"].rpartition(":")[2])
    key = uuid.uuid4().hex

    def submit(sequence: int, text: bytes, *optional: tuple[int, bytes]) -> bytes:
        body = b"\0\1\x01106900\0\1\x018613800138000\0" + bytes(3) + b"\0\0"
        body += bytes([0, 0, 0, 0, len(text)]) + text
        body += b"".join(struct.pack(">HH", tag, len(told)) + told for tag, told in optional)
        return pdu(0x04, sequence, body)

    named = (0x1400, key.encode())
    sar = [(0x020C, b"\0\x07"), (0x020E, b"\2")]
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.sendall(pdu(0x02, 1, b"x\0" + API_SECRET[:8].encode() + b"\0\0\x34\0\0\0"))
        line.sendall(submit(2, b"Hello, ", *sar, (0x020F, b"\1"), named))
        line.sendall(submit(3, b"", *sar, (0x020F, b"\2"), (0x0424, b"world"), named))
        line.sendall(pdu(0x04, 4, b"cut off"))
        answers = b""
        while answers.count(b"\x80\0\0\4") < 3:
            answers += line.recv(4096)

    assert [copy["text"] for copy in sandbox.received("sms", key)] == ["Hello, world"]
    assert pdu(0x80000004, 4, status=0x02) in answers


# --- A centre with habits of its own ------------------------------------------------------------
def pdu(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    return struct.pack(">LLLL", len(body) + 16, command, status, sequence) + body


def deliver(text: bytes, *, esm: int = 0x04, coding: int = 0, optional: bytes = b"") -> bytes:
    head = bytes([esm, 0, 0, 0, 0, 0, 0, coding, 0])
    body = b"\0\1\x018613800138000\0\1\x01106900\0" + head
    return pdu(0x05, 7, body + bytes([len(text)]) + text + optional)


async def exchanged(
    known_as: bytes, brought: bytes, **options: str
) -> tuple[Outcome, list[Receipt]]:
    """What we make of a submit's answer, and of the deliver_sm that follows it."""
    posts: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def centre(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(16):
            length, command, _, sequence = struct.unpack(">LLLL", head)
            await reader.readexactly(length - 16)
            if command == 0x09:
                writer.write(pdu(0x80000009, sequence, b"c\0"))
            if command == 0x04:
                writer.write(pdu(0x80000004, sequence, known_as + b"\0") + brought)
        writer.close()

    async def door(request: web.Request) -> web.Response:
        await posts.put((dict(request.headers), await request.read()))
        return web.Response()

    server = await asyncio.start_server(centre, "127.0.0.1", 0)
    async with scripted(door) as url, server:
        provider = build_provider(
            AccountConfig(
                key="s",
                vendor="smpp",
                base_url=f"smpp://127.0.0.1:{server.sockets[0].getsockname()[1]}",
                secrets={"system_id": "a", "password": "b", "receipt_secret": "r"},
                options={"receipts_url": f"{url}/hooks/s/", **options},
            )
        )
        message = Outgoing(key="0" * 32, address="+8613800138000", content={"text": "x"})
        [outcome] = await provider.send([message])
        headers, body = await asyncio.wait_for(posts.get(), 5)
        receipts = provider.read_receipts(headers, body, datetime.now(UTC))
        await provider.aclose()
    return outcome, receipts


@pytest.mark.parametrize(
    ("answered", "reported", "option"),
    [
        (b"3E8", b"1000", "decimal"),
        (b"000003e8", b"0000001000", "decimal"),
        (b"1000", b"3e8", "hex"),
        (b"0000001000", b"000003E8", "hex"),
        (b"ab-1", b"ab-1", "same"),
        (b"ab-1", b"ab-1", "hex"),
    ],
)
async def test_a_report_finds_its_message_in_whatever_base_it_counts(
    answered: bytes, reported: bytes, option: str
) -> None:
    told = b"id:" + reported + b" sub:001 dlvrd:001 stat:DELIVRD err:000 text:"

    outcome, [receipt] = await exchanged(answered, deliver(told), report_ids=option)

    assert isinstance(outcome, Accepted)
    assert (receipt.kind, receipt.provider_id) == (ReceiptKind.DELIVERED, outcome.provider_id)


@pytest.mark.parametrize(
    ("told", "esm", "kinds"),
    [
        (b"id:1 sub:001 stat:DELIVERED err:0", 0x04, ["delivered"]),
        (b"id: 1 sub:001 dlvrd:001 stat: delivrd err:000", 0x04, ["delivered"]),
        (b"id:1 stat:Undeliverable", 0x04, ["bounced"]),
        (b"id:1 stat:REJECTED", 0x04, ["failed"]),
        (b"id:1 stat:2 err:0", 0x04, ["delivered"]),
        (b"id:1 stat:5 err:0", 0x04, ["bounced"]),
        # As CMPP behind it tells them.
        (b"id:1 stat:MK:0001 err:000", 0x04, ["undeliverable"]),
        (b"id:1 stat:CB:0053 err:000", 0x04, ["failed"]),
        (b"id:1 stat:DB:0141 err:000", 0x04, ["failed", "unsubscribed"]),
        (b"id:1 sub:001 stat:DELIVRD", 0x44, ["delivered"]),
        # What is under way, or means nothing, is kept and raises nothing.
        (b"id:1 sub:001 stat:ENROUTE", 0x20, ["unreadable"]),
        (b"id:1 sub:001 stat:ACCEPTED", 0x04, ["unreadable"]),
        (b"id:1 sub:001 stat:ELSE", 0x04, ["unreadable"]),
        (b"id: sub:001 stat:DELIVRD", 0x04, ["unreadable"]),
    ],
)
async def test_a_report_is_read_however_its_centre_writes_the_state(
    told: bytes, esm: int, kinds: list[str]
) -> None:
    _, receipts = await exchanged(b"1", deliver(told, esm=esm))

    assert [receipt.kind.value for receipt in receipts] == kinds
    assert {receipt.provider_id for receipt in receipts} <= {"1", None}


async def test_a_report_without_a_text_is_read_from_its_parameters() -> None:
    optional = struct.pack(">HHB", 0x0427, 1, 2) + struct.pack(">HH", 0x001E, 4) + b"3E8\0"

    outcome, [receipt] = await exchanged(
        b"3E8", deliver(b"", optional=optional), report_ids="decimal"
    )

    assert isinstance(outcome, Accepted)
    assert (receipt.kind, receipt.provider_id) == (ReceiptKind.DELIVERED, outcome.provider_id)


@pytest.mark.parametrize(
    ("text", "esm", "optional"),
    [
        (b"TD", 0, b""),
        (b"\x05\x00\x03\x07\x01\x01TD", 0x40, b""),
        (b"", 0, struct.pack(">HH", 0x0424, 2) + b"TD"),
    ],
    ids=["plain", "with a header", "in the payload"],
)
async def test_a_reply_is_read_wherever_it_stands(text: bytes, esm: int, optional: bytes) -> None:
    _, [receipt] = await exchanged(b"1", deliver(text, esm=esm, optional=optional))

    assert (receipt.kind, receipt.address) == (ReceiptKind.UNSUBSCRIBED, "+8613800138000")


@pytest.mark.parametrize(
    ("coding", "charset"),
    [
        (8, "utf-16-be"),
        (0x18, "utf-16-be"),
        (8, "utf-16"),  # with its mark, the lower octet first
        (15, "gb18030"),
        # Gateways that say nothing of the charset, or something else.
        (0, "gb18030"),
        (0, "utf-8"),
        (1, "gb18030"),
        (4, "utf-8"),
    ],
)
async def test_a_reply_in_chinese_is_heard_in_whatever_charset(coding: int, charset: str) -> None:
    brought = deliver("请退订".encode(charset), esm=0, coding=coding)

    _, [receipt] = await exchanged(b"1", brought)

    assert (receipt.kind, receipt.detail.lstrip("\ufeff")) == (ReceiptKind.UNSUBSCRIBED, "请退订")


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


async def test_what_a_centre_had_not_read_by_the_deadline_never_reaches_it() -> None:
    """It may have been looked up, not found and sent again by the time it reads on."""
    octets = b"x" * 16_000_000
    read, reads_on = list[int](), asyncio.Event()

    async def centre(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(16)
        await reader.readexactly(int.from_bytes(head[:4]) - 16)
        writer.write(pdu(0x80000009, int.from_bytes(head[12:]), b"c\0"))
        await reads_on.wait()
        size = 0
        try:
            while piece := await reader.read(1_000_000):
                size += len(piece)
        except ConnectionResetError:
            pass  # as it is meant to be
        read.append(size)
        writer.close()

    async def take(_: object) -> bool:
        return True

    server = await asyncio.start_server(centre, "127.0.0.1", 0, limit=1_000)
    line = Line(
        host="127.0.0.1",
        port=server.sockets[0].getsockname()[1],
        tls=False,
        system_id="x",
        password="x",
        system_type="",
        window=1,
        deadline=timedelta(seconds=0.5),
    )
    bind = await Bind.open(line, take=take)
    with pytest.raises(RequestLost) as lost:
        await bind.ask(octets, 7)
    reads_on.set()
    async with asyncio.timeout(5):
        while not read:
            await asyncio.sleep(0.01)
    await bind.close()
    server.close()

    assert (lost.value.code, bind.usable) == ("timeout", False)
    assert read[0] < len(octets)
