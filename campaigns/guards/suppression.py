"""No message to an address whose owner complained or asked for no more, or that does not exist.

A statutory notice is owed whether or not the last message arrived: it is tried all the same. Who
asked for no more gets what is no advertising, and advertising once he says yes himself: a file, or
a customer with the number who said so before, does not speak for the number.
"""

from datetime import datetime

from campaigns.guards.verdict import ALLOW, Allow, Case, Refuse, Verdict
from campaigns.states import ASKED_FOR_NO_MORE, Reason
from compliance.contact import LIMITED_PURPOSES


def judge(case: Case, now: datetime) -> Verdict:
    if not case.suppressed or case.purpose == "statutory":
        return ALLOW
    if case.suppressed == ASKED_FOR_NO_MORE and (
        case.purpose not in LIMITED_PURPOSES or _has_said_yes_since(case)
    ):
        return Allow(read={"suppressed": case.suppressed})
    return Refuse(reason=Reason.SUPPRESSED, detail=case.suppressed)


def _has_said_yes_since(case: Case) -> bool:
    """The consent itself was judged by its own gate before."""
    said, stopped = case.own_word_at, case.suppressed_at
    return said is not None and stopped is not None and said > stopped
