"""A small campaign against a real sandbox, for proofs that break it at a chosen place."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from campaigns.channels.base import Channel
from campaigns.models import Touch
from config.chaos.reconcile import Row, read_ledger, reconcile
from customers.models import Customer
from customers.queries.database import rows
from tests.campaigns.sandbox_process import SandboxProcess
from tests.factories import (
    graph_of,
    make_account,
    make_journey,
    make_people,
    make_segment,
    make_template,
    send_node,
)

ALONE = ("DATABASE_URL", "REDIS_URL", "TOUCHSTONE_SPACE")
CHANNELS = (Channel.SMS, Channel.EMAIL)
_TOUCHES = """
SELECT replace(t.key::text, '-', ''), c.customer_no, t.node, t.state, t.reason
FROM campaigns_touch t JOIN customers_customer c ON c.id = t.customer_id
"""


def open_accounts(sandbox: SandboxProcess, *, sms_url: str = "", **options: str) -> None:
    """A text message and an e-mail account at the sandbox; both can be asked."""
    secret = {"api_secret": "sandbox-api-secret", "receipt_secret": "sandbox-receipt-secret"}
    settle = {"settle_seconds": "6", "deadline_seconds": "5", **options}
    make_account(
        Channel.SMS,
        vendor="http_sms",
        base_url=sms_url or sandbox.ports["sms_url"],
        options=settle,
        secrets=secret,
    )
    make_account(
        Channel.EMAIL,
        vendor="smtp",
        base_url=sandbox.ports["smtp_url"],
        options={**settle, "lookup_url": sandbox.ports["email_lookup_url"]},
        secrets={**secret, "lookup_secret": "sandbox-api-secret"},
    )


def launch(people: int, journeys: Sequence[str] = ("spring",)) -> None:
    """Everybody gets a text message and an e-mail of every journey."""
    for channel in CHANNELS:
        make_template(channel)
    make_people(people, channels=list(CHANNELS))
    make_segment()
    for key in journeys:
        send_both(key)


def send_both(key: str) -> None:
    """A journey that sends a text message and an e-mail to everybody."""
    make_journey(
        graph_of(*(send_node(channel, key=channel.value) for channel in CHANNELS)), key=key
    )


def violations(sandbox: SandboxProcess) -> list[str]:
    """What is wrong after all is done, for one journey; every customer was to get all."""
    sandbox.post("/flush", {})
    found = [
        Row(key=key, place=(number, node), state=state, reason=reason)
        for key, number, node, state, reason in rows(_TOUCHES, {})
    ]
    numbers = Customer.objects.values_list("customer_no", flat=True)
    due = [(number, channel.value) for number in numbers for channel in CHANNELS]
    ledger = read_ledger(sandbox.ledger_path)
    return reconcile(expected=due, forbidden=[], rows=found, ledger=ledger).violations


def open_touches() -> int:
    """How many touches are not at an end."""
    open_ones = ("queued", "deferred", "handing_over", "ambiguous")
    return Touch.objects.filter(state__in=open_ones).count()


@contextmanager
def own_servers() -> Iterator[dict[str, str]]:
    """The environment of a process with a PostgreSQL and a Valkey that nobody else uses."""
    with TemporaryDirectory(prefix="ts-", dir="/tmp") as home:
        yield {
            **{name: value for name, value in os.environ.items() if name not in ALONE},
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "TOUCHSTONE_STATE": str(Path(home) / "state"),
            "TOUCHSTONE_GRACE": "1",
        }
