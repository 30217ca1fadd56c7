"""What judging costs: microseconds a touch, all gates but wording, on a batch of 500.

    PYTHONPATH=. python bench/gates.py [--rounds N]

Pure code on cases like a real batch's: a product of risk R3, three caps, hours. One JSON line:
{"bench", "value", "unit", "raw", "ratio", "required"}; ``raw`` is building the cases alone, the
limit below which no chain of gates could be.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from campaigns.guards.chain import judge
from campaigns.guards.verdict import Allow, Case, Policy
from compliance.calendar import read_calendar
from compliance.contact import Cap, read_contact_rules
from compliance.jurisdiction import read_jurisdictions
from compliance.rulebook.rule import in_force
from compliance.rulebook.shipped import shipped_rules
from compliance.suitability.values import Product
from tests.compliance.suitability.worlds import ANNA

REQUIRED = 30.0
BATCH = 500
TODAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
CAPS = tuple(
    Cap(rule_id=f"F-0{number}", scope="channel", of="sms", period=period, most=4)
    for number, period in enumerate(("day", "week", "month"))
)
POLICY = Policy(
    on=TODAY,
    jurisdiction=read_jurisdictions(shipped_rules("jurisdictions")).default,
    suitability=in_force(shipped_rules("suitability"), TODAY),
    contact=read_contact_rules(shipped_rules("contact")),
    calendar=read_calendar(shipped_rules("calendar")),
)
PRODUCT = Product(
    code="F001", kind="public_fund", distributor_risk=3, asset_class="equity", horizon_months=12
)


def case(number: int) -> Case:
    """One touch of the batch, allowed by every gate."""
    return Case(
        purpose="marketing",
        channel="sms",
        expires_at=None,
        customer_status="active",
        personalise_off=False,
        consent_name="sms",
        consent="granted",
        consent_form="",
        consent_since=None,
        own_word_at=None,
        register_checked_on=None,
        has_objected=False,
        has_address=True,
        suppressed="",
        suppressed_at=None,
        is_personal=True,
        is_targeted=True,
        is_approved=True,
        aml_hold=False,
        internal_hold=False,
        client=replace(ANNA, horizon_months=12 + number % 3),
        product_code="F001",
        product=PRODUCT,
        policy=POLICY,
        zone=ZoneInfo("Asia/Shanghai"),
        used=tuple((cap, number % 3) for cap in CAPS),
    )


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    cases = [case(number) for number in range(BATCH)]
    assert all(isinstance(judge(one, NOON)[1], Allow) for one in cases)
    value = measure(lambda: [judge(one, NOON) for one in cases], rounds)
    raw = measure(lambda: [case(number) for number in range(BATCH)], rounds)
    line = {
        "bench": "gates",
        "value": round(value, 2),
        "unit": "µs/touch",
        "raw": round(raw, 2),
        "ratio": round(raw / value, 3),
        "required": REQUIRED,
    }
    print(json.dumps(line, ensure_ascii=False))


def measure(act: Callable[[], object], rounds: int) -> float:
    """The median microseconds a touch, of processor time."""
    times = []
    for _ in range(rounds):
        started = time.process_time()
        act()
        times.append(time.process_time() - started)
    return statistics.median(times) / BATCH * 1e6


if __name__ == "__main__":
    main()
