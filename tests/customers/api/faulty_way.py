"""A way to the server that fails as the Internet does, by a script."""

import http.client
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Fault(StrEnum):
    """What becomes of one POST."""

    BUSY = "busy"  # a balancer answers 503 with Retry-After and passes nothing on
    UNHEARD = "unheard"  # the server takes it in, and its answer is lost
    RESET = "reset"  # the connection ends before anything is passed on


class Way:
    """The script, and what came by it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.address = ""
        self.answers: list[str] = []
        """One a POST: the fault, or the status the server answered."""
        self.sizes: list[int] = []
        self._faults = list(faults)
        self._lock = threading.Lock()

    def next_fault(self) -> Fault | None:
        with self._lock:
            return self._faults.pop(0) if self._faults else None


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, way: Way, port: int, *args: Any) -> None:
        self.way, self.port = way, port
        super().__init__(*args)

    def _pass(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        fault = self.way.next_fault() if self.command == "POST" else None
        if self.command == "POST":
            self.way.sizes.append(length)
        if fault is not None:
            self.way.answers.append(fault)
        match fault:
            case Fault.BUSY:
                self.send_response(503)
                self.send_header("Retry-After", "1")
                self.send_header("Content-Length", "0")
                # Without it a browser's script may not even see the status.
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()
                return
            case Fault.RESET:
                self.close_connection = True
                self.connection.close()
                return
        status, headers, answer = self._asked(body)
        if fault is Fault.UNHEARD:
            self.close_connection = True
            self.connection.close()
            return
        if self.command == "POST":
            self.way.answers.append(str(status))
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_OPTIONS = _pass  # noqa: N815 - the names that http.server asks for

    def _asked(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        server = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            told = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
            server.request(self.command, self.path, body=body or None, headers=told)
            answer = server.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            server.close()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def faulty_way(port: int, faults: Sequence[Fault]) -> Iterator[Way]:
    """A proxy in front of the server on this port, which fails a POST for each fault."""
    way = Way(faults)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Passing, way, port))
    way.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield way
    finally:
        server.shutdown()
        server.server_close()
