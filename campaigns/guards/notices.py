"""What the rules allow only with a notice does not go out without it (适当性办法 20).

Judged after rendering, for nothing is put into a message that nobody approved: the text as the
customer reads it must say the product's special risk points and lead to further information. What
concerns the sale (time to think, a visit) stays in the verdict for whoever sells.
"""

from dataclasses import dataclass
from typing import Final

from campaigns.guards.verdict import Allow, Refuse, Verdict
from campaigns.states import Reason

_ALLOW: Final = Allow()
RISK_POINTS: Final = "special_risk_points"
INFORMATION: Final = "extra_information"
# Owed by whoever sells, not by the message.
_AT_THE_SALE: Final = ("cooling_hours", "visit_task")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The notices due, and what the rendered message has of them.

    ``says_risk_points``: every text its reader may see says them; None where none are on record.
    ``has_information``: it links to more, or an advisor tells it.
    """

    due: tuple[str, ...]
    says_risk_points: bool | None
    has_information: bool


def judge(notice: Notice) -> Verdict:
    missing = [name for name in notice.due if not _is_met(name, notice)]
    if missing:
        is_on_record = notice.says_risk_points is not None
        read = {} if is_on_record else {"risk_points": "none on record"}
        return Refuse(reason=Reason.NOTICE_MISSING, detail=",".join(missing), read=read)
    return _ALLOW


def _is_met(name: str, notice: Notice) -> bool:
    if name == RISK_POINTS:
        return bool(notice.says_risk_points)
    if name == INFORMATION:
        return notice.has_information
    # A notice that nobody here knows how to give is not given.
    return name.partition(":")[0] in _AT_THE_SALE
