"""Attacks on the wire (request smuggling): one request that two readers part differently.

Straight at the web server, by hand. Whatever it makes of the first, the second, hidden one must get
no answer of its own.
"""

import re
import socket
from collections.abc import Iterator

import pytest

from tests.conftest import environment_of_test
from tests.web_server import WebServer, web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

HIDDEN = "GET /healthz?hidden HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
CHUNKED = "Transfer-Encoding: chunked"
# Of each: the headers, and the body with the hidden request.
AMBIGUOUS = {
    "CL.TE": (f"Content-Length: {5 + len(HIDDEN)}\r\n{CHUNKED}", f"0\r\n\r\n{HIDDEN}"),
    "TE.CL": (f"{CHUNKED}\r\nContent-Length: 4", f"{len(HIDDEN):x}\r\n{HIDDEN}\r\n0\r\n\r\n"),
    "two lengths": (f"Content-Length: 0\r\nContent-Length: {len(HIDDEN)}", HIDDEN),
    "a list of lengths": (f"Content-Length: 0, {len(HIDDEN)}", HIDDEN),
    "a length with a sign": ("Content-Length: +0", HIDDEN),
    "a hexadecimal length": ("Content-Length: 0x0", HIDDEN),
    "a negative length": ("Content-Length: -1", HIDDEN),
    "an unknown coding": ("Transfer-Encoding: xchunked", f"0\r\n\r\n{HIDDEN}"),
    "two codings": (f"{CHUNKED}\r\nTransfer-Encoding: identity", f"0\r\n\r\n{HIDDEN}"),
    "a blank before the colon": ("Transfer-Encoding : chunked", f"0\r\n\r\n{HIDDEN}"),
    "a folded header": ("Transfer-Encoding:\r\n chunked", f"0\r\n\r\n{HIDDEN}"),
    "a control in the name": ("Transfer\x00-Encoding: chunked", f"0\r\n\r\n{HIDDEN}"),
    "an odd chunk size": (CHUNKED, f"0x0\r\n\r\n{HIDDEN}"),
    "a negative chunk size": (CHUNKED, f"-1\r\n\r\n{HIDDEN}"),
    "a chunk size that overflows": (CHUNKED, f"{'f' * 17}\r\n{HIDDEN}"),
    "a line break in a chunk extension": (CHUNKED, f"1;a=\n{HIDDEN}\r\nx\r\n0\r\n\r\n"),
}


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[WebServer]:
    with web_server(environment_of_test()) as running:
        yield running


def ask(server: WebServer, text: str) -> tuple[list[int], bool]:
    """The statuses of all answers, and whether the server hung up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as link:
        link.sendall(text.encode("latin-1"))
        told, hung_up = b"", False
        try:
            while chunk := link.recv(65_536):
                told += chunk
            hung_up = True
        except ConnectionResetError:
            hung_up = True
        except TimeoutError:
            pass
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", told)], hung_up


@pytest.mark.parametrize("case", AMBIGUOUS)
@pytest.mark.parametrize("path", ["/hooks/nobody/", "/v1/track", "/healthz"])
def test_an_ambiguous_request_gets_one_answer_at_most_and_is_hung_up_on(
    server: WebServer, path: str, case: str
) -> None:
    headers, body = AMBIGUOUS[case]

    statuses, hung_up = ask(server, f"POST {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n{body}")

    assert len(statuses) <= 1, statuses
    assert all(400 <= status < 500 for status in statuses), statuses
    assert hung_up


def test_two_plain_requests_on_one_connection_get_two_answers(server: WebServer) -> None:
    """Else the tests above would prove nothing."""
    statuses, _hung_up = ask(server, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN)

    assert statuses == [200, 200]


@pytest.mark.parametrize("hosts", ["", "Host: a\r\nHost: b\r\n", "Host: a b\r\n"])
def test_a_request_without_one_host_is_refused(server: WebServer, hosts: str) -> None:
    statuses, _hung_up = ask(
        server, f"GET /admin/login/ HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n"
    )

    assert statuses == [400]
