"""What must go with a product is in the message, or the message stays."""

import pytest

from campaigns.guards.notices import Notice, judge
from campaigns.guards.verdict import Allow, Refuse
from campaigns.states import Reason

DUE = ("extra_information", "special_risk_points", "cooling_hours:24", "visit_task")


def test_a_message_with_risk_points_and_a_link_may_go() -> None:
    verdict = judge(Notice(due=DUE, says_risk_points=True, has_information=True))

    assert isinstance(verdict, Allow)


@pytest.mark.parametrize(
    ("imprint", "missing", "read"),
    [
        ({"postal_address": True, "unsubscribe": True}, "", {}),
        ({"postal_address": False, "unsubscribe": True}, "postal_address", {}),
        (
            {"postal_address": None, "unsubscribe": False},
            "postal_address,unsubscribe",
            {"postal_address": "none on record"},
        ),
    ],
)
def test_what_a_jurisdiction_wants_in_every_advertisement_is_in_it(
    imprint: dict[str, bool | None], missing: str, read: dict[str, str]
) -> None:
    verdict = judge(Notice(due=(), says_risk_points=None, has_information=False, imprint=imprint))

    assert getattr(verdict, "detail", "") == missing
    assert verdict.read == read


@pytest.mark.parametrize(
    ("says", "links", "due", "missing"),
    [
        (False, True, DUE, "special_risk_points"),
        (None, True, DUE, "special_risk_points"),
        (True, False, DUE, "extra_information"),
        (False, False, DUE, "extra_information,special_risk_points"),
        (True, True, ("written_risk_warning",), "written_risk_warning"),
        (True, True, ("a new notice",), "a new notice"),
    ],
)
def test_what_is_missing_stops_it(
    says: bool | None, links: bool, due: tuple[str, ...], missing: str
) -> None:
    verdict = judge(Notice(due=due, says_risk_points=says, has_information=links))

    assert isinstance(verdict, Refuse)
    assert (verdict.reason, verdict.detail) == (Reason.NOTICE_MISSING, missing)
