"""What the rules allow only with a notice does not go out without it (适当性办法 20).

Judged after rendering, for nothing is put into a message that nobody approved: the text as the
customer reads it must say the product's special risk points and lead to further information, and
what his jurisdiction wants in every advertisement: who sends it, from where, how to get no more
(CAN-SPAM 5(a)(5), CASL 6(2)). What concerns the sale (time to think, a visit) stays in the verdict
for whoever sells.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from campaigns.guards.verdict import ALLOW, Refuse, Verdict
from campaigns.states import Reason

RISK_POINTS: Final = "special_risk_points"
INFORMATION: Final = "extra_information"
# Owed by whoever sells, not by the message.
_AT_THE_SALE: Final = ("cooling_hours", "visit_task")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The notices due, and what the rendered message has of them.

    ``says_risk_points``: every text its reader may see says them; None where none are on record.
    ``has_information``: it links to more, or an advisor tells it. ``imprint``: what the
    jurisdiction asks for, by name, and whether every text says it; None as above.
    """

    due: tuple[str, ...]
    says_risk_points: bool | None
    has_information: bool
    imprint: Mapping[str, bool | None] = field(default_factory=dict)


def judge(notice: Notice) -> Verdict:
    missing = [name for name in notice.due if not _is_met(name, notice)]
    missing += [name for name, is_said in notice.imprint.items() if not is_said]
    if missing:
        unwritten = [name for name, is_said in notice.imprint.items() if is_said is None]
        if notice.due and notice.says_risk_points is None:
            unwritten.append("risk_points")
        read = dict.fromkeys(unwritten, "none on record")
        return Refuse(reason=Reason.NOTICE_MISSING, detail=",".join(missing), read=read)
    return ALLOW


def _is_met(name: str, notice: Notice) -> bool:
    if name == RISK_POINTS:
        return bool(notice.says_risk_points)
    if name == INFORMATION:
        return notice.has_information
    # A notice that nobody here knows how to give is not given.
    return name.partition(":")[0] in _AT_THE_SALE
