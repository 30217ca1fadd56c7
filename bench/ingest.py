"""Durable ingestion over HTTP beside a bare COPY of the same rows.

    python -m bench.ingest [--events N] [--web N] [--stored N [N ...]] [--warm N] [--keys DAYS]

Starts the production web server on a database of its own, posts from a handful of connections, and
copies the same rows into the same table by one connection. Prints JSON lines:

- `ingest`: 50 events a request; `raw` is the COPY
- `ingest_single`: one event a request; `raw` is the 50-event figure of the same run
- `ingest_paced`: 500 events a second in single requests, evenly; `value` is the 99th percentile
- `ingest_stored`: as `ingest` once so many events of 300 days are there, with the keys that the
  nightly prune has left (`--keys` days of them; by default as many as the shipped rule K-06 keeps),
  a line for each of `--stored` in rising order; `raw` is `ingest`, `flatness` the processor time of
  an event against the first of these lines, `flatness_by_web` the same of the database's time over
  the web server's: what is stored is nothing to that one, while other work on the machine makes
  both dearer.
  `--warm` events are posted before it is measured: the first time that a
  page changes after a checkpoint, PostgreSQL writes it whole to its log. At 5,000 events a second
  and four checkpoints an hour one event in twenty-five meets such a page, right after one each does

`cpu_us` is the processor time an event took in the web server, the database and this generator:
on a machine that others use, too, it tells more than the clock. `value` counts events whose 200
has arrived.
"""

import argparse
import base64
import json
import os
import socket
import statistics
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import orjson  # noqa: E402
import psutil  # noqa: E402
import psycopg  # noqa: E402
from psycopg import sql  # noqa: E402

from bench.world.serving import make_key, scratch_database, web_process  # noqa: E402

CONNECTIONS = 8
PACE = 500
PACED_SECONDS = 8
COLUMNS = (
    *("source_id", "message_id", "kind", "name", "user_id", "occurred_at", "received_at"),
    *("properties", "context"),
)
STORE = """
    WITH made AS (
        SELECT gen_random_uuid()::text AS message_id, n,
               now() - make_interval(secs => n * 86400.0 * 300 / %(count)s) AS at
        FROM generate_series(1, %(count)s) AS n),
    keys AS (
        INSERT INTO customers_eventkey (source_id, message_id, received_at)
        SELECT %(source)s, message_id, at FROM made
        WHERE at >= now() - make_interval(days => %(keys)s))
    INSERT INTO customers_event (
        source_id, message_id, kind, name, user_id, occurred_at, received_at, properties, context)
    SELECT %(source)s, message_id, 'track', 'Fund Viewed', 'c' || n %% 5000, at, at,
           '{"code": "F001", "amount": 1, "page": "detail"}', '{"locale": "zh-CN"}'
    FROM made
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run: events a second, seconds by request, microseconds of processor by event."""

    rate: float
    waits: Sequence[float]
    cpu_us: dict[str, float]


