"""The text as the customer would read it says nothing that is forbidden, nor what nobody reviewed.

Judged after rendering, since a value put into a template may say what its author never wrote.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from campaigns.guards.verdict import ALLOW, Allow, Refuse, Verdict
from campaigns.states import Reason

_MOST_TOLD: Final = 5
Rules: TypeAlias = frozenset[str]
STATUTORY: Final = "statutory"


def weighed(purpose: str, forbidden: Rules, to_review: Rules) -> tuple[Rules, Rules]:
    """What stops a text for such a purpose, and what stops it unless a reviewer saw it.

    A statutory notice is no advertising: it may quote what the rules forbid (the name of a fund
    that was once guaranteed), if a person saw it there, and what asks an advertisement for a
    reviewer asks nobody.
    """
    if purpose == STATUTORY:
        return frozenset(), forbidden
    return forbidden, to_review


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is in the way of a rendered message, as `weighed`.

    ``reviewed`` are the rules that the template itself showed to the person who approved it.
    """

    forbidden: Rules
    to_review: Rules
    reviewed: Rules


def judge(reading: Reading) -> Verdict:
    if reading.forbidden:
        return _refused(Reason.WORDING_FORBIDDEN, reading.forbidden)
    if unseen := reading.to_review - reading.reviewed:
        return _refused(Reason.WORDING_UNREVIEWED, unseen)
    if reading.to_review:
        return Allow(read={"wording": _told(reading.to_review)})
    return ALLOW


def _refused(reason: Reason, findings: Rules) -> Refuse:
    return Refuse(reason=reason, detail=_told(findings))


def _told(findings: Rules) -> str:
    return ",".join(sorted(findings)[:_MOST_TOLD])
