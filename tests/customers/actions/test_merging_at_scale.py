"""The look for who is one person: it holds up nobody, however young and large the tables are."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from attribution.actions.collect import Collected, collect
from campaigns.actions.follow_merges import follow_merges
from customers.actions.merge import IDENTITIES_AT_ONCE, merge_matches
from customers.actions.watch_flows import watch_flows
from customers.models import Customer, Identity, MatchRule
from tests.beside import Beside
from tests.factories import NOW, make_people

LATER = NOW + timedelta(minutes=5)
PAIRS = 5
# One phone each; the last few share theirs by two.
_PHONES = """
INSERT INTO customers_identity (customer_id, kind, value_hash, ciphertext, key_id, since, source)
SELECT id, 'phone', sha256(greatest(n, %(pairs)s * 2 - n)::text::bytea), '', '', %(now)s, 'crm'
FROM unnest(%(people)s) WITH ORDINALITY AS one (id, n)
"""


@pytest.mark.django_db
@pytest.mark.parametrize("has_looked", [False, True])
def test_the_first_file_of_an_installation_is_looked_through_in_moments(has_looked: bool) -> None:
    """What the planner knows of a table is of before its first rows: it must not matter."""
    MatchRule.objects.update_or_create(
        kind="phone", defaults={"merges": True, "holders_at_most": 2, "people_at_most": 3}
    )
    if has_looked:
        make_people(2_000)
        Identity.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE customers_identity")
    people = make_people(IDENTITIES_AT_ONCE, channels=[])
    Customer.objects.filter(pk__in=people[:PAIRS]).update(is_numbered=False)
    with connection.cursor() as cursor:
        cursor.execute(_PHONES, {"now": NOW, "pairs": PAIRS, "people": people})
        cursor.execute("SET LOCAL statement_timeout = '10s'")

    assert merge_matches(now=LATER) == PAIRS - 1

    assert Customer.objects.exclude(merged_into=None).count() == PAIRS - 1


def test_who_comes_second_leaves_it_to_the_first(transactional_db: None) -> None:
    """Two ticks met on the first file, and no process was left to hand messages over."""
    looks = (merge_matches, follow_merges, watch_flows, collect)
    with transaction.atomic():
        for look in looks:
            look(now=LATER)

        second = [Beside(lambda look=look: look(now=LATER)).end() for look in looks]  # type: ignore[misc]

    assert [one.error for one in second] == [None] * 4
    assert [one.result for one in second] == [0, 0, None, Collected(exposures=0, conversions=0)]