def main() -> None:
    """Measure, print lines, leave nothing behind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--web", type=int, default=2, help="processes of the web server")
    parser.add_argument("--stored", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--warm", type=int, default=0)
    parser.add_argument("--keys", type=int)
    told = parser.parse_args()
    with scratch_database() as url:
        os.environ["DATABASE_URL"] = url
        secret, source_id = make_key()
        with web_process(told.web) as (port, pid):
            yard = Yard(port=port, secret=secret, url=url, server=pid)
            yard.post(bodies(20_000, 50))  # prepared statements, warm caches, code that ran before
            many = yard.post(bodies(told.events, 50))
            raw, raw_cpu = copy_rate(url, source_id, told.events)
            say("ingest", many, raw=raw, per_request=50, raw_cpu_us=round(raw_cpu, 1))
            single = yard.post(bodies(told.events // 10, 1))
            say("ingest_single", single, raw=many.rate, per_request=1)
            flush(url)
            paced = yard.post(bodies(PACE * PACED_SECONDS, 1), pace=PACE)
            say_paced(paced)
            measure_stored(yard, source_id, told, raw=many.rate)


def measure_stored(yard: "Yard", source_id: int, told: argparse.Namespace, *, raw: float) -> None:
    """Fill up to each size, then post; what an event costs should not depend on it."""
    stored = 0
    first: Measured | None = None
    for size in sorted(told.stored):
        store(yard.url, source_id, size - stored, told.keys)
        stored = size
        flush(yard.url)
        if told.warm:
            yard.post(bodies(told.warm, 50))
        later = yard.post(bodies(told.events, 50))
        first = first or later
        say(
            "ingest_stored",
            later,
            raw=raw,
            stored=size,
            flatness=round(_cost(later) / _cost(first), 2),
            flatness_by_web=round(_by_web(later) / _by_web(first), 2),
        )


def _cost(measured: Measured) -> float:
    return sum(measured.cpu_us.values())


def _by_web(measured: Measured) -> float:
    return measured.cpu_us["database"] / measured.cpu_us["web"]


def flush(url: str) -> None:
    """Bring to disk what earlier parts left to write, which is not the next one's cost."""
    with psycopg.connect(url, autocommit=True) as link:
        link.execute("CHECKPOINT")


def say(bench: str, measured: Measured, *, raw: float, **more: float) -> None:
    """One JSON line."""
    line = {
        "bench": bench,
        "value": round(measured.rate),
        "unit": "events/s",
        "raw": round(raw),
        "ratio": round(measured.rate / raw, 3),
        "cpu_us": {name: round(value, 1) for name, value in measured.cpu_us.items()},
        "p50_ms": round(statistics.median(measured.waits) * 1000, 1),
        "p99_ms": round(percentile(measured.waits) * 1000, 1),
        **more,
    }
    sys.stdout.write(json.dumps(line) + "\n")


def say_paced(measured: Measured) -> None:
    """The latency under an even load."""
    p50, p99 = statistics.median(measured.waits) * 1000, percentile(measured.waits) * 1000
    line = {"bench": "ingest_paced", "value": round(p99, 1), "unit": "ms", "raw": round(p50, 1)}
    line |= {"ratio": round(p99 / p50, 1), "events_per_second": round(measured.rate)}
    sys.stdout.write(json.dumps(line) + "\n")


def percentile(waits: Sequence[float]) -> float:
    """The 99th."""
    return statistics.quantiles(waits, n=100)[98]


