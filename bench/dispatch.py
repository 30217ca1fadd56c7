"""Dispatch throughput, from queued row to recorded accept, beside the raw limit of the same run.

    PYTHONPATH=. python bench/dispatch.py [--messages N] [--workers 2]

For each channel: N customers in one journey of one send node, all touches queued while it is
paused; once web and workers stand it goes on, and the clock runs from the first hand-over to the
last accept that is on record, with Celery workers, web, beat and sandbox on the same machine. Then
the same number of ready messages is pushed at a sandbox by a bare async client, which takes no
receipts either; a second run of the product takes them while it sends. One JSON line a channel:
{"bench", "channel", "messages", "seconds", "per_second", "raw_per_second", "ratio",
"with_receipts_per_second", "record_us", "ceiling_per_second", "ceiling_ratio",
"required_per_second"}: the ceiling is what could be had if to the bare client nothing were added
but the two records of a touch that keep it from being sent twice or lost. For SMS also
"raw_one_by_one_per_second" and "ratio_one_by_one", since 200 ready messages a request cost the bare
client a sixth of one by one; for e-mail "smtplib_per_second" and "ratio_smtplib": what the standard
library's client pushes over as many connections, while the bare one writes ready envelopes ahead of
the answers.
"""

import argparse
import asyncio
import csv
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

os.environ["TOUCHSTONE_SPACE"] = "bench"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.db import connection, connections  # noqa: E402

from bench import dispatch_raw  # noqa: E402
from bench.world.records import ceiling, seconds_to_record  # noqa: E402
from bench.world.settled import settle  # noqa: E402
from campaigns.actions.advance import advance  # noqa: E402
from campaigns.actions.enrol import enrol  # noqa: E402
from campaigns.actions.launch import (  # noqa: E402
    pause,
    publish,
    resume,
    review,
    save_draft,
    submit,
)
from campaigns.channels.base import Channel  # noqa: E402
from campaigns.models import Journey  # noqa: E402
from campaigns.tasks import dispatch_tick  # noqa: E402
from compliance.bells import ring  # noqa: E402
from compliance.queries import clock_now  # noqa: E402
from compliance.roles import Role  # noqa: E402
from config.replay import agent, build, space  # noqa: E402
from config.replay.staff import hire, person  # noqa: E402
from config.supervisor import Supervisor  # noqa: E402
from customers.actions.import_customers import ConsentTerms, import_customers  # noqa: E402
from customers.queries.database import rows  # noqa: E402
from segments.actions.save import save_segment  # noqa: E402

REQUIRED = {Channel.EMAIL: 700, Channel.SMS: 2000, Channel.PUSH: 2000}
TEMPLATE = {
    Channel.EMAIL: "hillstrom-mens",
    Channel.SMS: "deposit-sms",
    Channel.PUSH: "deposit-push",
}
TIMES = """
SELECT count(*), count(accepted_at), extract(epoch FROM max(accepted_at) - min(handed_at))
FROM campaigns_touch t JOIN campaigns_journey j ON j.id = t.journey_id WHERE j.key = %s
"""


def main() -> None:
    """Measure each channel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    told = parser.parse_args()
    space.renew()
    hire()
    with tempfile.TemporaryDirectory() as folder:
        product = measure_product(Path(folder), told.messages, told.workers)
    for channel, (seconds, with_receipts, record) in product.items():
        raw = measure_raw(channel, told.messages)
        most = ceiling(raw, record)
        rate = told.messages / seconds
        line = {
            "bench": "dispatch",
            "channel": channel.value,
            "messages": told.messages,
            "seconds": round(seconds, 2),
            "per_second": round(rate),
            "raw_per_second": round(raw),
            "ratio": round(rate / raw, 3),
            "with_receipts_per_second": round(told.messages / with_receipts),
            "record_us": round(record * 1e6, 1),
            "ceiling_per_second": round(most),
            "ceiling_ratio": round(most / raw, 3),
            "required_per_second": REQUIRED[channel],
        }
        if channel is Channel.EMAIL:
            stock = measure_smtplib(told.messages)
            line |= {
                "smtplib_per_second": round(stock),
                "ratio_smtplib": round(rate / stock, 3),
            }
        if channel is Channel.SMS:
            single = measure_raw(channel, told.messages, sms_per_request=1)
            line |= {
                "raw_one_by_one_per_second": round(single),
                "ratio_one_by_one": round(rate / single, 3),
            }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def measure_raw(channel: Channel, messages: int, *, sms_per_request: int = 200) -> float:
    """Messages a second that a bare client gets accepted."""
    with dispatch_raw.sandbox("none") as ports:
        ready = dispatch_raw.build_messages(channel.value, messages)
        pushed = dispatch_raw.push_bare(channel.value, ready, ports, sms_per_request)
        return messages / asyncio.run(pushed)


def measure_smtplib(messages: int) -> float:
    """Messages a second that the standard library's client gets accepted."""
    with dispatch_raw.sandbox("none") as ports:
        ready = dispatch_raw.build_messages(Channel.EMAIL.value, messages)
        return messages / dispatch_raw.push_mail_by_smtplib(ready, int(ports["smtp_port"]))


