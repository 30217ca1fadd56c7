"""The stock clients with large and odd traffic, by a way that fails: each event is stored once."""

import os
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import rudderstack.analytics.client as rudder
import segment.analytics.client as segment

from compliance.queries import clock_now
from customers.actions.merge import merge_matches
from customers.models import Customer, Quarantine
from customers.queries.identities import find_owners
from tests.customers.api.faulty_way import Fault, faulty_way
from tests.provide_clients import LISTED, NoClients, installed_clients
from tests.web_server import WebServer

pytestmark = pytest.mark.slow

WAYS = {
    "even": [],
    "busy": [Fault.BUSY, Fault.BUSY],
    "lossy": [Fault.UNHEARD, Fault.RESET, Fault.UNHEARD],
    "all": [Fault.RESET, Fault.BUSY, Fault.UNHEARD, Fault.BUSY],
}
WIDE = "沪深300ETF🚀𠮷é" * 600  # near the limit of one event, escaped as these clients do
LARGE = 60


def drive(client: Any) -> None:
    """As `clients/traffic.cjs` does."""
    client.identify(
        "客户-1",
        {"name": "欧阳🚀", "plan": "gold", "nested": {"a": [1, {"b": None}]}, "city": "武汉"},
        anonymous_id="a-1",
        message_id="identify-1",
    )
    client.track("客户-1", "基金 浏览", {"text": WIDE}, message_id="wide")
    client.track(None, "Nobody", {"none": None}, anonymous_id="a-1", message_id="nobody")
    client.screen("客户-1", name="持仓", message_id="screen-1")
    client.group("客户-1", "分行-7", {"size": 3}, message_id="group-1")
    client.alias("old-1", "客户-1", message_id="alias-1")
    for at in range(LARGE):
        told = {"at": at, "text": "x" * 9_000, "list": [at, [at, {"at": at}]]}
        client.track("客户-1", "Large", told, message_id=f"large-{at}")
    client.track("客户-1", "基金 浏览", {"text": WIDE}, message_id="wide")
    client.flush()
    client.shutdown()


def by_python(kind: Any, address: str, key: str, **options: Any) -> None:
    failures: list[Any] = []
    drive(kind.Client(key, host=address, on_error=lambda e, _: failures.append(e), **options))
    assert failures == []


@pytest.fixture(scope="module")
def node_modules() -> Path:
    try:
        return installed_clients()
    except NoClients as error:
        pytest.skip(str(error))


@pytest.fixture
def node(node_modules: Path) -> Callable[..., None]:
    def run(client: str, address: str, key: str, **environment: str) -> None:
        finished = subprocess.run(
            ["node", str(LISTED / "traffic.cjs"), client, address, key],
            env={**os.environ, "NODE_PATH": str(node_modules), **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr

    return run


def assert_each_once(door: Any) -> None:
    events = door.events()
    wanted = ["identify-1", "wide", "nobody", "screen-1", "group-1", "alias-1"]
    wanted += [f"large-{at}" for at in range(LARGE)]
    assert Counter(event["message_id"] for event in events) == Counter(wanted)
    assert Quarantine.objects.count() == 0
    merge_matches(now=clock_now())  # the tick, for what was stored while the customer was made
    events = door.events()
    told = {event["message_id"]: event for event in events}
    owner = Customer.objects.get(customer_no="客户-1")
    assert {event["customer_id"] for event in events} == {owner.pk}
    assert (told["wide"]["name"], owner.city) == ("基金 浏览", "武汉")
    assert WIDE in str(told["wide"]["properties"])
    assert '"list"' in str(told["large-59"]["properties"]).replace("'", '"')
    assert '"b"' in str(told["identify-1"]["properties"]).replace("'", '"')
    assert find_owners(["old-1"])["old-1"].customer_id == owner.pk


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("gzip", [False, True])
def test_segments_python_client(web: WebServer, committed_door: Any, way: str, gzip: bool) -> None:
    with faulty_way(web.port, WAYS[way]) as passed:
        by_python(segment, passed.address, committed_door.secret, gzip=gzip)

    assert_each_once(committed_door)
    assert passed.answers[: len(WAYS[way])] == WAYS[way]


@pytest.mark.parametrize("way", WAYS)
def test_rudderstacks_python_client(web: WebServer, committed_door: Any, way: str) -> None:
    with faulty_way(web.port, WAYS[way]) as passed:
        by_python(rudder, passed.address, committed_door.secret, upload_size=15)

    assert_each_once(committed_door)
    assert passed.answers[: len(WAYS[way])] == WAYS[way]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("client", ["segment", "rudder"])
def test_node_client(web: WebServer, committed_door: Any, node: Any, client: str, way: str) -> None:
    with faulty_way(web.port, WAYS[way]) as passed:
        node(client, passed.address, committed_door.secret)

    assert_each_once(committed_door)
    assert passed.answers[: len(WAYS[way])] == WAYS[way]


@pytest.mark.parametrize("hours", ["-9", "7"])
@pytest.mark.parametrize("client", ["segment", "rudder"])
def test_node_client_whose_clock_is_hours_wrong(
    web: WebServer, committed_door: Any, node: Any, client: str, hours: str
) -> None:
    began = clock_now()

    node(client, web.address, committed_door.secret, SKEW_HOURS=hours)

    assert_each_once(committed_door)
    for event in committed_door.events():
        assert abs(event["occurred_at"] - began) < timedelta(minutes=2), event["message_id"]
