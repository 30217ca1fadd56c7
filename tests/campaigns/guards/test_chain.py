"""Every gate's answers, that missing data is a no, and which gate speaks first."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from campaigns.guards.chain import GATES, judge
from campaigns.guards.verdict import Allow, Case, Defer, Policy, Refuse
from campaigns.states import Reason
from compliance.calendar import Calendar, read_calendar
from compliance.contact import Cap, ContactRules, Window, read_contact_rules
from compliance.rulebook.shipped import shipped_rules
from tests.compliance.suitability.worlds import ANNA, FUND, TODAY, shipped

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)  # noon in Shanghai
NIGHT = datetime(2026, 11, 23, 15, tzinfo=UTC)
DAILY = Cap(rule_id="F-01", scope="channel", of="sms", period="day", most=1)
FINE = Case(
    purpose="marketing",
    channel="sms",
    expires_at=NOW + timedelta(days=1),
    customer_status="active",
    personalise_off=False,
    consent="granted",
    has_address=True,
    suppressed="",
    is_personal=False,
    is_approved=True,
    aml_hold=False,
    internal_hold=False,
    client=ANNA,
    product_code="F001",
    product=FUND,
    policy=Policy(
        on=TODAY,
        suitability=shipped(),
        contact=read_contact_rules(shipped_rules("contact")),
        calendar=read_calendar(shipped_rules("calendar")),
    ),
    zone=ZoneInfo("Asia/Shanghai"),
    used=((DAILY, 0),),
)


def test_a_case_nothing_speaks_against_is_allowed() -> None:
    gate, verdict = judge(FINE, NOW)

    assert gate == ""
    assert isinstance(verdict, Allow)
    assert verdict.read == {
        "consent": "granted",
        "product": "F001",
        "risk": 3,
        "level": "C3",
        "F-01": 0,
    }


@pytest.mark.parametrize(
    ("changes", "gate", "reason"),
    [
        ({"customer_status": None}, "recipient", Reason.CUSTOMER_INACTIVE),
        ({"customer_status": ""}, "recipient", Reason.CUSTOMER_INACTIVE),
        ({"customer_status": "restricted"}, "recipient", Reason.CUSTOMER_INACTIVE),
        ({"customer_status": "erased"}, "recipient", Reason.CUSTOMER_INACTIVE),
        ({"customer_status": "a new status"}, "recipient", Reason.CUSTOMER_INACTIVE),
        ({"has_address": False}, "recipient", Reason.NO_ADDRESS),
        ({"suppressed": "complained"}, "suppression", Reason.SUPPRESSED),
        ({"suppressed": "undeliverable", "purpose": "service"}, "suppression", Reason.SUPPRESSED),
        (
            {"personalise_off": True, "is_personal": True},
            "recipient",
            Reason.PERSONALISATION_OFF,
        ),
        ({"consent": None}, "consent", Reason.NO_CONSENT),
        ({"consent": "a new state"}, "consent", Reason.NO_CONSENT),
        ({"consent": "withdrawn"}, "consent", Reason.CONSENT_WITHDRAWN),
        ({"purpose": "service", "consent": None}, "consent", Reason.NO_CONSENT),
        ({"purpose": "education", "consent": "withdrawn"}, "consent", Reason.CONSENT_WITHDRAWN),
        ({"is_approved": False}, "content", Reason.NOT_APPROVED),
        ({"expires_at": NOW}, "content", Reason.EXPIRED),
        ({"expires_at": NOW - timedelta(days=1)}, "content", Reason.EXPIRED),
        ({"aml_hold": True}, "eligibility", Reason.NOT_ELIGIBLE),
        ({"internal_hold": True}, "eligibility", Reason.NOT_ELIGIBLE),
        ({"purpose": "education", "aml_hold": True}, "eligibility", Reason.NOT_ELIGIBLE),
        ({"product": None}, "suitability", Reason.PRODUCT_UNKNOWN),
        ({"client": None}, "suitability", Reason.GATE_ERROR),
        ({"client": replace(ANNA, risk_level="C2")}, "suitability", Reason.UNSUITABLE),
        ({"client": replace(ANNA, risk_level=None)}, "suitability", Reason.UNSUITABLE),
        (
            {
                "client": replace(ANNA, risk_level="C5", birth_on=date(1950, 1, 1)),
                "product": replace(FUND, distributor_risk=4),
            },
            "suitability",
            Reason.NEEDS_REVIEW,
        ),
        ({"purpose": "education", "product": None}, "suitability", Reason.PRODUCT_UNKNOWN),
        ({"used": ((DAILY, 1),)}, "frequency", Reason.CAPPED),
        ({"used": ((DAILY, 2),)}, "frequency", Reason.CAPPED),
    ],
)
def test_a_gate_refuses_with_its_reason(
    changes: dict[str, object], gate: str, reason: Reason
) -> None:
    decided_by, verdict = judge(replace(FINE, **changes), NOW)  # type: ignore[arg-type]

    assert isinstance(verdict, Refuse)
    assert (decided_by, verdict.reason) == (gate, reason)


@pytest.mark.parametrize(
    "changes",
    [
        {"personalise_off": True},
        {"is_personal": True},
        {"purpose": "statutory", "consent": None},
        {"purpose": "statutory", "consent": "withdrawn"},
        {"expires_at": None},
        {"expires_at": NOW + timedelta(microseconds=1)},
        {"purpose": "service", "aml_hold": True, "product": None, "used": ((DAILY, 9),)},
        {"product_code": "", "product": None, "client": None},
    ],
    ids=[
        "objects, and the message is the same for all",
        "personal, and he does not object",
        "the law asks for it, he said nothing",
        "the law asks for it, he withdrew",
        "it never expires",
        "it still makes sense",
        "a service goes on, whatever speaks against marketing",
        "it is about no product",
    ],
)
def test_a_gate_lets_through_what_it_may(changes: dict[str, object]) -> None:
    assert judge(replace(FINE, **changes), NOW)[0] == ""  # type: ignore[arg-type]


def test_a_statutory_notice_passes_no_other_gate_for_free() -> None:
    statutory = replace(FINE, purpose="statutory", consent=None)

    assert judge(replace(statutory, customer_status="erased"), NOW)[0] == "recipient"
    assert judge(replace(statutory, is_approved=False), NOW)[0] == "content"


def test_the_first_gate_that_objects_decides() -> None:
    wrong = {
        "recipient": {"customer_status": None},
        "eligibility": {"aml_hold": True},
        "consent": {"consent": None},
        "suppression": {"suppressed": "complained"},
        "content": {"is_approved": False},
        "suitability": {"product": None},
        "frequency": {"used": ((DAILY, 1),)},
    }
    assert [gate for gate in GATES if gate != "quiet_hours"] == list(wrong)
    for gate in list(wrong):
        case = replace(FINE, **{k: v for changes in wrong.values() for k, v in changes.items()})
        assert judge(case, NOW)[0] == gate
        del wrong[gate]


def test_at_night_a_touch_waits_for_the_morning_of_its_customer() -> None:
    gate, verdict = judge(FINE, NIGHT)

    assert gate == "quiet_hours"
    assert isinstance(verdict, Defer)
    assert verdict.reason is Reason.QUIET_HOURS
    assert verdict.until == datetime(2026, 11, 24, 1, tzinfo=UTC)
    # The cap is for when it is judged again: tomorrow is another day.
    assert judge(replace(FINE, used=((DAILY, 1),)), NIGHT)[0] == "quiet_hours"
    assert judge(replace(FINE, zone=ZoneInfo("Europe/Berlin")), NIGHT)[0] == ""


@pytest.mark.parametrize("purpose", ["service", "statutory"])
def test_what_serves_the_customer_passes_at_night(purpose: str) -> None:
    assert judge(replace(FINE, purpose=purpose), NIGHT)[0] == ""


def test_a_year_without_a_calendar_is_waited_out() -> None:
    window = Window(
        rule_id="Q-09", channels=frozenset({"sms"}), hours=((540, 1230),), trading_only=True
    )
    policy = replace(
        FINE.policy, contact=ContactRules(windows=(window,)), calendar=Calendar(closed={})
    )

    gate, verdict = judge(replace(FINE, policy=policy), NOW)

    assert isinstance(verdict, Defer)
    assert (gate, verdict.reason) == ("quiet_hours", Reason.NO_CALENDAR)
    assert verdict.until == datetime(2026, 11, 23, 16, tzinfo=UTC)


def test_the_ground_of_a_hold_is_for_compliance_alone() -> None:
    by_law = judge(replace(FINE, aml_hold=True), NOW)[1]
    by_house = judge(replace(FINE, internal_hold=True), NOW)[1]

    assert isinstance(by_law, Refuse)
    assert isinstance(by_house, Refuse)
    assert (by_law.reason, by_law.detail, by_law.read) == (
        by_house.reason,
        by_house.detail,
        by_house.read,
    )
    assert (by_law.restricted, by_house.restricted) == ("aml_hold", "internal_hold")


@pytest.mark.parametrize(
    "broken",
    [
        {"product": replace(FUND, distributor_risk="three")},
        {"client": replace(ANNA, birth_on="1985")},
        {"used": ((DAILY, None),)},
        {"policy": None},
        {"expires_at": "soon"},
    ],
)
def test_a_gate_that_cannot_decide_refuses(broken: dict[str, object]) -> None:
    _, verdict = judge(replace(FINE, **broken), NOW)  # type: ignore[arg-type]

    assert isinstance(verdict, Refuse)
    assert verdict.reason is Reason.GATE_ERROR


def test_one_objection_is_enough_whatever_else_holds() -> None:
    bad = {"customer_status": None, "has_address": False, "consent": None, "is_approved": False}

    for flags in product([False, True], repeat=len(bad)):
        changes = {name: bad[name] for name, is_bad in zip(bad, flags, strict=True) if is_bad}
        _, verdict = judge(replace(FINE, **changes), NOW)  # type: ignore[arg-type]
        assert isinstance(verdict, Allow) is not any(flags)
