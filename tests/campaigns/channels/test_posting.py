"""What leaves in a post byte for byte, and what is made of answers that no web framework gives."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from campaigns.channels.errors import RequestLost, RequestUnsent
from campaigns.channels.http import Answer, Http

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Peer:
    """A server that answers each request with the next of its answers.

    ``seen`` are the requests, ``opened`` how many connections were made.
    """

    def __init__(self, answers: Sequence[bytes], *, closes: bool = False) -> None:
        self._answers, self._closes = list(answers), closes
        self.seen: list[bytes] = []
        self.opened = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        try:
            while self._answers:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.partition(b":")[2])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length:")
                )
                self.seen.append(head + await reader.readexactly(length))
                writer.write(self._answers.pop(0))
                if self._closes:
                    break
        except asyncio.IncompleteReadError:
            pass  # the client has left
        finally:
            writer.close()


@asynccontextmanager
async def standing(peer: Peer) -> AsyncIterator[tuple[Http, str]]:
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    http = Http(concurrency=2, deadline=timedelta(seconds=2))
    try:
        yield http, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        await http.aclose()
        server.close()


def post(peer: Peer, bodies: Sequence[bytes] = (b"{}",), **headers: str) -> list[Answer]:
    """One after the other over one account's connections."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def act() -> list[Answer]:
        async with standing(peer) as (http, base):
            return [
                await http.post(url=f"{base}/v1/a%20b?c=d", body=body, headers=named)
                for body in bodies
            ]

    return asyncio.run(act())


class TestRequest:
    def test_a_request_is_whole_and_says_each_thing_once(self) -> None:
        peer = Peer([OK])

        [answer] = post(peer, [b'{"a":1}'], Authorization="Bearer t", Accept="text/plain")

        head, _, body = peer.seen[0].partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        said = {line.partition(":")[0].lower(): line.partition(": ")[2] for line in lines}
        assert first == "POST /v1/a%20b?c=d HTTP/1.1"
        assert len(said) == len(lines)
        assert said["host"].startswith("127.0.0.1:")
        assert (said["authorization"], said["accept"]) == ("Bearer t", "text/plain")
        assert (said["content-length"], body) == ("7", b'{"a":1}')
        assert (answer.status, answer.body) == (200, b"ok")

    def test_the_length_is_the_bodys_whatever_a_caller_says(self) -> None:
        peer = Peer([OK])
        post(peer, [b"12345"], content_length="3", Transfer_Encoding="chunked")
        assert peer.seen[0].lower().count(b"content-length: 5") == 1
        assert b"chunked" not in peer.seen[0]

    def test_values_that_change_from_request_to_request_are_each_its_own(self) -> None:
        peer = Peer([OK, OK])

        async def act() -> None:
            async with standing(peer) as (http, base):
                for key in ("one", "two"):
                    await http.post(url=base, body=key.encode(), headers={"X-Key": key})

        asyncio.run(act())
        assert [b"X-Key: one" in peer.seen[0], b"X-Key: two" in peer.seen[1]] == [True, True]
        assert [seen[-3:] for seen in peer.seen] == [b"one", b"two"]

    @pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b", "a\x7fb"])
    def test_a_header_that_would_begin_another_never_leaves(self, value: str) -> None:
        peer = Peer([OK])
        with pytest.raises(RequestUnsent):
            post(peer, Authorization=value)
        assert peer.seen == []

    @pytest.mark.parametrize("url", ["htps://127.0.0.1/t", "ftp://127.0.0.1/", "http:///x", "x"])
    def test_what_is_no_address_of_http_is_proved_unsent(self, url: str) -> None:
        async def act() -> None:
            http = Http(concurrency=1, deadline=timedelta(seconds=2))
            try:
                await http.post(url=url, body=b"{}", headers={})
            finally:
                await http.aclose()

        with pytest.raises(RequestUnsent):
            asyncio.run(act())


