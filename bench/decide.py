"""What a decision takes: milliseconds a request, beside a bare read of the customer's row.

    PYTHONPATH=. python bench/decide.py [--requests N] [--customers N]

Requests go through the whole of Django in this process, one after the other, each for another
customer with consents and contacts on record; the text is judged along. One JSON line: {"bench",
"p50", "p99", "unit", "raw" (median milliseconds of SELECT on the customer), "ratio" (raw to p50),
"required" (p99)}.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable

os.environ["TOUCHSTONE_SPACE"] = "bench"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.test import Client  # noqa: E402

from compliance.models import Product  # noqa: E402
from compliance.queries import clock_now  # noqa: E402
from config.replay import space  # noqa: E402
from customers.actions.consents import ConsentStatement, record_consents  # noqa: E402
from customers.actions.people import Person, put_people  # noqa: E402
from customers.actions.sources import create_api_key  # noqa: E402
from customers.queries.database import rows  # noqa: E402
from customers.vocabulary import ConsentState, KeyScope  # noqa: E402

REQUIRED = 50.0
TEXT = "【示例证券】基金A本周发布季度报告。投资有风险，风险由投资者自行承担。拒收请回复R"
CHUNK = 1000


def main() -> None:
    """Fill a space of its own, then ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--customers", type=int, default=20_000)
    told = parser.parse_args()
    space.renew()
    numbers = fill(told.customers)
    secret = create_api_key(name="bench", scope=KeyScope.READ, now=clock_now()).secret
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    asked = [numbers[place * 7919 % len(numbers)] for place in range(told.requests)]
    decided = measure(asked, lambda number: ask(client, number))
    bare = measure(asked, read)
    p50 = statistics.median(decided)
    line = {
        "bench": "decide",
        "p50": round(p50, 2),
        "p99": round(statistics.quantiles(decided, n=100)[98], 2),
        "unit": "ms/request",
        "raw": round(statistics.median(bare), 3),
        "ratio": round(statistics.median(bare) / p50, 3),
        "required": REQUIRED,
    }
    sys.stdout.write(json.dumps(line) + "\n")


def fill(customers: int) -> list[str]:
    """Customers to whom the product suits, all consenting."""
    now = clock_now()
    Product.objects.create(
        code="F001", name="F001", kind="public_fund", distributor_risk=3, updated_at=now
    )
    numbers = [f"D{number:07d}" for number in range(customers)]
    columns = {"risk_level": "C3", "risk_assessed_on": now.date().isoformat()}
    columns |= {"birth_on": "1985-05-04", "lowest_class": False}
    for start in range(0, customers, CHUNK):
        people = [Person(customer_no=n, columns=columns) for n in numbers[start : start + CHUNK]]
        ids = put_people(people=people, source="bench", may_replace_contacts=True, now=now)
        statements = [
            ConsentStatement(
                customer_id=customer_id,
                purpose="marketing",
                channel="sms",
                state=ConsentState.GRANTED,
                notice_version="1",
                source="bench",
            )
            for customer_id in ids.values()
        ]
        record_consents(statements=statements, now=now)
    return numbers


def ask(client: Client, number: str) -> None:
    """One question; whatever the hour, it must be answered."""
    body = {"customer": number, "product": "F001", "channel": "sms", "text": TEXT}
    answer = client.post("/api/v1/decide", data=body, content_type="application/json")
    assert answer.status_code == 200, answer.content


def read(number: str) -> None:
    """The least that a decision must read."""
    assert rows("SELECT * FROM customers_customer WHERE customer_no = %(no)s", {"no": number})


def measure(asked: list[str], act: Callable[[str], None]) -> list[float]:
    """Milliseconds of each, the first few left out."""
    times = []
    for number in asked:
        started = time.perf_counter()
        act(number)
        times.append((time.perf_counter() - started) * 1000)
    return times[20:]


if __name__ == "__main__":
    main()
