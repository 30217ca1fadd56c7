"""Does a slow provider slow the others, and does a long queue slow dispatch?

    PYTHONPATH=. python bench/dispatch_scale.py [--messages N] [--queued Q] [--workers 2]

Two JSON lines. {"bench": "dispatch_beside_slow", "alone_per_second", "beside_per_second", "ratio"}:
e-mail by itself, and while every answer to as many text messages takes two seconds, medians of
three turns (bound: ratio >= 0.9). {"bench": "dispatch_queue", "short", "long", "short_per_second",
"long_per_second", "ratio"}: the first N text messages of a queue of N, and of one of Q (bound:
flat).
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

os.environ["TOUCHSTONE_SPACE"] = "bench"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.db import connection  # noqa: E402

from bench import dispatch, dispatch_raw  # noqa: E402
from campaigns.actions.advance import BATCH  # noqa: E402
from campaigns.channels.base import Channel  # noqa: E402
from config.replay import build, space  # noqa: E402
from config.replay.staff import hire  # noqa: E402

# As many more enrolments of the journey's customers as it takes, each with its touch, in batches
# of 500: what advancing them would have written, without its hours.
LENGTHEN = """
WITH more AS (
    INSERT INTO campaigns_enrolment (
        version_id, journey_id, customer_id, entry_no, state, node, visit, hops, visits, due_at,
        lease_owner, fence, attempts, error, exit_reason, entered_at)
    SELECT e.version_id, e.journey_id, e.customer_id, e.entry_no + g.n, 'exited', e.node, e.visit,
           e.hops, e.visits, NULL, '', 0, 0, '', '', e.entered_at
    FROM campaigns_enrolment e
    JOIN campaigns_journey j ON j.id = e.journey_id AND j.key = %(key)s
    CROSS JOIN generate_series(1, %(times)s) AS g (n)
    RETURNING id, journey_id, customer_id
), numbered AS (
    SELECT more.*, row_number() OVER (ORDER BY id) AS position FROM more
), one AS (
    SELECT t.* FROM campaigns_touch t JOIN campaigns_journey j ON j.id = t.journey_id
    WHERE j.key = %(key)s LIMIT 1
), batches AS (
    INSERT INTO campaigns_dispatchbatch (
        account_id, journey_id, due_at, lease_owner, fence, attempts, needs_person, created_at)
    SELECT one.account_id, one.journey_id, one.due_at + g.n * interval '1 ms', '', 0, 0, false,
           one.queued_at
    FROM one, generate_series(0, (SELECT max(position) FROM numbered) / 500) AS g (n)
    RETURNING id
), places AS (
    SELECT id, row_number() OVER (ORDER BY id) AS position FROM batches
)
INSERT INTO campaigns_touch (
    key, enrolment_id, journey_id, node, visit, customer_id, channel, purpose, account_id, batch_id,
    template_version_id, state, reason, verdict, content_hash, fence, attempts, may_be_sent, due_at,
    expires_at, provider_id, segments, cost, currency, queued_at)
SELECT gen_random_uuid(), numbered.id, numbered.journey_id, one.node, 1, numbered.customer_id,
       one.channel, one.purpose, one.account_id, places.id, one.template_version_id, 'queued', '',
       '{}', '', 0, 0, false, one.due_at, one.expires_at, '', 0, 0, one.currency, one.queued_at
FROM numbered
JOIN places ON places.position = numbered.position / 500 + 1
CROSS JOIN one
"""
TURNS = 3
# Cheap, unlike a look at a million touches, which would cost the workers their processor.
SETTLED = """
SELECT count(*) FROM campaigns_dispatchbatch b JOIN campaigns_journey j ON j.id = b.journey_id
WHERE j.key = %s AND b.due_at IS NULL
"""
FIRST = """
SELECT count(*), extract(epoch FROM max(accepted_at) - min(handed_at)) FROM (
    SELECT accepted_at, handed_at FROM campaigns_touch t
    JOIN campaigns_journey j ON j.id = t.journey_id
    WHERE j.key = %s AND accepted_at IS NOT NULL ORDER BY accepted_at LIMIT %s) first
