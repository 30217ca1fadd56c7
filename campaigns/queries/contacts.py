"""What counts towards the caps, and grounds that only compliance may read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from customers.queries.database import as_json, rows

# An attempt repeated on a later day may reach the customer then: it counts for that day.
TAKE_CONTACTS: Final = """
INSERT INTO campaigns_contact (touch_id, customer_id, journey_id, channel, product, local_on, at)
SELECT touch_id, customer_id, journey_id, channel, product, local_on, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
    touch_id bigint, customer_id bigint, journey_id bigint, channel text, product text,
    local_on date)
ON CONFLICT (touch_id) DO UPDATE SET local_on = excluded.local_on, at = excluded.at
"""


GIVE_BACK_CONTACTS: Final = """
DELETE FROM campaigns_contact c USING campaigns_touch t
WHERE t.key = ANY(%(keys)s::uuid[]) AND c.touch_id = t.id
  AND t.state IN ('deferred', 'refused', 'failed') AND NOT t.may_be_sent
"""


# Under every name that the customer has had: who became one with another gets no second helping.
_NAMES: Final = """
    SELECT id AS person, id FROM people
    UNION ALL
    SELECT gone.merged_into_id, gone.id
    FROM people JOIN customers_customer gone ON gone.merged_into_id = people.id
"""


# Periods by the day that was the customer's then, and by the moment in the zone he has now: whoever
# crosses the date line gets no second helping of the same day.
COUNT_CONTACTS: Final = f"""
WITH people AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(people)s::jsonb) AS p(
        id bigint, day date, day_at timestamptz, week date, week_at timestamptz, month date,
        month_at timestamptz)
), name AS ({_NAMES})
SELECT p.id, own.touch_id, {{counts}}
FROM people p
JOIN name ON name.person = p.id
JOIN campaigns_contact c
  ON c.customer_id = name.id AND c.local_on >= least(p.week, p.month) - 2
LEFT JOIN unnest(%(own)s::bigint[]) AS own(touch_id) ON own.touch_id = c.touch_id
GROUP BY p.id, own.touch_id
"""


_COUNT: Final = (
    "count(*) FILTER (WHERE {scope} AND (c.local_on >= p.{period} OR c.at >= p.{period}_at))"
)


_SCOPES: Final = {
    "total": "true",
    "channel": "c.channel = %({value})s",
    "journey": "c.journey_id = %({value})s",
    "product": "c.product = %({value})s",
}


PRUNE_CONTACTS: Final = "DELETE FROM campaigns_contact WHERE at < %(before)s"


LAST_MARKETED: Final = f"""
WITH people AS (SELECT %(customer)s::bigint AS id)
SELECT max(c.at) FROM campaigns_contact c JOIN ({_NAMES}) name ON name.id = c.customer_id
WHERE c.product = %(product)s
"""


KEEP_RESTRICTED: Final = """
INSERT INTO campaigns_restrictedverdict (touch_id, grounds, at)
SELECT touch_id, grounds, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(touch_id bigint, grounds text)
ON CONFLICT (touch_id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Counter:
    """What is counted: contacts of one scope and value in one calendar period."""

    scope: str
    value: str | int
    period: str


@dataclass(frozen=True, slots=True)
class Contacts:
    """How often each was approached, in the order of the counters; who never was is absent.

    ``by_touch``: what of that is a touch's that is now judged again.
    """

    by_customer: dict[int, list[int]] = field(default_factory=dict)
    by_touch: dict[int, list[int]] = field(default_factory=dict)


def contact_counts(
    counters: Sequence[Counter], *, people: Sequence[Mapping[str, object]], own: Sequence[int]
) -> Contacts:
    """How often each customer was approached, by counter.

    Parameters
    ----------
    people : ``id``, and the first day and moment of his ``day``, ``week`` and ``month``
    own : touches now judged that may have been handed over before
    """
    counts = ", ".join(
        _COUNT.format(
            scope=_SCOPES[counter.scope].format(value=f"v{number}"), period=counter.period
        )
        for number, counter in enumerate(counters)
    )
    values = {f"v{number}": counter.value for number, counter in enumerate(counters)}
    found = Contacts()
    for person, touch_id, *told in rows(
        COUNT_CONTACTS.format(counts=counts),
        {**values, "people": as_json(people), "own": list(own)},
    ):
        so_far = found.by_customer.get(person, [0] * len(counters))
        found.by_customer[person] = [a + b for a, b in zip(so_far, told, strict=True)]
        if touch_id is not None:
            found.by_touch[touch_id] = told
    return found
