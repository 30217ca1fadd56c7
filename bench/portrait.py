"""What a customer's portrait and page take: milliseconds at the server, beside a bare read.

    PYTHONPATH=. python bench/portrait.py [--customers N] [--events N] [--others N] [--requests N]

One customer has ``--events`` events among ``--customers`` customers who have ``--others`` each. The
call of the open API with its four blocks, a page of the timeline, and the console's page of the
customer go through the whole of Django in this process. One JSON line: {"bench", "value" (p95 of
the call, ms), "unit", "timeline", "page" (p95, ms), "raw" (median of SELECT on the customer, ms),
"ratio", "customers", "events", "required"}.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta

os.environ["TOUCHSTONE_SPACE"] = "bench"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.test import Client  # noqa: E402

from compliance.models import User  # noqa: E402
from compliance.queries import clock_now  # noqa: E402
from config.replay import space  # noqa: E402
from customers.actions.partitions import ensure_partitions  # noqa: E402
from customers.actions.people import Person, put_people  # noqa: E402
from customers.actions.sources import create_api_key  # noqa: E402
from customers.models import Customer  # noqa: E402
from customers.queries.database import execute, rows  # noqa: E402
from customers.queries.events import month_of  # noqa: E402
from customers.vocabulary import KeyScope  # noqa: E402

REQUIRED = 100.0
SUBJECT = "S0000001"

CROWD = """
    INSERT INTO customers_customer (
        customer_no, is_numbered, status, risk_level, personalise_off, aml_hold, internal_hold,
        attributes, created_at, updated_at)
    SELECT 'B' || lpad(n::text, 9, '0'), true, 'active', 'C3', false, false, false, '{}', %(now)s,
           %(now)s
    FROM generate_series(1, %(customers)s::int) AS n
"""
# Among each other, as they come in: the rows of one customer lie far apart.
EVENTS = """
    INSERT INTO customers_event (
        source_id, message_id, kind, name, customer_id, occurred_at, received_at, properties,
        context)
    SELECT 1, 'm' || place.n, 'track', 'Event ' || place.n %% 20, place.customer, place.at,
           place.at, '{"code": "F012", "stay_ms": 18400}', '{}'
    FROM (
        SELECT n, CASE WHEN n %% (%(total)s::bigint / %(events)s) = 0 THEN %(subject)s::bigint
                  ELSE %(subject)s + 1 + n %% %(customers)s END AS customer,
               %(now)s::timestamptz - (%(total)s - n) * (interval '28 days' / %(total)s) AS at
        FROM generate_series(1, %(total)s::bigint) AS n) AS place
"""


def main() -> None:
    """Fill a space of its own, then ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=50_000)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--others", type=int, default=10)
    parser.add_argument("--requests", type=int, default=100)
    told = parser.parse_args()
    space.renew()
    customer = fill(told.customers, told.events, told.others, clock_now())
    secret = create_api_key(name="bench", scope=KeyScope.READ, now=clock_now()).secret
    reader = Client(headers={"Authorization": f"Bearer {secret}"})
    staff = Client()
    staff.force_login(User.objects.create_superuser("bench"))
    address = f"/api/v1/customers/{SUBJECT}"
    page = f"/admin/customers/customer/{customer.pk}/change/"
    call = measure(told.requests, lambda: ask(reader, address))
    times = measure(told.requests, lambda: ask(reader, f"{address}/timeline"))
    pages = measure(max(told.requests // 5, 20), lambda: ask(staff, page))
    bare = statistics.median(measure(told.requests, read))
    line = {
        "bench": "portrait",
        "value": p95(call),
        "unit": "ms",
        "timeline": p95(times),
        "page": p95(pages),
        "raw": round(bare, 3),
        "ratio": round(bare / statistics.median(call), 3),
        "customers": told.customers,
        "events": told.events,
        "required": REQUIRED,
    }
    sys.stdout.write(json.dumps(line) + "\n")


def fill(customers: int, events: int, others: int, now: datetime) -> Customer:
    """One customer with many events among many with few."""
    person = Person(
        customer_no=SUBJECT,
        columns={"name": "张伟", "risk_level": "C3", "total_asset": "100000"},
        contacts={"phone": "13800138000", "email": "a@example.com"},
    )
    ids = put_people(people=[person], source="bench", may_replace_contacts=True, now=now)
    execute(CROWD, {"customers": customers, "now": now})
    total = events + customers * others
    told = {"total": total, "events": events, "customers": customers, "now": now}
    ensure_partitions(months={month_of(now), month_of(now - timedelta(days=28))})
    execute(EVENTS, {**told, "subject": ids[SUBJECT]})
    # As autovacuum leaves them.
    execute("VACUUM ANALYZE", {})
    return Customer.objects.get(customer_no=SUBJECT)


def ask(client: Client, address: str) -> None:
    """One page or call, whole."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.content[:500]


def read() -> None:
    """The least that a portrait must read."""
    assert rows("SELECT * FROM customers_customer WHERE customer_no = %(no)s", {"no": SUBJECT})


def measure(times: int, act: Callable[[], None]) -> list[float]:
    """Milliseconds of each, the first few left out."""
    found = []
    for _turn in range(times + 3):
        began = time.perf_counter()
        act()
        found.append((time.perf_counter() - began) * 1_000)
    return found[3:]


def p95(times: list[float]) -> float:
    """The 95th percentile, to a tenth."""
    return round(statistics.quantiles(times, n=20)[18], 1)


if __name__ == "__main__":
    main()