class TestAnswer:
    def test_connections_are_kept(self) -> None:
        peer = Peer([OK] * 5)
        assert [answer.status for answer in post(peer, [b"{}"] * 5)] == [200] * 5
        assert peer.opened == 1

    @pytest.mark.parametrize(
        "told",
        [
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
            b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + OK,
            b"HTTP/1.0 200 OK\r\n\r\nok",
        ],
        ids=["in chunks", "after interim answers", "until the end of the connection"],
    )
    def test_every_form_of_answer_is_read(self, told: bytes) -> None:
        [answer] = post(Peer([told], closes=b"1.0" in told))
        assert (answer.status, answer.body) == (200, b"ok")

    def test_header_names_are_asked_in_lower_case(self) -> None:
        [answer] = post(Peer([b"HTTP/1.1 429 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"]))
        assert (answer.status, answer.headers.get("retry-after")) == (429, "7")

    def test_a_connection_that_its_server_closed_is_not_used_again(self) -> None:
        closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        peer = Peer([closing, OK], closes=True)
        assert [answer.status for answer in post(peer, [b"1", b"2"])] == [200, 200]
        assert peer.opened == 2

    @pytest.mark.parametrize(
        "told",
        [
            b"",
            b"what?\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3_000_000,
        ],
        ids=["none", "no HTTP", "cut off", "too long"],
    )
    def test_what_is_no_answer_leaves_the_outcome_unknown(self, told: bytes) -> None:
        with pytest.raises(RequestLost):
            post(Peer([told], closes=True))

    def test_no_answer_in_time_leaves_the_outcome_unknown(self) -> None:
        with pytest.raises(RequestLost) as lost:
            post(Peer([b"", OK]))
        assert lost.value.code == "timeout"

    def test_what_came_while_nothing_was_asked_is_no_answer(self) -> None:
        """As a balancer says 408, and leaves: the next message was not even written."""
        heard = list[bytes]()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"{}")
            writer.write(OK)
            await asyncio.sleep(0.05)
            writer.write(OK)
            heard.append(await reader.read(1_000))
            writer.close()

        async def act() -> None:
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            http = Http(concurrency=2, deadline=timedelta(seconds=2))
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            assert (await http.post(url=url, body=b"{}", headers={})).status == 200
            await asyncio.sleep(0.15)
            with pytest.raises(RequestUnsent):
                await http.post(url=url, body=b"{}", headers={})
            await asyncio.sleep(0.05)
            await http.aclose()
            server.close()

        asyncio.run(act())
        assert heard == [b""]

    def test_a_connection_with_half_a_request_in_it_is_not_used_again(self) -> None:
        """As of a busy server that answers and reads no further."""
        opened = 0

        async def act() -> list[int]:
            ended = asyncio.Event()

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                nonlocal opened
                opened += 1
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
                await ended.wait()
                writer.transport.abort()

            server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1_000)
            http = Http(concurrency=2, deadline=timedelta(seconds=2))
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            told = [
                (await http.post(url=url, body=body, headers={})).status
                for body in (b"x" * 16_000_000, b"{}")
            ]
            ended.set()
            await asyncio.sleep(0.05)
            await http.aclose()
            server.close()
            return told

        assert asyncio.run(act()) == [503, 503]
        assert opened == 2

    @pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"])
    def test_the_rest_of_a_request_never_follows_its_outcome(self, answer: bytes) -> None:
        """A server that reads on later would take what was looked up, not found and sent again."""
        body, read = b"x" * 16_000_000, list[int]()

        async def act() -> None:
            reads_on, has_read = asyncio.Event(), asyncio.Event()

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
                await reads_on.wait()
                size = 0
                try:
                    while piece := await reader.read(1_000_000):
                        size += len(piece)
                except ConnectionResetError:
                    pass  # as it is meant to be
                read.append(size)
                writer.close()
                has_read.set()

            server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1_000)
            http = Http(concurrency=2, deadline=timedelta(seconds=0.5))
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            if answer:
                assert (await http.post(url=url, body=body, headers={})).status == 503
            else:
                with pytest.raises(RequestLost):
                    await http.post(url=url, body=body, headers={})
            reads_on.set()
            await asyncio.wait_for(has_read.wait(), 5)
            await http.aclose()
            server.close()

        asyncio.run(act())
        assert read[0] < len(body)