def measure_product(
    folder: Path, messages: int, workers: int
) -> dict[Channel, tuple[float, float, float]]:
    """Seconds of each channel through the running product, without receipts and with them; and
    seconds of the processor that writing down one touch takes."""
    with dispatch_raw.sandbox("none") as ports:
        account = asyncio.run(build.service_account(ports))
        build.open_accounts(ports, account, "sandbox-receipt-secret", dispatch_raw.API_SECRET)
        build.approve_templates()
        build.loosen_rules()
        bring_customers(folder, messages)
        bare = {channel: run(channel, "bare", folder, workers, ports) for channel in REQUIRED}
        full = {channel: run(channel, "full", folder, workers, ports) for channel in REQUIRED}
        record = {channel: seconds_to_record(f"bench-{channel}-bare") for channel in REQUIRED}
        return {one: (bare[one], full[one], record[one]) for one in REQUIRED}


def run(channel: Channel, kind: str, folder: Path, workers: int, ports: Mapping[str, str]) -> float:
    """Seconds for one journey's touches; receipts come in the ``full`` kind only."""
    key = f"bench-{channel}-{kind}"
    queue(channel, key)
    with standing(key, folder, workers) as supervisor:
        if kind == "full":
            hooks = f"{supervisor.url}/hooks"
            asyncio.run(agent.send_receipts_to(ports["http_url"], hooks))
        go_on(key)
        return wait(key)


@contextmanager
def standing(key: str, folder: Path, workers: int) -> Iterator[Supervisor]:
    """Web, workers and beat, all started and at rest, while the journey is paused.

    Starting them takes seconds of the processors, which would be counted as dispatching.
    """
    journey = Journey.objects.get(key=key)
    pause(journey=journey, actor=person(Role.MARKETER), now=clock_now())
    seen = rows("SELECT count(*) FROM campaigns_pulse", {})[0][0]
    connections.close_all()
    with Supervisor(port=0, workers=workers, log_dir=folder) as supervisor:
        give_up = time.monotonic() + 60
        while rows("SELECT count(*) FROM campaigns_pulse", {})[0][0] == seen:
            if time.monotonic() > give_up:
                raise SystemExit("no worker looked for work within 60 s.")
            time.sleep(0.1)
        time.sleep(2)
        yield supervisor


def go_on(key: str) -> None:
    """Resume the journey and ring, as whoever queues touches does."""
    resume(journey=Journey.objects.get(key=key), actor=person(Role.MARKETER), now=clock_now())
    ring(dispatch_tick)


def bring_customers(folder: Path, messages: int) -> None:
    """N customers with every kind of address, all consenting, and nothing else left to do."""
    path = folder / "customers.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(("customer_no", "email", "phone", "push_token"))
        for number in range(messages):
            writer.writerow(
                (f"X{number}", f"x{number}@example.com", f"+86199{number:08d}", f"device-{number}")
            )
    import_customers(
        path=path,
        consents=ConsentTerms(channels=("email", "sms", "push"), notice_version="bench"),
        now=clock_now(),
    )
    settle()
    save_segment(
        key="all",
        name="Everyone",
        rule={"everyone": True},
        description="",
        author=person(Role.MARKETER),
        now=clock_now(),
    )


def queue(channel: Channel, key: str) -> None:
    """Publish a journey of one send node and advance everybody: the touches stand queued."""
    graph = {
        "name": channel.value,
        "nodes": [
            {"id": "in", "type": "entry", "segment": "all"},
            {"id": "go", "type": "send", "channel": channel, "template": TEMPLATE[channel]},
        ],
        "edges": [["in", "go"]],
    }
    maker, checker, now = person(Role.MARKETER), person(Role.CHECKER), clock_now()
    version = save_draft(journey_key=key, name=key, graph=graph, maker=maker, now=now)
    journey = version.journey
    submit(journey=journey, version=version, maker=maker, now=now)
    review(journey=journey, version=version, checker=checker, approve=True, opinion="", now=now)
    publish(journey=journey, actor=maker, now=now)
    enrol(journey=journey, now=clock_now())
    while advance(owner="bench", now=clock_now()).claimed:
        pass


def wait(key: str) -> float:
    """Until every touch of the journey is accepted: the seconds it took."""
    give_up = time.monotonic() + 600
    while time.monotonic() < give_up:
        with connection.cursor() as cursor:
            cursor.execute(TIMES, [key])
            queued, accepted, seconds = cursor.fetchone()
        if accepted == queued:
            return float(seconds)
        time.sleep(0.5)
    raise SystemExit(f"{key}: {accepted} of {queued} touches accepted after 600 s.")


if __name__ == "__main__":
    main()
