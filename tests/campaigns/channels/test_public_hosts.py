"""Where a provider's own host may lead, on every protocol: each goes through the one guard."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from campaigns.channels.email.wire import Connection, Relay, Tls
from campaigns.channels.errors import RequestUnsent
from campaigns.channels.http2 import Http2
from campaigns.channels.public_hosts import ForbiddenHost, connect
from campaigns.channels.sms.smpp_bind import Bind, Line
from tests.campaigns.channels.certificates import self_signed

SOON = timedelta(seconds=1)


async def by_smtp(host: str, port: int) -> None:
    await Connection.open(Relay(host=host, port=port, tls=Tls.NONE, hello="localhost"))


async def by_smpp(host: str, port: int) -> None:
    async def take(_: object) -> bool:
        return True

    line = Line(
        host=host,
        port=port,
        tls=False,
        system_id="x",
        password="x",
        system_type="",
        window=1,
        deadline=SOON,
    )
    await Bind.open(line, take=take)


async def by_http2(host: str, port: int) -> None:
    http2 = Http2(base_url=f"http://{host}:{port}", concurrency=1, deadline=SOON)
    await http2.post(path="/3/device/0a", body=b"{}", headers={})


@pytest.mark.parametrize("reach", [by_smtp, by_smpp, by_http2])
# The first is a name to whoever does not resolve it, and then the address that is this machine.
@pytest.mark.parametrize("host", ["0", "0.0.0.0"])
async def test_no_protocol_connects_to_where_no_provider_can_stand(
    reach: Callable[[str, int], Awaitable[None]], host: str
) -> None:
    opened = 0

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    with pytest.raises(RequestUnsent, match="does not lead to a public address"):
        await reach(host, server.sockets[0].getsockname()[1])
    server.close()
    assert opened == 0


class TestConnect:
    async def test_the_name_is_verified_though_an_address_is_connected_to(
        self, tmp_path: Path
    ) -> None:
        served = self_signed(tmp_path)
        trusting = ssl.create_default_context(cafile=str(tmp_path / "relay.pem"))

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=served)
        port = server.sockets[0].getsockname()[1]
        _, writer = await connect("localhost", port, context=trusting)
        writer.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect("127.1", port, context=trusting)
        server.close()

    async def test_the_next_address_of_a_name_is_tried(self) -> None:
        """`localhost` is ::1 and 127.0.0.1 on most machines; one of them is listened at."""

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        _, writer = await connect("localhost", server.sockets[0].getsockname()[1], context=None)
        assert writer.get_extra_info("peername")[0] == "127.0.0.1"
        writer.close()
        server.close()

    @pytest.mark.parametrize("host", ["169.254.169.254", "100.100.100.200", "::", "fd00:ec2::254"])
    async def test_an_address_is_judged_as_a_name_is(self, host: str) -> None:
        with pytest.raises(ForbiddenHost):
            await connect(host, 80, context=None)