def bodies(events: int, per_request: int) -> list[bytes]:
    """Batches as a stock server client sends them."""
    calls = [
        {
            "type": "track",
            "userId": f"c{number % 5_000}",
            "event": "Fund Viewed",
            "messageId": str(uuid.uuid4()),
            "properties": {"code": f"F{number % 300:03d}", "amount": number, "page": "detail"},
            "context": {"library": {"name": "bench", "version": "1"}, "locale": "zh-CN"},
        }
        for number in range(events)
    ]
    return [
        orjson.dumps({"batch": calls[start : start + per_request]})
        for start in range(0, events, per_request)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """A running server, what it stands on, and the load generator: plain sockets, since a client
    library would cost more than what is measured."""

    port: int
    secret: str
    url: str
    server: int

    def post(self, bodies: Sequence[bytes], *, pace: float | None = None) -> Measured:
        """Send all; with `pace`, so many a second, each wait counted from its due time."""
        token = base64.b64encode(f"{self.secret}:".encode()).decode()
        head = f"POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {token}\r\n"
        waiting = [
            (number, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            for number, body in enumerate(bodies)
        ][::-1]
        waits: list[float] = []
        before = self._cpu()
        began = time.perf_counter()
        senders = [
            threading.Thread(target=self._send, args=[waiting, waits, began, pace])
            for _ in range(CONNECTIONS)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        lasted = time.perf_counter() - began
        after = self._cpu()
        if len(waits) != len(bodies):
            raise SystemExit("The server refused a batch.")
        events = sum(body.count(b'"messageId"') for body in bodies)
        return Measured(
            rate=events / lasted,
            waits=waits,
            cpu_us={name: seconds / events * 1e6 for name, seconds in used(before, after).items()},
        )

    def _send(
        self,
        waiting: list[tuple[int, bytes]],
        waits: list[float],
        began: float,
        pace: float | None,
    ) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as link:
            while waiting:
                try:
                    number, request = waiting.pop()
                except IndexError:
                    return
                due = time.perf_counter()
                if pace is not None:
                    due = began + number / pace
                    time.sleep(max(0.0, due - time.perf_counter()))
                link.sendall(request)
                answer = read_answer(link)
                if not answer.startswith(b"HTTP/1.1 200") or b"rejected" in answer:
                    return
                waits.append(time.perf_counter() - due)

    def _cpu(self) -> dict[int, tuple[str, float]]:
        """Seconds of processor so far by process, and whose it is."""
        web = psutil.Process(self.server)
        with psycopg.connect(self.url) as link:
            query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
            backends = [row[0] for row in link.execute(query).fetchall()]
        named = [("web", one.pid) for one in (web, *web.children(recursive=True))]
        named += [("database", pid) for pid in backends]
        named.append(("generator", os.getpid()))
        return {pid: (name, spent(pid)) for name, pid in named}


def used(
    before: Mapping[int, tuple[str, float]], after: Mapping[int, tuple[str, float]]
) -> dict[str, float]:
    """Seconds of processor between two looks, by whose they are."""
    found = {"web": 0.0, "database": 0.0, "generator": 0.0}
    for pid, (name, seconds) in after.items():
        found[name] += seconds - before.get(pid, (name, 0.0))[1]
    return found


def spent(pid: int) -> float:
    """Seconds of processor of a process, none of one that is gone."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


def read_answer(link: socket.socket) -> bytes:
    """One HTTP answer with its length in the head."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += link.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += link.recv(65536)
    return head + b"\r\n\r\n" + body


def copy_rate(url: str, source_id: int, events: int) -> tuple[float, float]:
    """Rows a second of COPY into the event table, same shape, one commit; and the microseconds of
    processor a row took in the database."""
    copy = sql.SQL("COPY customers_event ({}) FROM STDIN").format(
        sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    )
    context = '{"library": {"name": "bench", "version": "1"}, "locale": "zh-CN"}'
    with psycopg.connect(url) as link, link.cursor() as cursor:
        now = cursor.execute("SELECT now()").fetchone()
        moment = str(now[0]) if now else ""
        lines = [
            "\t".join([str(source_id), str(uuid.uuid4()), "track", "Fund Viewed"])
            + f"\tc{number % 5_000}\t{moment}\t{moment}"
            + f'\t{{"code": "F{number % 300:03d}", "amount": {number}, "page": "detail"}}'
            + f"\t{context}\n"
            for number in range(events)
        ]
        backend = link.info.backend_pid
        before, began = spent(backend), time.perf_counter()
        with cursor.copy(copy) as stream:
            for start in range(0, events, 1_000):
                stream.write("".join(lines[start : start + 1_000]))
        link.commit()
        seconds = time.perf_counter() - began
        return events / seconds, (spent(backend) - before) / events * 1e6


def store(url: str, source_id: int, count: int, key_days: int | None) -> None:
    """Events of the past 300 days with those keys that are kept, as months of use leave them."""
    from django.db import connections

    from compliance.keeping import Kept
    from compliance.queries import clock_now, kept_for
    from customers.actions.partitions import ensure_partitions
    from customers.queries.events import month_of

    now = clock_now()
    days = (now - timedelta(days=back) for back in range(0, 301, 7))
    ensure_partitions(months={month_of(day) for day in days} | {month_of(now - timedelta(300))})
    keys = key_days or kept_for(Kept.MESSAGE_KEYS, now=now).days
    connections.close_all()
    with psycopg.connect(url, autocommit=True) as link:
        link.execute(STORE, {"count": count, "source": source_id, "keys": keys})
        link.execute("ANALYZE customers_event, customers_eventkey")


if __name__ == "__main__":
    main()
