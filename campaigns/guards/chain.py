"""All gates in order; the first that does not allow decides."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from campaigns.guards import consent, content, recipient
from campaigns.guards.verdict import Allow, Case, Verdict

GATES: Final[Mapping[str, Callable[[Case, datetime], Verdict]]] = {
    "recipient": recipient.judge,
    "consent": consent.judge,
    "content": content.judge,
}


def judge(case: Case, now: datetime) -> tuple[str, Verdict]:
    """The name of the deciding gate and its verdict; ``("", Allow())`` if none objects."""
    for name, gate in GATES.items():
        verdict = gate(case, now)
        if not isinstance(verdict, Allow):
            return name, verdict
    return "", Allow()
