"""Web, worker and beat run: an event over HTTP moves its customer, and gives and spares a tag."""

import base64
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from compliance.queries import clock_now
from config.supervisor import beat_argv
from customers.actions.sources import create_api_key
from customers.models import Change, Customer, Tagging
from customers.vocabulary import KeyScope
from segments.actions.catalogue import ship_tags
from segments.actions.refresh import refresh
from segments.models import Membership, Segment
from tests.campaigns.sandbox_process import ROOT
from tests.factories import make_people, make_segment
from tests.web_server import WebServer, web_server

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
MOVED_WITHIN = 1.0
TAGGED_WITHIN = 5.0
TAG = "pension_need"
SEARCH = {"event": "search", "properties": {"query": "稳健 养老基金"}}


@pytest.fixture
def ids(transactional_db: None) -> list[int]:
    """Who searches, who searches and objects to being chosen by his data, who views a fund."""
    now = clock_now()
    people = make_people(3, now=now)
    ship_tags(now=now)
    refresh(segment=Segment.objects.get(tag__key=TAG), now=now)
    refresh(
        segment=make_segment("seen", {"event": "fund_viewed", "within_days": 7}, now=now), now=now
    )
    return people


@pytest.fixture
def web(ids: list[int], process_environment: dict[str, str]) -> Iterator[WebServer]:
    """A web server, a worker of one process that sees to segments alone, and a beat."""
    celery = [sys.executable, "-m", "celery", "-A", "config.worker", "worker", "--concurrency=1"]
    with (
        web_server(process_environment) as running,
        child([*celery, "--queues=segments", "--without-mingle"], process_environment),
        child(beat_argv(), process_environment),
    ):
        yield running


@contextmanager
def child(argv: list[str], environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(argv, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def seconds_until(holds: Callable[[], bool], *, at_most: float) -> float:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() < began + at_most, "in vain"
        time.sleep(0.02)
    return time.monotonic() - began


def patience() -> float:
    """How much slower the clock runs for each who shares the processors now."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def test_an_event_over_http_moves_its_customer_and_three_searches_give_the_tag(
    ids: list[int], web: WebServer
) -> None:
    secret = create_api_key(name="app", scope=KeyScope.INGEST, now=clock_now()).secret
    searching, objecting, viewing = ids
    Customer.objects.filter(pk=objecting).update(personalise_off=True)

    def post(customer: int, *calls: dict[str, object]) -> None:
        number = f"P{ids.index(customer):05d}"
        batch = [{"type": "track", "userId": number, **call} for call in calls]
        token = base64.b64encode(f"{secret}:".encode()).decode()
        head = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        body = json.dumps({"batch": batch}).encode()
        urllib.request.urlopen(
            urllib.request.Request(f"{web.address}/v1/batch", body, head)
        ).close()

    def is_in() -> bool:
        return Membership.objects.filter(customer_id=viewing, segment__key="seen").exists()

    def is_tagged() -> bool:
        return Tagging.objects.filter(customer_id=searching, tag=TAG).exists()

    # Both ends are warm, and nobody is tagged too early.
    post(searching, SEARCH, SEARCH)
    post(objecting, SEARCH, SEARCH, SEARCH)
    seconds_until(lambda: not Change.objects.exists(), at_most=60)
    assert not is_tagged()

    post(viewing, {"event": "fund_viewed"})
    moved = seconds_until(is_in, at_most=60)
    post(searching, SEARCH)
    tagged = seconds_until(is_tagged, at_most=60)

    assert moved <= MOVED_WITHIN * patience()
    assert tagged <= TAGGED_WITHIN * patience()
    assert list(Tagging.objects.filter(tag=TAG).values_list("customer_id", flat=True)) == [
        searching
    ]
    (stay,) = Membership.objects.filter(segment__key="seen")
    assert (stay.customer_id, stay.entered_why) == (viewing, "event:fund_viewed")
