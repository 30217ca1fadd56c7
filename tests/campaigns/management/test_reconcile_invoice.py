"""An invoice beside our touches: each line and touch ends in exactly one finding."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.models import Invoice, InvoiceLine, Touch
from compliance.models import AuditEntry
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

pytestmark = pytest.mark.django_db
DAY = "2026-03-02"


@pytest.fixture
def touches(monkeypatch: pytest.MonkeyPatch) -> list[Touch]:
    """Six e-mails that the provider accepted at 0.01 each."""
    make_memory_account(monkeypatch)
    make_template(Channel.EMAIL)
    make_people(6)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    dispatch_batch(owner="w", now=NOW)
    return list(Touch.objects.order_by("id"))


@pytest.fixture
def reconcile(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def run(*lines: str, name: str = "march.csv") -> dict[str, Any]:
        file = tmp_path / name
        header = "provider_id,key,segments,amount,currency,date"
        file.write_text("\n".join((header, *lines)) + "\n")
        out = StringIO()
        call_command(
            "reconcile_invoice", str(file), "--account", "account-email", "--json", stdout=out
        )
        document: dict[str, Any] = json.loads(out.getvalue())
        return document

    return run


def test_every_line_and_every_touch_ends_in_one_finding(
    touches: list[Touch], reconcile: Callable[..., dict[str, Any]]
) -> None:
    first, second, third, fourth, *_unbilled = touches

    told = reconcile(
        f"{first.provider_id},,1,0.01,CNY,{DAY}",
        f",{second.key},1,0.01,CNY,{DAY}",
        f"{third.provider_id},,1,0.02,CNY,{DAY}",
        f"{fourth.provider_id},,2,0.01,CNY,{DAY}",
        f"{first.provider_id},,1,0.01,CNY,{DAY}",
        f"=nobody's,,1,0.05,CNY,{DAY}",
        f"bad,,1,free,CNY,{DAY}",
    )

    assert told["totals"] == {
        "matched": 2,
        "amount_differs": 1,
        "segments_differ": 1,
        "billed_twice": 1,
        "credited": 0,
        "missing_ours": 1,
        "missing_theirs": 2,
    }
    assert (told["lines_ok"], told["bad_lines"]) == (6, [[8, "bad_amount"]])
    assert (told["their_amount"], told["our_amount"]) == ("0.110000", "0.060000")
    assert {day["on"] for day in told["days"]} == {DAY}
    listed = Counter(found["finding"] for found in told["findings"])
    assert listed == Counter({k: v for k, v in told["totals"].items() if k != "matched"})
    [odd] = [f for f in told["findings"] if f["finding"] == "amount_differs"]
    assert (odd["line"], odd["key"]) == (4, third.key.hex)
    assert (odd["their_amount"], odd["our_amount"]) == ("0.020000", "0.010000")


def test_a_credit_is_set_off_and_makes_no_charge_a_second_one(
    touches: list[Touch], reconcile: Callable[..., dict[str, Any]]
) -> None:
    first, second, *_ = touches

    told = reconcile(
        f"{first.provider_id},,1,-0.01,CNY,{DAY}",
        f"{first.provider_id},,1,0.01,CNY,{DAY}",
        f"{second.provider_id},,1,0.01,CNY,{DAY}",
        f"{second.provider_id},,1,(0.01),CNY,{DAY}",
        f"of-february,,1,-0.03,CNY,{DAY}",
    )

    totals = {name: count for name, count in told["totals"].items() if count}
    assert totals == {"matched": 2, "credited": 3, "missing_theirs": 4}
    assert (told["their_amount"], told["our_amount"]) == ("-0.030000", "0.060000")


def test_the_same_file_again_changes_nothing_and_says_the_same(
    touches: list[Touch], reconcile: Callable[..., dict[str, Any]]
) -> None:
    lines = [f"{touch.provider_id},,1,0.01,CNY,{DAY}" for touch in touches]

    first = reconcile(*lines)
    again = reconcile(*lines, name="march (1).csv")

    assert again == first
    assert first["totals"]["matched"] == 6
    assert (Invoice.objects.count(), InvoiceLine.objects.count()) == (1, 6)
    assert AuditEntry.objects.filter(action="invoice.take").count() == 1


def test_what_another_invoice_of_the_account_bills_is_not_missing(
    touches: list[Touch], reconcile: Callable[..., dict[str, Any]]
) -> None:
    half = [f"{touch.provider_id},,1,0.01,CNY,{DAY}" for touch in touches]
    reconcile(*half[:3], name="a.csv")

    told = reconcile(*half[3:], name="b.csv")

    assert told["totals"]["missing_theirs"] == 0


def test_days_are_those_of_the_houses_zone(
    touches: list[Touch], reconcile: Callable[..., dict[str, Any]]
) -> None:
    # 23:30 UTC is the next morning in Shanghai.
    Touch.objects.update(accepted_at=NOW.replace(hour=23, minute=30))
    next_day = (NOW + timedelta(days=1)).date().isoformat()

    told = reconcile(f"{touches[0].provider_id},,1,0.01,CNY,{next_day}")

    assert {day["on"] for day in told["days"]} == {next_day}
    assert told["totals"]["missing_theirs"] == 5


@pytest.mark.parametrize("content", [b"", b"\x89PNG", b"amount,date\n1,2026-03-02\n"])
def test_a_file_that_is_no_invoice_is_one_clear_error_and_stores_nothing(
    touches: list[Touch], tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(content)

    for account in ("account-email", "nobody"):
        with pytest.raises(CommandError):
            call_command("reconcile_invoice", str(file), "--account", account)

    assert not Invoice.objects.exists()