"""


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--queued", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    told = parser.parse_args()
    space.renew()
    hire()
    with (
        tempfile.TemporaryDirectory() as folder,
        dispatch_raw.sandbox("none") as ports,
        dispatch_raw.sandbox("slow=1") as slow,
    ):
        prepare(Path(folder), told.messages, ports)
        report(beside_slow(Path(folder), told, ports, slow))
        open_accounts(ports)
        report(long_queue(Path(folder), told))


def prepare(folder: Path, messages: int, ports: Mapping[str, str]) -> None:
    """Accounts, templates and customers."""
    open_accounts(ports)
    build.loosen_rules()
    build.approve_templates()
    dispatch.bring_customers(folder, messages)


def open_accounts(ports: Mapping[str, str]) -> None:
    """All accounts point at this sandbox."""
    account = asyncio.run(build.service_account(ports))
    build.open_accounts(ports, account, "sandbox-receipt-secret", dispatch_raw.API_SECRET)


def beside_slow(
    folder: Path, told: argparse.Namespace, ports: Mapping[str, str], slow: Mapping[str, str]
) -> dict[str, object]:
    """E-mail alone, then with text messages by the slow sandbox queued before it.

    In turns, since one run of some seconds tells little on a machine that others use.
    """
    alone, beside = [], []
    for turn in range(TURNS):
        open_accounts(ports)
        alone.append(dispatch.run(Channel.EMAIL, f"alone-{turn}", folder, told.workers, ports))
        open_accounts({**ports, "sms_url": slow["sms_url"]})
        dispatch.queue(Channel.SMS, f"bench-slow-{turn}")
        beside.append(dispatch.run(Channel.EMAIL, f"beside-{turn}", folder, told.workers, ports))
        with connection.cursor() as cursor:
            cursor.execute("UPDATE campaigns_dispatchbatch SET due_at = NULL")
    return {
        "bench": "dispatch_beside_slow",
        "alone_per_second": round(told.messages / median(alone)),
        "beside_per_second": round(told.messages / median(beside)),
        "ratio": round(median(alone) / median(beside), 3),
    }


def long_queue(folder: Path, told: argparse.Namespace) -> dict[str, object]:
    """The first messages of a short queue and of a long one."""
    short = first(folder, told, "bench-short", 0)
    times = told.queued // told.messages - 1
    long = first(folder, told, "bench-long", times)
    return {
        "bench": "dispatch_queue",
        "short": told.messages,
        "long": (times + 1) * told.messages,
        "short_per_second": round(short),
        "long_per_second": round(long),
        "ratio": round(long / short, 3),
    }


def first(folder: Path, told: argparse.Namespace, key: str, times: int) -> float:
    """Messages a second over the first N of the queue."""
    dispatch.queue(Channel.SMS, key)
    with connection.cursor() as cursor:
        if times:
            cursor.execute(LENGTHEN, {"key": key, "times": times})
        # A queue that long was filled over hours: autovacuum and the checkpoints are done with it.
        cursor.execute(
            "VACUUM (ANALYZE) campaigns_touch, campaigns_enrolment, campaigns_dispatchbatch"
        )
        cursor.execute("CHECKPOINT")
    with dispatch.standing(key, folder, told.workers):
        dispatch.go_on(key)
        give_up = time.monotonic() + 600
        while time.monotonic() < give_up:
            with connection.cursor() as cursor:
                cursor.execute(SETTLED, [key])
                (settled,) = cursor.fetchone()
                if settled * BATCH >= told.messages:
                    cursor.execute(FIRST, [key, told.messages])
                    accepted, seconds = cursor.fetchone()
                    if accepted >= told.messages:
                        return accepted / float(seconds)
            time.sleep(0.5)
    raise SystemExit(f"{key}: fewer than {told.messages} accepted after 600 s.")


def report(line: dict[str, object]) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
