"""A stage must hold before it takes effect, so that nobody flaps between two."""

from dataclasses import dataclass
from datetime import date, timedelta

from segments.lifecycle.stages import HOLDS_DAYS, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The stage in effect, and the other that is waiting since a day. None: there is none."""

    stage: Stage | None = None
    waiting: Stage | None = None
    since: date | None = None


def settle(held: Held, judged: Stage, today: date) -> Held:
    """After one more day's judgement. The first stage of all takes effect at once."""
    if held.stage is None or judged is held.stage:
        return Held(stage=judged)
    since = held.since if held.waiting is judged and held.since is not None else today
    if today - since >= timedelta(days=HOLDS_DAYS):
        return Held(stage=judged)
    return Held(stage=held.stage, waiting=judged, since=since)
