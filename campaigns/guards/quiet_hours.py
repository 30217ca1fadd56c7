"""Nobody is disturbed outside the hours of his own time zone; the rest of the queue waits.

The hours are those of his jurisdiction, else the house's.

Protective, service and statutory messages pass. A day of which nobody knows whether it is a
trading day is none: the touch waits, and operators are told.
"""

from datetime import datetime, time

from campaigns.guards.verdict import ALLOW, Case, Defer, Verdict
from campaigns.states import Reason
from compliance.calendar import DAY, first_instant, next_opening
from compliance.contact import LIMITED_PURPOSES


def judge(case: Case, now: datetime) -> Verdict:
    if case.purpose not in LIMITED_PURPOSES:
        return ALLOW
    window = case.policy.window(case.channel)
    if window is None:
        return ALLOW
    read = {"zone": case.zone.key, "window": window.rule_id}
    opening = next_opening(
        now=now,
        where=case.zone,
        hours=window.hours,
        calendar=case.policy.calendar if window.trading_only else None,
    )
    if opening is None:
        tomorrow = first_instant(now.astimezone(case.zone).date() + DAY, time(), case.zone)
        return Defer(until=tomorrow, reason=Reason.NO_CALENDAR, read=read)
    if opening > now:
        return Defer(until=opening, reason=Reason.QUIET_HOURS, read=read)
    return ALLOW
