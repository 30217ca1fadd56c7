"""Every verdict that `why` tells after workers died, against rules written here a second time.

Customers at random: consent, suppressed addresses, age, risk level and the age of its assessment,
time zone. Three journeys write to all of them by text message (with a product) and by e-mail. What
each touch should have met is worked out from the raw rows, without the product's gates.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from attribution.reports.why import Decision, decisions
from campaigns.actions.suppress import suppress
from campaigns.channels.base import Channel
from campaigns.models import Suppression
from customers.actions.people import Person, put_people
from customers.queries.database import rows
from customers.vocabulary import ConsentState
from tests.campaigns.sandbox_process import SandboxProcess
from tests.chaos.sizes import IS_LONG
from tests.chaos.workers import Workers
from tests.chaos.worlds import open_accounts, open_touches, send_both
from tests.factories import (
    NOW,
    make_product,
    make_segment,
    make_template,
    say_consent,
)

CUSTOMERS: Final = 10_000 if IS_LONG else 300
JOURNEYS: Final = ("one", "two", "three")
ZONES: Final = ("Asia/Shanghai", "Europe/London", "America/New_York")
LEVELS: Final = ("C1", "C2", "C3", "C4", "C5")
# In New York it is then 09:30, in London 14:30: everybody's hours have come.
HOURS_LATER: Final = timedelta(hours=12, minutes=30)
A_CLAIM: Final = 100
DEADLY: Final = ("dispatch.claimed", "dispatch.judged", "dispatch.sent", "dispatch.recorded")
# Q-01, F-01 and F-06 of the rulebook as shipped; the product is of risk R3.
TEXTS_FROM, TEXTS_UNTIL = (9, 0), (20, 30)
TEXTS_A_DAY, MESSAGES_A_DAY, RISK = 1, 3, 3

_PEOPLE = """
SELECT id, risk_level, risk_assessed_on, birth_on, time_zone FROM customers_customer
"""
_CONSENTS = """
SELECT DISTINCT ON (customer_id, channel) customer_id, channel, state FROM customers_consent
WHERE purpose = 'marketing' ORDER BY customer_id, channel, at DESC, id DESC
"""
_SUPPRESSED = """
SELECT i.customer_id, CASE i.kind WHEN 'phone' THEN 'sms' ELSE i.kind END
FROM customers_identity i JOIN campaigns_suppression s USING (kind, value_hash)
"""


@dataclass(frozen=True, slots=True)
class Raw:
    """A customer as the rows have him."""

    id: int
    level: str
    assessed_on: date | None
    birth_on: date
    zone: ZoneInfo


@pytest.mark.slow
def test_why_agrees_with_rules_evaluated_a_second_time(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    seed = random.randrange(2**31)
    hits = tmp_path / "hits"
    hits.mkdir()
    armed = {
        **process_environment,
        "TOUCHSTONE_FAILPOINTS": ";".join(f"{point}=2,5" for point in DEADLY),
        "TOUCHSTONE_FAILPOINTS_DIR": str(hits),
    }
    sandbox = SandboxProcess(
        tmp_path, "--faults", "error=0.02,reset_before=0.02,reset_after=0.02", "--seed", str(seed)
    )
    try:
        open_accounts(sandbox)
        make_product("F001", distributor_risk=RISK)
        make_template(Channel.SMS, product="F001")
        make_template(Channel.EMAIL)
        people(random.Random(seed))
        make_segment()
        for key in JOURNEYS:
            send_both(key)
        with Workers(armed) as workers:
            ends: Counter[int] = Counter()
            for start in (NOW, NOW + HOURS_LATER):
                for life in range(25):
                    now = start + life * timedelta(minutes=2)
                    ends[workers.run(now, limit=A_CLAIM)] += 1
                    if not still_to_do(now):
                        break
        # A worker's two threads may reach two points at once, and it dies once.
        assert len(DEADLY) < ends[-9] <= 2 * len(DEADLY)
        assert open_touches() == 0, f"seed {seed}"

        told = decisions([raw.id for raw in read_people()])
        assert differences(told) == [], f"seed {seed}"
    finally:
        sandbox.stop()


def people(dice: random.Random) -> None:
    """Customers of every kind; the same for the same dice."""
    made = [
        Person(
            customer_no=f"P{number:05d}",
            columns={
                "risk_level": dice.choice(LEVELS),
                "risk_assessed_on": dice.choice(["2026-01-10", "2025-06-01", "2022-01-10"]),
                "lowest_class": False,
                "birth_on": dice.choice(["1985-05-04", "1972-11-30", "2012-02-03"]),
                "region": "上海",
                "time_zone": dice.choice(ZONES),
            },
            contacts={"phone": f"+86138{number:08d}", "email": f"person{number}@example.com"},
            attributes={},
        )
        for number in range(CUSTOMERS)
    ]
    ids = put_people(people=made, source="test", may_replace_contacts=True, now=NOW)
    for channel in ("sms", "email"):
        asked = [pk for pk in ids.values() if dice.random() < 0.9]
        say_consent(asked, [channel])
        gone = [pk for pk in asked if dice.random() < 0.1]
        say_consent(gone, [channel], state=ConsentState.WITHDRAWN, now=NOW + timedelta(seconds=1))
    for kind in ("phone", "email"):
        suppress(
            kind=kind,
            values=[one.contacts[kind] for one in made if dice.random() < 0.07],
            why=Suppression.Why.UNDELIVERABLE,
            account=None,
            now=NOW,
        )


def still_to_do(now: datetime) -> bool:
    """Whether something is open that the night does not hold back."""
    found = rows(
        "SELECT count(*) FROM campaigns_touch WHERE reason <> 'quiet_hours'"
        " AND state IN ('queued', 'deferred', 'handing_over', 'ambiguous')",
        {},
    )
    entered = rows("SELECT count(*) FROM campaigns_enrolment WHERE finished_at IS NULL", {})
    return bool(found[0][0] or entered[0][0]) or now == NOW


# --- The rules a second time ----------------------------------------------------------------------
def read_people() -> list[Raw]:
    return [
        Raw(pk, level, assessed, birth, ZoneInfo(zone))
        for pk, level, assessed, birth, zone in rows(_PEOPLE, {})
    ]


def ground(
    raw: Raw, channel: str, consents: Mapping[tuple[int, str], str], suppressed: set[Any]
) -> str:
    """Why this customer is never to be written to by this channel, or nothing."""
    consent = consents.get((raw.id, channel))
    if consent != "granted":
        return "consent_withdrawn" if consent == "withdrawn" else "no_consent"
    if (raw.id, channel) in suppressed:
        return "suppressed"
    today = date(2026, 3, 2)
    is_minor = (raw.birth_on.year + 18, raw.birth_on.month, raw.birth_on.day) > (2026, 3, 2)
    is_old = raw.assessed_on is None or raw.assessed_on < today.replace(year=today.year - 2)
    if channel != "sms":
        # It names no product: rule S-13 asks what is asked of the person (S-03, S-06, S-12).
        return "marketing_barred" if is_minor or is_old else ""
    return "unsuitable" if is_minor or is_old or int(raw.level[1]) < RISK else ""


def is_night(raw: Raw, channel: str, at: datetime) -> bool:
    local = at.astimezone(raw.zone)
    return channel == "sms" and not TEXTS_FROM <= (local.hour, local.minute) < TEXTS_UNTIL


def differences(told: Mapping[int, list[Decision]]) -> list[str]:
    """Each touch whose story differs from what the rules say, and each cap that was not kept."""
    consents = {(pk, channel): state for pk, channel, state in rows(_CONSENTS, {})}
    suppressed = {(pk, channel) for pk, channel in rows(_SUPPRESSED, {})}
    wrong = []
    for raw in read_people():
        stories = by_touch(told[raw.id])
        if len(stories) != 2 * len(JOURNEYS):
            wrong.append(f"{raw.id}: {len(stories)} touches")
        handed: Counter[tuple[date, str]] = Counter()
        for steps in stories.values():
            handed.update(day_and_channel(raw, step) for step in what_arrived(steps))
        for steps in stories.values():
            channel = steps[0].facts["channel"]
            codes = [step.code for step in steps if step.kind == "judged"]
            # An attempt that was proved unsent leaves its place under the caps to the next.
            met = [*filter(None, codes[:-1]), *codes[-1:]]
            seen = [code for code, _ in groupby(met)]
            never = ground(raw, channel, consents, suppressed)
            waits = not never and is_night(raw, channel, NOW)
            first = ["quiet_hours"] if waits else []
            is_capped = seen[-1:] == ["capped"]
            right = [*first, never or ("capped" if is_capped else "")]
            sent = bool(what_arrived(steps))
            if seen != right or sent != (right[-1] == ""):
                wrong.append(f"{raw.id} {channel}: {seen} and not {right}, sent {sent}")
            if is_capped and not is_full(raw, steps, handed):
                wrong.append(f"{raw.id} {channel}: capped with {handed}")
        for day in {day for day, _ in handed}:
            texts, mails = handed[day, "sms"], handed[day, "email"]
            if texts > TEXTS_A_DAY or texts + mails > MESSAGES_A_DAY:
                wrong.append(f"{raw.id}: {texts} texts and {mails} e-mails on {day}")
    return wrong


def by_touch(steps: list[Decision]) -> dict[int, list[Decision]]:
    found: dict[int, list[Decision]] = defaultdict(list)
    for step in steps:
        if "touch" in step.facts:
            found[step.facts["touch"]].append(step)
    return found


def what_arrived(steps: list[Decision]) -> list[Decision]:
    """The attempt that the provider took, if any."""
    if not any(step.kind == "accepted" for step in steps):
        return []
    return [step for step in steps if step.kind == "handed_over"][-1:]


def day_and_channel(raw: Raw, step: Decision) -> tuple[date, str]:
    assert step.at is not None
    return step.at.astimezone(raw.zone).date(), step.facts["channel"]


def is_full(raw: Raw, steps: list[Decision], handed: Mapping[tuple[date, str], int]) -> bool:
    """Whether a cap was used up on the day on which this touch was capped."""
    (capped,) = [step for step in steps if step.code == "capped"]
    day, channel = day_and_channel(raw, capped)
    texts, mails = handed.get((day, "sms"), 0), handed.get((day, "email"), 0)
    return texts + mails >= MESSAGES_A_DAY or (channel == "sms" and texts >= TEXTS_A_DAY)
