"""Every gate's answers, that missing data is a no, and which gate speaks first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from campaigns.guards.chain import GATES, judge
from campaigns.guards.verdict import Allow, Case, Refuse
from campaigns.states import Reason

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FINE = Case(
    purpose="marketing",
    channel="sms",
    expires_at=NOW + timedelta(days=1),
    customer_status="active",
    personalise_off=False,
    consent="granted",
    has_address=True,
    is_personal=False,
    is_approved=True,
)


def test_a_case_nothing_speaks_against_is_allowed() -> None:
    assert judge(FINE, NOW) == ("", Allow())


@pytest.mark.parametrize(
    ("changes", "gate", "reason"),
    [
        ({"customer_status": None}, "recipient", Reason.CUSTOMER_INACTIVE),
        ({"customer_status": ""}, "recipient", Reason.CUSTOMER_INACTIVE),
        ({"customer_status": "restricted"}, "recipient", Reason.CUSTOMER_INACTIVE),
        ({"customer_status": "erased"}, "recipient", Reason.CUSTOMER_INACTIVE),
        ({"customer_status": "a new status"}, "recipient", Reason.CUSTOMER_INACTIVE),
        ({"has_address": False}, "recipient", Reason.NO_ADDRESS),
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
    ],
    ids=[
        "objects, and the message is the same for all",
        "personal, and he does not object",
        "the law asks for it, he said nothing",
        "the law asks for it, he withdrew",
        "it never expires",
        "it still makes sense",
    ],
)
def test_a_gate_lets_through_what_it_may(changes: dict[str, object]) -> None:
    assert judge(replace(FINE, **changes), NOW) == ("", Allow())  # type: ignore[arg-type]


def test_a_statutory_notice_passes_no_other_gate_for_free() -> None:
    statutory = replace(FINE, purpose="statutory", consent=None)

    assert judge(replace(statutory, customer_status="erased"), NOW)[0] == "recipient"
    assert judge(replace(statutory, is_approved=False), NOW)[0] == "content"


def test_the_first_gate_that_objects_decides() -> None:
    assert list(GATES) == ["recipient", "consent", "content"]
    wrong = replace(FINE, customer_status=None, consent=None, is_approved=False)

    assert judge(wrong, NOW)[0] == "recipient"
    assert judge(replace(wrong, customer_status="active"), NOW)[0] == "consent"
    assert judge(replace(wrong, customer_status="active", consent="granted"), NOW)[0] == "content"


def test_one_objection_is_enough_whatever_else_holds() -> None:
    bad = {"customer_status": None, "has_address": False, "consent": None, "is_approved": False}

    for flags in product([False, True], repeat=len(bad)):
        changes = {name: bad[name] for name, is_bad in zip(bad, flags, strict=True) if is_bad}
        _, verdict = judge(replace(FINE, **changes), NOW)  # type: ignore[arg-type]
        assert isinstance(verdict, Allow) is not any(flags)
