"""The stock server clients of Segment and RudderStack, unchanged, against the running server."""

import os
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import rudderstack.analytics.client as rudder
import segment.analytics.client as segment

from compliance.queries import clock_now
from customers.models import Customer, Quarantine
from tests.provide_clients import LISTED, NoClients, installed_clients
from tests.web_server import WebServer

pytestmark = pytest.mark.slow

TOLD = [
    ("identify", "Identified"),
    ("track", "Fund Viewed"),
    ("page", "Page Viewed"),
    ("screen", "Screen Viewed"),
    ("group", "Grouped"),
    ("alias", "Aliased"),
    ("track", "Order Filled"),
]


def drive(client: Any) -> None:
    """Every call of the specification; what the client keeps for later goes out."""
    client.identify("u1", {"name": "张伟", "plan": "gold"}, anonymous_id="a1")
    client.track("u1", "Fund Viewed", {"code": "F012", "amount": 12.5})
    client.page("u1", name="Home", properties={"url": "https://bank.example/?utm_source=x"})
    client.screen("u1", name="Portfolio")
    client.group("u1", "branch-7", {"city": "Wuhan"})
    client.alias("old-1", "u1")
    hour_ago = clock_now() - timedelta(hours=1)
    client.track(anonymous_id="a1", event="Order Filled", timestamp=hour_ago)
    client.flush()
    client.shutdown()


def python_segment(address: str, key: str, *, gzip: bool) -> None:
    failures: list[Any] = []
    client = segment.Client(
        key, host=address, gzip=gzip, on_error=lambda error, _: failures.append(error)
    )
    drive(client)
    assert failures == []


def python_rudder(address: str, key: str) -> None:
    failures: list[Any] = []
    client = rudder.Client(key, host=address, on_error=lambda error, _: failures.append(error))
    drive(client)
    assert failures == []


@pytest.fixture(scope="session")
def node_modules() -> Path:
    try:
        return installed_clients()
    except NoClients as error:
        pytest.skip(str(error))


@pytest.fixture
def node(node_modules: Path) -> Callable[..., None]:
    """Drive one of the npm clients in a Node of its own."""

    def run(client: str, address: str, key: str, **environment: str) -> None:
        argv = ["node", str(LISTED / "drive.cjs"), client, address, key]
        finished = subprocess.run(
            argv,
            env={**os.environ, "NODE_PATH": str(node_modules), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr

    return run


def assert_all_taken(door: Any) -> None:
    """Each call is in the ledger once, under its customer, with its own time."""
    events = door.events()
    assert sorted((event["kind"], event["name"]) for event in events) == sorted(TOLD)
    owner = Customer.objects.get(customer_no="u1")
    assert owner.attributes == {"plan": "gold"}
    assert {event["customer_id"] for event in events} == {owner.pk}
    [order] = [event for event in events if event["name"] == "Order Filled"]
    late = order["received_at"] - order["occurred_at"] - timedelta(hours=1)
    assert abs(late) < timedelta(seconds=30)
    assert Quarantine.objects.count() == 0


@pytest.mark.parametrize("gzip", [False, True])
def test_segments_python_client(web: WebServer, committed_door: Any, gzip: bool) -> None:
    python_segment(web.address, committed_door.secret, gzip=gzip)

    assert_all_taken(committed_door)


def test_rudderstacks_python_client(web: WebServer, committed_door: Any) -> None:
    python_rudder(web.address, committed_door.secret)

    assert_all_taken(committed_door)


@pytest.mark.parametrize("client", ["segment", "rudder"])
def test_node_client(web: WebServer, committed_door: Any, node: Any, client: str) -> None:
    node(client, web.address, committed_door.secret)

    assert_all_taken(committed_door)


def test_event_larger_than_the_limit_does_not_hold_up_its_batch(
    web: WebServer, committed_door: Any, node: Any
) -> None:
    node("rudder", web.address, committed_door.secret, TOO_LARGE="1")

    assert len(committed_door.events()) == len(TOLD)
    assert [held.code for held in Quarantine.objects.all()] == ["too_large"]
