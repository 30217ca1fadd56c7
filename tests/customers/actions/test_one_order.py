"""Whoever writes many customers meets a file half-way, and neither is broken off.

A file goes through its rows by their numbers: whoever went by our ids, or in the order of a plan,
would hold what the file waits for and wait for what it holds.
"""

import csv
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from customers.actions import derived, release
from customers.actions.consents import withdraw
from customers.actions.derived import Derived, put_derived, put_lifecycles
from customers.actions.import_jobs import ImportStatus
from customers.actions.load_file import load_file
from customers.actions.merge import decide_merge, propose_merge
from customers.actions.people import Person, put_people
from customers.actions.personalisation import refuse_personalisation
from customers.actions.tags import give_tag, let_give
from customers.models import Customer
from customers.vocabulary import AttributeType, TagSource
from segments.models import Refresh
from segments.queries.values import write_values
from tests.beside import Beside
from tests.factories import NOW, make_staff, say_consent

LATER = NOW + timedelta(minutes=5)
SCORE = Derived(key="score", type=AttributeType.NUMBER, label_en="score", label_zh="分数")
TOLD: Mapping[str, Mapping[str, str]] = {
    "kyc": {"level": "standard", "aml_hold": "yes", "checked_on": str(NOW.date())},
    "tags": {"tag": "vip", "told_at": NOW.isoformat()},
    "risk_assessments": {"assessed_at": NOW.isoformat(), "level": "C3"},
}
Act = Callable[[list[int]], object]


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def make(number: str, **attributes: str) -> int:
    """As a file's batch does."""
    person = Person(customer_no=number, columns={"city": "Ningbo"}, attributes=attributes)
    return put_people(people=[person], source="crm", may_replace_contacts=True, now=NOW)[number]


def score_all(ids: list[int]) -> None:
    put_derived(fields=[SCORE], values=[(one, {"score": 7.0}) for one in ids], now=LATER)


def judge_all(ids: list[int]) -> None:
    put_lifecycles(stages=[(one, "成熟") for one in ids], now=LATER)


def merge_all(ids: list[int]) -> None:
    staff = make_staff()
    proposal = propose_merge(customer_ids=ids, maker=staff.checker, now=NOW)
    decide_merge(proposal=proposal, checker=staff.compliance, approve=True, now=LATER)


def say_all(ids: list[int]) -> None:
    say_consent(ids, ["sms"])


def tag_all(ids: list[int]) -> None:
    give_tag(customer_ids=ids, tag="vip", source=TagSource.RULE, until=None, now=NOW)


def compute_all(ids: list[int]) -> None:
    write_values(
        of={"personalize_off": True},
        refresh=Refresh.DAILY,
        after=min(ids) - 1,
        upto=max(ids),
        now=LATER,
    )


def load_all(kind: str) -> Act:
    def act(ids: list[int]) -> None:
        numbers = dict(Customer.objects.values_list("pk", "customer_no"))
        path = Path(settings.MEDIA_ROOT) / f"{kind}.csv"
        rows = [{"customer": numbers[one], **TOLD[kind]} for one in ids]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        loaded = load_file(kind_key=kind, path=path, source_key="core", now=NOW)
        assert loaded.status == ImportStatus.OK

    return act


@pytest.mark.parametrize(
    "act",
    [
        merge_all,
        say_all,
        tag_all,
        score_all,
        judge_all,
        compute_all,
        *(pytest.param(load_all(kind), id=kind) for kind in TOLD),
    ],
)
def test_whoever_writes_many_goes_in_the_order_of_files(
    transactional_db: None, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A staged file is written in batches: they have its order, and none of ours.
    monkeypatch.setattr(release, "_AT_ONCE", 1)
    let_give(tag="vip", source=TagSource.FILE, ttl_days=30)
    later, earlier = make("20002"), make("10001")

    with transaction.atomic():
        make("10001")
        acting = Beside(lambda: act([later, earlier]))
        acting.waits()
        make("20002")
    assert acting.end().error is None


def test_who_was_merged_is_locked_in_that_order_with_who_he_is_now(transactional_db: None) -> None:
    old, kept = make("20002"), make("10001")
    Customer.objects.filter(pk=old).update(status="merged", merged_into_id=kept)

    with transaction.atomic():
        make("10001")
        saying = Beside(
            lambda: withdraw(
                customer_id=old,
                purpose="marketing",
                channel="sms",
                source="preference-page",
                evidence={},
                now=LATER,
            )
        )
        saying.waits()
        make("20002")
    assert saying.end().error is None


@pytest.mark.parametrize("act", [score_all, judge_all])
def test_a_batch_that_is_written_is_let_go_of(
    transactional_db: None, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derived, "AT_ONCE", 1)
    first, second = make("10001"), make("20002")

    with transaction.atomic():
        make("20002")
        acting = Beside(lambda: act([first, second]))
        acting.waits()
        kept = Customer.objects.get(pk=first)
        assert (kept.attributes, kept.lifecycle) in [({"score": 7}, None), ({}, "成熟")]
    assert acting.end().error is None


@pytest.mark.parametrize("act", [score_all, compute_all])
def test_what_a_file_tells_meanwhile_is_kept(transactional_db: None, act: Act) -> None:
    customer = make("10001", branch="north")

    with transaction.atomic():
        make("10001", branch="south")
        acting = Beside(lambda: act([customer]))
        acting.waits()
    assert acting.end().error is None

    [kept] = Customer.objects.values_list("attributes", flat=True)
    assert kept["branch"] == "south"
    assert len(kept) == 2


def test_who_refuses_personalisation_meanwhile_is_given_no_score(transactional_db: None) -> None:
    customer = make("10001")

    with transaction.atomic():
        refuse_personalisation(customer_id=customer, how="page", now=LATER)
        scoring = Beside(lambda: score_all([customer]))
        scoring.waits()
    assert scoring.end().error is None

    assert Customer.objects.get().attributes == {}
