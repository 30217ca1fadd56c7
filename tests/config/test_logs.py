"""One JSON line a record, with the request's id and nobody's address."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.test import Client

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Refused
from campaigns.tasks import advance_tick, dispatch_tick, enrol_tick
from config.logs import HEADER, JsonLines
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_template,
    send_node,
)

PLANTED = ("person0@example.com", "13800000000")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What leaves by the log, at its most talkative."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield told
    root.removeHandler(handler)
    root.setLevel(level)


def documents(told: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in told.getvalue().splitlines()]


def test_a_record_is_one_line_with_its_traceback(lines: io.StringIO) -> None:
    log = logging.getLogger("campaigns.tasks")
    try:
        raise ValueError("mail to person0@example.com\nfailed for +8613800000000")
    except ValueError:
        log.exception("call of %s\nfailed", "138 0000 0000")

    (told,) = documents(lines)

    assert (told["level"], told["logger"]) == ("ERROR", "campaigns.tasks")
    assert told["message"] == "call of ***\nfailed"
    assert "Traceback" in str(told["error"])
    assert "person0" not in lines.getvalue()
    assert "0000000" not in lines.getvalue()


def test_the_anchors_of_the_audit_chain_are_told_digit_by_digit(lines: io.StringIO) -> None:
    logging.getLogger("compliance.audit").info("audit head 123456789 0123456789")

    assert documents(lines)[0]["message"] == "audit head 123456789 0123456789"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "is_kept"),
    [("abcdef-12345", True), ('a"b\nc', False), ("x" * 65, False), ("tel-13800138000", False)],
)
def test_a_request_has_an_id_that_its_lines_carry(
    lines: io.StringIO, given: str, is_kept: bool
) -> None:
    answer = Client().get("/no-such-page", headers={HEADER: given})

    (told,) = [line for line in documents(lines) if line["logger"] == "django.request"]
    assert told["request"] == answer[HEADER]
    assert (answer[HEADER] == given) is is_kept


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/v1/track13800138000", "/r/phone=%252B8613800138000", "/u/zoe%2540c.example"]
)
def test_an_address_that_is_none_is_logged_without_whom_it_names(
    lines: io.StringIO, path: str
) -> None:
    Client().get(path)

    (told,) = [line for line in documents(lines) if line["logger"] == "django.request"]
    assert str(told["message"]).startswith("Not Found: /")
    assert not any(planted in lines.getvalue() for planted in ("13800138000", "zoe"))


@pytest.mark.django_db
def test_nobody_stands_in_the_log_of_a_whole_story(
    lines: io.StringIO, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_memory_account(
        monkeypatch,
        script=lambda m: Refused(key=m.key, code="bad", message=f"{m.address} {PLANTED[1]}"),
    )
    make_template(parts={"text": "Hello person0@example.com, call 13800000000"})
    make_people(3)
    make_segment()
    journey = make_journey(graph_of(send_node()))
    enrol(journey=journey, now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    for tick in (enrol_tick, advance_tick, dispatch_tick):
        tick()
    Client().post(
        "/v1/identify",
        data={"userId": "P00000", "traits": {"email": PLANTED[0], "phone": PLANTED[1]}},
        content_type="application/json",
    )
    Client().get(f"/no-such-page?email={PLANTED[0]}&phone={PLANTED[1]}")
    said = lines.getvalue() + "".join(capsys.readouterr())

    # Silence would prove nothing: both the stations and the doors have spoken.
    assert {told["logger"] for told in documents(lines)} >= {"campaigns.tasks", "django.request"}
    assert len(documents(lines)) >= 3
    for planted in PLANTED:
        assert planted not in said


@pytest.mark.django_db
def test_a_worker_logs_by_the_same_form(process_environment: dict[str, str]) -> None:
    program = (
        "from config.celery import app\n"
        "app.log.setup(loglevel='INFO')\n"
        "import logging\n"
        "logging.getLogger('celery.worker').warning('for person0@example.com')\n"
        # Of each tick that was received and went well nothing is said.
        "logging.getLogger('celery.worker.strategy').info('received')\n"
        "logging.getLogger('celery.app.trace').info('succeeded')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import django\ndjango.setup()\n{program}"],
        env={**process_environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    (told,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert told["message"] == "for ***"
