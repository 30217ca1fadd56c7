"""Periods of keeping: changed by two persons, between bounds, and obeyed by the jobs."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from compliance.actions import propose_rules, review_rules
from compliance.errors import RulesRefused, SelfReview
from compliance.keeping import BOUNDS, Bounds, Kept
from compliance.models import AuditEntry, RulePack
from compliance.queries import check_rules, clock_now, kept_for
from compliance.rulebook.shipped import shipped_document
from customers.actions.partitions import keep_partitions
from customers.actions.rights import erase_customer
from customers.models import EventKey
from tests.factories import NOW, Staff, make_people, make_rules, make_staff, record_event

CASES = [pytest.param(kept, bounds, id=kept) for kept, bounds in BOUNDS.items()]


def told(kept: Kept, **changes: Any) -> list[dict[str, Any]]:
    """The shipped rules with one of them changed."""
    return [
        {**rule, **changes} if rule["rule_id"] == kept else rule
        for rule in shipped_document("records")
    ]


def refusal(rules: list[dict[str, Any]]) -> str:
    """Why they are refused; "" where they are taken."""
    try:
        check_rules("records", rules)
    except RulesRefused as error:
        return error.code
    return ""


def test_every_period_has_bounds_and_every_rule_a_meaning() -> None:
    assert {rule["rule_id"] for rule in shipped_document("records")} == set(BOUNDS) == set(Kept)


@pytest.mark.parametrize(("kept", "bounds"), CASES)
def test_a_period_lies_between_its_bounds(kept: Kept, bounds: Bounds) -> None:
    for number in (bounds.least, bounds.most):
        assert refusal(told(kept, params={bounds.unit: number})) == ""
    for number in (bounds.least - 1, bounds.most + 1, bounds.least + 0.5):
        assert refusal(told(kept, params={bounds.unit: number})) == "period_out_of_bounds"


@pytest.mark.parametrize(
    "params", [{"days": "7"}, {"days": True}, {}, {"weeks": 1}, {"days": None}]
)
def test_a_period_that_is_no_number_is_refused(params: Mapping[str, Any]) -> None:
    assert refusal(told(Kept.UPLOADS, params=params)) == "shape"


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "deprecated"},
        {"status": "pending"},
        {"effective_to": "2026-01-01"},
        {"effective_from": "2099-01-01"},
    ],
)
def test_a_period_cannot_be_switched_off(changes: Mapping[str, Any]) -> None:
    assert refusal(told(Kept.TRADED, **changes)) == "period_always_on"


def test_a_refusal_says_the_bounds_in_both_languages() -> None:
    with pytest.raises(RulesRefused) as refused:
        check_rules("records", told(Kept.UPLOADS, params={"days": 31}))

    assert "1 to 30: above it personal data" in refused.value.in_language("en")
    assert "1 至 30" in refused.value.in_language("zh")


@pytest.mark.django_db
class TestTwoPersons:
    @pytest.fixture
    def staff(self) -> Staff:
        return make_staff()

    @pytest.fixture
    def shortened(self, staff: Staff) -> RulePack:
        return propose_rules(
            key="records",
            rules=told(Kept.ARRIVALS, params={"days": 40}),
            effective_from=date(2020, 1, 1),
            maker=staff.compliance,
            now=NOW,
        )

    def test_a_proposed_period_does_not_count_yet(self, shortened: RulePack) -> None:
        assert kept_for(Kept.ARRIVALS, now=NOW) == timedelta(days=60)

    def test_nobody_approves_his_own(self, shortened: RulePack, staff: Staff) -> None:
        with pytest.raises(SelfReview):
            review_rules(
                pack=shortened, checker=staff.compliance, approve=True, opinion="", now=NOW
            )

    def test_an_approved_one_counts_and_is_on_record(
        self, shortened: RulePack, staff: Staff
    ) -> None:
        review_rules(pack=shortened, checker=staff.checker, approve=True, opinion="ok", now=NOW)

        assert kept_for(Kept.ARRIVALS, now=NOW) == timedelta(days=40)
        actors = AuditEntry.objects.filter(subject="records v1").values_list("actor", flat=True)
        assert {"compliance", "checker"} <= set(actors)

    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    def test_the_console_refuses_a_number_out_of_bounds(
        self, client: Client, staff: Staff, language: str
    ) -> None:
        client.force_login(staff.compliance)
        client.cookies["django_language"] = language
        with translation.override(language):
            page = client.post(
                "/admin/compliance/rulepack/add/?key=records",
                {
                    "key": "records",
                    "effective_from": "2026-03-02",
                    "rules": json.dumps(told(Kept.MESSAGE_KEYS, params={"days": 3})),
                },
            )

        assert page.status_code == 200
        assert "K-06" in page.text
        assert ("33 to 400" if language == "en" else "33 至 400") in page.text
        assert not RulePack.objects.exists()


@pytest.mark.django_db
def test_jobs_obey_a_changed_period() -> None:
    now = clock_now()
    [customer] = make_people(1)
    record_event(customer, at=now, received_at=now - timedelta(days=36))
    make_rules("records", {Kept.MESSAGE_KEYS: {"days": 37}})

    keep_partitions(now=now)
    assert EventKey.objects.count() == 1
    keep_partitions(now=now + timedelta(days=1, seconds=1))
    assert EventKey.objects.count() == 0


@pytest.mark.django_db
def test_a_duty_of_other_years_keeps_other_years() -> None:
    make_people(1, columns={"trading_since": "2020-01-01"})
    make_rules("records", {Kept.TRADED: {"years": 30}})

    asked = erase_customer(customer_no="P00000", actor="ann", now=NOW)

    assert asked.retained_until == date(NOW.year + 30, NOW.month, NOW.day)
    assert asked.basis.startswith("证券法 137")
