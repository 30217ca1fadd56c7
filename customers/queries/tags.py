"""Tags of customers: given in batches, run out, refused."""

from typing import Final

from customers.models import Attribute, Customer, Tagging, TagRefusal
from customers.queries.rights import ids_of

# Whoever opts out at this moment waits for us, or we for him: the lock reads his row anew.
# A refusal of whom was merged into him counts as his own.
GIVE: Final = """
WITH willing AS (
    SELECT c.id FROM customers_customer c
    WHERE c.id = ANY(%(ids)s::bigint[]) AND c.status = 'active'
      AND NOT (c.personalise_off AND %(is_derived)s)
      AND NOT EXISTS (
          SELECT FROM customers_tagrefusal r JOIN customers_customer who ON who.id = r.customer_id
          WHERE r.tag = %(tag)s AND (who.id = c.id OR who.merged_into_id = c.id))
    ORDER BY c.id FOR SHARE OF c)
INSERT INTO customers_tagging AS t (customer_id, tag, source, since, valid_until)
SELECT id, %(tag)s, %(source)s, %(now)s, %(until)s FROM willing
ON CONFLICT (customer_id, tag) DO UPDATE
SET source = excluded.source, valid_until = excluded.valid_until,
    since = CASE WHEN t.valid_until <= %(now)s THEN excluded.since ELSE t.since END
WHERE (t.source, t.valid_until) IS DISTINCT FROM (excluded.source, excluded.valid_until)
"""


END_DUE: Final = """
DELETE FROM customers_tagging WHERE id IN (
    SELECT id FROM customers_tagging WHERE valid_until <= %(now)s
    ORDER BY valid_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
"""


TAKE: Final = "DELETE FROM customers_tagging WHERE tag = %(tag)s"


FORGET_ATTRIBUTE: Final = """
UPDATE customers_customer SET attributes = attributes - %(tag)s::text, updated_at = %(now)s
WHERE id = %(customer)s AND attributes ? %(tag)s
  AND EXISTS (SELECT FROM customers_attribute a WHERE a.key = %(tag)s AND a.is_derived)
"""


def carried_tags(customer: Customer) -> list[str]:
    """All tags of a customer, and values derived from his data, by key."""
    tags = Tagging.objects.filter(customer__in=ids_of(customer)).values_list("tag", flat=True)
    derived = Attribute.objects.filter(is_derived=True, key__in=customer.attributes.keys())
    return sorted({*tags, *derived.values_list("key", flat=True)})


def refused_tags(customer: Customer) -> list[str]:
    """Tags the customer had deleted, by key."""
    refused = TagRefusal.objects.filter(customer__in=ids_of(customer))
    return sorted(set(refused.values_list("tag", flat=True)))
