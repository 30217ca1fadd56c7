"""The text as the customer would read it says nothing that is forbidden, nor what nobody reviewed.

Judged after rendering, since a value put into a template may say what its author never wrote.
Statutory notices are worded by law.
"""

from dataclasses import dataclass
from typing import Final

from campaigns.guards.verdict import Allow, Refuse, Verdict
from campaigns.states import Reason

_ALLOW: Final = Allow()
_MOST_TOLD: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the scanner found in a rendered message: rules that forbid, rules that ask a reviewer.

    ``reviewed`` are those that the template itself showed to the person who approved it.
    """

    purpose: str
    forbidden: frozenset[str]
    to_review: frozenset[str]
    reviewed: frozenset[str]


def judge(reading: Reading) -> Verdict:
    if reading.purpose == "statutory":
        return _ALLOW
    if reading.forbidden:
        return _refused(Reason.WORDING_FORBIDDEN, reading.forbidden)
    if unseen := reading.to_review - reading.reviewed:
        return _refused(Reason.WORDING_UNREVIEWED, unseen)
    if reading.to_review:
        return Allow(read={"wording": _told(reading.to_review)})
    return _ALLOW


def _refused(reason: Reason, findings: frozenset[str]) -> Refuse:
    return Refuse(reason=reason, detail=_told(findings))


def _told(findings: frozenset[str]) -> str:
    return ",".join(sorted(findings)[:_MOST_TOLD])
