"""What a message centre's error statuses amount to, of a submit and of a bind.

Source: SMPP 3.4, issue 1.2, §5.1.3, compared on 28 November 2026.
"""

import asyncio
import struct

import pytest

from campaigns.channels.base import AccountConfig, Outcome
from tests.campaigns.channels.scripted import class_of, send_to
from tests.campaigns.channels.vendors import PHONE

SUBMIT, BIND = 0x04, 0x09


async def answered(command: int, status: int, *, nack: bool = False) -> Outcome:
    """What becomes of a message when the centre answers one kind of request with a status."""

    async def centre(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(16):
            length, asked, _, sequence = struct.unpack(">LLLL", head)
            await reader.readexactly(length - 16)
            told = status if asked == command else 0
            kind = 0 if nack and told else asked
            body = b"" if told else b"c\0"
            writer.write(
                struct.pack(">LLLL", 16 + len(body), 0x80000000 | kind, told, sequence) + body
            )
        writer.close()

    async with await asyncio.start_server(centre, "127.0.0.1", 0) as server:
        config = AccountConfig(
            key="centre",
            vendor="smpp",
            base_url=f"smpp://127.0.0.1:{server.sockets[0].getsockname()[1]}",
            secrets={"system_id": "a", "password": "b"},
            options={"deadline_seconds": "2"},
        )
        return await send_to(config, PHONE, {"text": "x"})


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        (0x01, "refused"),
        (0x04, "account"),
        (0x08, "retry"),
        (0x0A, "account"),
        (0x0B, "refused"),
        (0x14, "retry"),
        (0x15, "account"),
        (0x45, "refused"),
        (0x48, "account"),
        (0x50, "refused"),
        (0x58, "retry"),
        (0x64, "retry"),
        (0x65, "refused"),
        (0xC1, "refused"),
        (0xFE, "refused"),
        # What the centre does not know itself, and what only this centre knows.
        (0xFF, "ambiguous"),
        (0x0401, "ambiguous"),
    ],
)
async def test_a_submits_status_means_what_the_specification_says(status: int, meant: str) -> None:
    assert class_of(await answered(SUBMIT, status)) == meant


@pytest.mark.parametrize(
    ("status", "meant"),
    [(0x0D, "account"), (0x0E, "account"), (0x53, "account"), (0x08, "retry"), (0x0401, "retry")],
)
async def test_a_bind_that_is_refused_leaves_nothing_in_doubt(status: int, meant: str) -> None:
    assert class_of(await answered(BIND, status)) == meant


async def test_a_submit_the_centre_cannot_read_was_not_taken() -> None:
    assert class_of(await answered(SUBMIT, 0x02, nack=True)) == "refused"
