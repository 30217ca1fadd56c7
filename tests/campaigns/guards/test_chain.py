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
from compliance.jurisdiction import read_jurisdictions
from compliance.rulebook.shipped import shipped_rules
from tests.compliance.suitability.worlds import ANNA, FUND, TODAY, shipped

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)  # noon in Shanghai
BEFORE = NOW - timedelta(days=9)
NIGHT = datetime(2026, 11, 23, 15, tzinfo=UTC)
DAILY = Cap(rule_id="F-01", scope="channel", of="sms", period="day", most=1)
FINE = Case(
    purpose="marketing",
    channel="sms",
    expires_at=NOW + timedelta(days=1),
    customer_status="active",
    personalise_off=False,
    consent_name="sms",
    consent="granted",
    consent_form="",
    consent_since=TODAY,
    own_word_at=NOW,
    register_checked_on=None,
    has_objected=False,
    has_address=True,
    suppressed="",
    suppressed_at=None,
    is_personal=False,
    is_targeted=False,
    is_approved=True,
    aml_hold=False,
    internal_hold=False,
    client=ANNA,
    product_code="F001",
    product=FUND,
    policy=Policy(
        on=TODAY,
        jurisdiction=read_jurisdictions(shipped_rules("jurisdictions")).default,
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
        ({"suppressed": "opted_out", "suppressed_at": NOW}, "suppression", Reason.SUPPRESSED),
        (
            {"suppressed": "opted_out", "suppressed_at": NIGHT},
            "suppression",
            Reason.SUPPRESSED,
        ),
        (
            {"suppressed": "opted_out", "suppressed_at": BEFORE, "own_word_at": None},
            "suppression",
            Reason.SUPPRESSED,
        ),
        ({"consent_form": "implied"}, "consent", Reason.NO_CONSENT),
        (
            {"personalise_off": True, "is_personal": True},
            "recipient",
            Reason.PERSONALISATION_OFF,
        ),
        (
            {"personalise_off": True, "is_targeted": True},
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
        (
            {"product_code": "", "product": None, "client": replace(ANNA, risk_level=None)},
            "suitability",
            Reason.MARKETING_BARRED,
        ),
        (
            {"product_code": "", "product": None, "client": replace(ANNA, lowest_class=True)},
            "suitability",
            Reason.MARKETING_BARRED,
        ),
        ({"product_code": "", "product": None, "client": None}, "suitability", Reason.GATE_ERROR),
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
        {"is_personal": True, "is_targeted": True},
        {"personalise_off": True, "is_targeted": True, "purpose": "service"},
        {"purpose": "statutory", "consent": None},
        {"purpose": "statutory", "consent": "withdrawn"},
        {"expires_at": None},
        {"expires_at": NOW + timedelta(microseconds=1)},
        {"purpose": "service", "aml_hold": True, "product": None, "used": ((DAILY, 9),)},
        {"product_code": "", "product": None},
        {"product_code": "", "product": None, "client": None, "purpose": "education"},
    ],
    ids=[
        "objects, and the message is the same for all",
        "personal, and he does not object",
        "he objects, and a service is no marketing",
        "the law asks for it, he said nothing",
        "the law asks for it, he withdrew",
        "it never expires",
        "it still makes sense",
        "a service goes on, whatever speaks against marketing",
        "it is about no product",
        "education about no product asks for no assessment",
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


# For each gate what only it cannot read.
BROKEN: dict[str, list[dict[str, object]]] = {
    "recipient": [{"is_targeted": True, "personalise_off": True, "purpose": []}],
    "eligibility": [{"purpose": []}, {"purpose": None}, {"purpose": ""}, {"purpose": "a new one"}],
    "consent": [{"policy": None}],
    "suppression": [
        {"suppressed": "opted_out", "suppressed_at": "yesterday"},
        {"suppressed": "opted_out", "suppressed_at": NOW.replace(tzinfo=None)},
    ],
    "content": [{"expires_at": "soon"}, {"expires_at": NOW.replace(tzinfo=None)}],
    "suitability": [
        {"client": None},
        {"client": replace(ANNA, birth_on="1985")},  # type: ignore[arg-type]
        {"product": replace(FUND, distributor_risk="three")},  # type: ignore[arg-type]
    ],
    "quiet_hours": [{"zone": None}],
    "frequency": [{"used": None}, {"used": ((DAILY, None),)}, {"used": ((None, 0),)}],
}


def test_there_is_something_that_each_gate_cannot_read() -> None:
    assert list(BROKEN) == list(GATES)


@pytest.mark.parametrize("gate", BROKEN)
def test_a_gate_that_cannot_decide_refuses(gate: str) -> None:
    for broken in BROKEN[gate]:
        decided_by, verdict = judge(replace(FINE, **broken), NOW)  # type: ignore[arg-type]

        assert isinstance(verdict, Refuse), broken
        assert (decided_by, verdict.reason) == (gate, Reason.GATE_ERROR), broken


def test_one_objection_is_enough_whatever_else_holds() -> None:
    bad = {"customer_status": None, "has_address": False, "consent": None, "is_approved": False}

    for flags in product([False, True], repeat=len(bad)):
        changes = {name: bad[name] for name, is_bad in zip(bad, flags, strict=True) if is_bad}
        _, verdict = judge(replace(FINE, **changes), NOW)  # type: ignore[arg-type]
        assert isinstance(verdict, Allow) is not any(flags)


JURISDICTIONS = read_jurisdictions(shipped_rules("jurisdictions"))


def of(region: str, **changes: object) -> Case:
    """The boring case of a customer from this region."""
    policy = replace(FINE.policy, jurisdiction=JURISDICTIONS.of(region))
    return replace(FINE, policy=policy, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("channel", ["sms", "task"])
def test_in_the_united_states_marketing_by_phone_needs_consent_in_writing(channel: str) -> None:
    name = {"task": "phone"}.get(channel, channel)
    told = of("US", channel=channel, consent_name=name)

    gate, verdict = judge(told, NOW)

    assert gate == "consent"
    assert isinstance(verdict, Refuse)
    assert verdict.reason is Reason.CONSENT_NOT_WRITTEN
    assert judge(replace(told, consent_form="written"), NOW)[0] == ""
    assert judge(replace(told, purpose="service"), NOW)[0] == ""


def test_in_the_united_states_an_e_mail_needs_no_writing() -> None:
    assert judge(of("US", channel="email", consent_name="email"), NOW)[0] == ""


@pytest.mark.parametrize(
    "changes", [{"suppressed_at": BEFORE}, {"suppressed_at": NIGHT, "purpose": "service"}]
)
def test_who_asked_for_no_more_gets_what_is_no_advertising_and_what_he_said_yes_to_since(
    changes: dict[str, object],
) -> None:
    case = replace(FINE, suppressed="opted_out", **changes)  # type: ignore[arg-type]

    assert judge(case, NOW)[0] == ""


@pytest.mark.parametrize(
    ("region", "channel", "since", "gate"),
    [
        ("CA", "email", date(2024, 11, 23), ""),
        ("CA", "email", date(2024, 11, 22), "consent"),
        ("CA", "email", None, "consent"),
        ("CA", "task", TODAY, "consent"),
        ("AU", "sms", date(2010, 1, 1), ""),
        ("GB", "email", date(2010, 1, 1), ""),
        ("GB", "sms", TODAY, "consent"),
        ("US", "email", TODAY, "consent"),
        ("HK", "email", TODAY, "consent"),
    ],
)
def test_a_business_relationship_stands_for_a_yes_only_where_and_as_long_as_the_law_says(
    region: str, channel: str, since: date | None, gate: str
) -> None:
    name = {"task": "phone"}.get(channel, channel)
    case = of(
        region, channel=channel, consent_name=name, consent_form="implied", consent_since=since
    )

    assert judge(case, NOW)[0] == gate


@pytest.mark.parametrize(
    ("region", "checked_on", "form", "gate"),
    [
        ("SG", None, "", "consent"),
        ("SG", None, "written", ""),
        ("SG", TODAY, "", ""),
        ("SG", TODAY - timedelta(days=21), "", ""),
        ("SG", TODAY - timedelta(days=22), "", "consent"),
        ("SG", TODAY + timedelta(days=1), "", "consent"),
        ("US", TODAY, "", "consent"),
    ],
)
def test_a_recent_look_into_the_register_does_for_writing_where_the_law_says_so(
    region: str, checked_on: date | None, form: str, gate: str
) -> None:
    assert judge(of(region, register_checked_on=checked_on, consent_form=form), NOW)[0] == gate


@pytest.mark.parametrize(
    ("region", "reason"),
    [("DE", Reason.OBJECTED), ("GB", Reason.OBJECTED), ("上海", None), ("US", None)],
)
def test_in_europe_an_objection_holds_for_every_channel(region: str, reason: Reason | None) -> None:
    _, verdict = judge(of(region, has_objected=True, consent_form="written"), NOW)

    assert getattr(verdict, "reason", None) is reason


@pytest.mark.parametrize(
    ("region", "local", "gate"),
    [
        ("US", "08:00", ""),
        ("US", "20:59", ""),
        ("US", "21:00", "quiet_hours"),
        ("US", "07:59", "quiet_hours"),
        ("US-FL", "20:00", "quiet_hours"),
        ("us-wa", "19:59", ""),
        ("US-NY", "20:00", ""),
        ("上海", "20:30", "quiet_hours"),
        ("上海", "08:30", "quiet_hours"),
        ("HK", "20:00", ""),
    ],
)
def test_the_hours_are_those_of_the_jurisdiction(region: str, local: str, gate: str) -> None:
    hour, minute = local.split(":")
    zone = ZoneInfo("America/New_York")
    at = datetime(2026, 11, 23, int(hour), int(minute), tzinfo=zone)

    assert judge(of(region, zone=zone, consent_form="written"), at)[0] == gate


def test_a_push_above_the_level_is_refused_whatever_notice_it_carries() -> None:
    risky = replace(FUND, distributor_risk=5, risk_points="本金可能全部损失")

    _, verdict = judge(replace(FINE, product=risky), NOW)

    assert isinstance(verdict, Refuse)
    assert verdict.reason is Reason.UNSUITABLE


def test_what_is_allowed_with_a_notice_says_which() -> None:
    case = replace(FINE, product=replace(FUND, is_complex=True, distributor_risk=3), client=ANNA)

    _, verdict = judge(case, NOW)

    assert isinstance(verdict, Allow)
    assert "special_risk_points" in verdict.notices
    assert verdict.read["notices_by"] == "S-05"
