"""Connections that break at the worst moment cost no message and double none (G1, G3, G15).

A proxy stands between the workers and the provider, then between the workers and PostgreSQL.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import pytest
from django.db import connections

from campaigns.channels.base import Channel
from campaigns.models import Touch
from config.chaos.reconcile import read_ledger
from tests.campaigns.sandbox_process import SandboxProcess
from tests.chaos.proxy import Mode, Proxy
from tests.chaos.sizes import TIMES
from tests.chaos.workers import NO_DATABASE, Workers
from tests.chaos.worlds import CHANNELS, launch, open_accounts, open_touches, violations
from tests.factories import (
    NOW,
    graph_of,
    lift_contact_rules,
    make_journey,
    make_people,
    make_segment,
    make_template,
    send_node,
)

PEOPLE = 4 * TIMES
LATER = timedelta(minutes=2)
RESETS = 20 * TIMES
# What a worker may say of a message whose connection broke so, and whether the provider has it.
EXPECTED = {
    Mode.DELAY: ({"accepted", "delivered"}, True),
    Mode.REFUSE: ({"deferred", "ambiguous"}, False),
    Mode.BLACKHOLE: ({"ambiguous", "deferred"}, False),
    Mode.HALF_CLOSE: ({"ambiguous"}, True),
    Mode.CUT: ({"ambiguous"}, True),
    Mode.DRIP: ({"ambiguous"}, True),
}


@pytest.mark.slow
def test_no_way_to_break_a_connection_to_the_provider_doubles_or_loses_a_message(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    sandbox = SandboxProcess(tmp_path)
    url = sandbox.ports["sms_url"]
    try:
        with Proxy.before(url) as proxy:
            open_accounts(sandbox, sms_url=proxy.instead_of(url), deadline_seconds="1")
            lift_contact_rules()
            make_template(Channel.SMS)
            make_people(PEOPLE, channels=[Channel.SMS])
            make_segment()
            with Workers(process_environment) as workers:
                for number, (mode, (states, has_it)) in enumerate(EXPECTED.items()):
                    make_journey(graph_of(send_node(Channel.SMS)), key=f"wire-{number}")
                    now = NOW + number * 10 * LATER
                    proxy.mode = mode
                    assert workers.run(now) == 0

                    found = Touch.objects.filter(journey__key=f"wire-{number}")
                    assert {touch.state for touch in found} <= states, mode
                    keys = {touch.key.hex for touch in found}
                    taken = keys & accepts(sandbox).keys()
                    assert taken == (keys if has_it else set()), mode

                    proxy.mode = Mode.PASS
                    for life in range(1, 6):
                        assert workers.run(now + life * LATER) == 0
                    assert open_touches() == 0, mode

        assert accepts(sandbox) == Counter({key.hex: 1 for key in all_keys()})
    finally:
        sandbox.stop()


@pytest.mark.slow
def test_a_database_that_drops_its_connections_costs_no_message_and_doubles_none(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    live = connections["default"].settings_dict
    name = f".s.PGSQL.{live['PORT'] or 5432}"
    behind = Path(live["HOST"]) / name if str(live["HOST"]).startswith("/") else None
    if behind is None:
        pytest.skip("PostgreSQL is not reached by a Unix socket here")
    sandbox = SandboxProcess(tmp_path)
    try:
        open_accounts(sandbox)
        launch(20 * PEOPLE)
        # A socket's path may not be long.
        with (
            TemporaryDirectory(prefix="ts-", dir="/tmp") as folder,
            Proxy(behind, listen=Path(folder) / name) as proxy,
        ):
            shaky = process_environment["DATABASE_URL"].replace(
                quote(str(live["HOST"]), safe=""), quote(folder, safe="")
            )
            with Workers({**process_environment, "DATABASE_URL": shaky}) as workers:
                ends: Counter[int] = Counter()
                with cutting(proxy):  # however fast the machine, this one meets a reset
                    ends[workers.run(NOW)] += 1
                for life in range(RESETS):
                    cut = threading.Timer(0.05 + 0.02 * life, proxy.reset_all)
                    cut.start()
                    ends[workers.run(NOW + life * LATER)] += 1
                    cut.join()
                # On a slow machine the wires may have broken before anybody was let in.
                while open_touches() or Touch.objects.count() < 20 * PEOPLE * len(CHANNELS):
                    life += 1
                    assert life < 2 * RESETS
                    assert workers.run(NOW + life * LATER) == 0

        assert set(ends) <= {0, NO_DATABASE}
        assert ends[NO_DATABASE] > 0
        assert violations(sandbox) == []
    finally:
        sandbox.stop()


@contextmanager
def cutting(proxy: Proxy) -> Iterator[None]:
    """Reset what goes through, again and again."""
    over = threading.Event()

    def cut() -> None:
        while not over.wait(0.02):
            proxy.reset_all()

    cutter = threading.Thread(target=cut)
    cutter.start()
    try:
        yield
    finally:
        over.set()
        cutter.join()


def accepts(sandbox: SandboxProcess) -> Counter[str]:
    sandbox.post("/flush", {})
    return Counter(read_ledger(sandbox.ledger_path).accepts)


def all_keys() -> list[object]:
    return list(Touch.objects.values_list("key", flat=True))
