"""All gates in order; the first that does not allow decides."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from campaigns.guards import (
    consent,
    content,
    eligibility,
    frequency,
    quiet_hours,
    recipient,
    suitability,
    suppression,
)
from campaigns.guards.verdict import ALLOW, Allow, Case, Refuse, Verdict
from campaigns.states import Reason

# What only defers comes before the caps: tomorrow they may be free again.
GATES: Final[Mapping[str, Callable[[Case, datetime], Verdict]]] = {
    "recipient": recipient.judge,
    "eligibility": eligibility.judge,
    "consent": consent.judge,
    "suppression": suppression.judge,
    "content": content.judge,
    "suitability": suitability.judge,
    "quiet_hours": quiet_hours.judge,
    "frequency": frequency.judge,
}
# What a gate raises when a value or a rule is not what it must be.
_BROKEN: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def judge(case: Case, now: datetime) -> tuple[str, Verdict]:
    """The name of the deciding gate and its verdict; ``("", Allow(…))`` if none objects.

    What the gates read on the way is kept in the last verdict.
    """
    read: dict[str, str | int | None] = {}
    notices: tuple[str, ...] = ()
    for name in GATES:
        verdict = ask(name, case, now)
        if verdict is ALLOW:
            continue
        if not isinstance(verdict, Allow):
            return name, verdict
        read.update(verdict.read)
        notices += verdict.notices
    return "", Allow(read=read, notices=notices)


def ask(name: str, case: Case, now: datetime) -> Verdict:
    """One gate's verdict; a gate that could not decide refuses."""
    try:
        return GATES[name](case, now)
    except _BROKEN as error:
        return Refuse(reason=Reason.GATE_ERROR, detail=f"{name}: {type(error).__name__}")
