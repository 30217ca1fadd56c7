"""Tags of customers: given in batches, run out, refused."""

from typing import Final

from customers.models import Attribute, Customer, Tagging, TagRefusal
from customers.queries.derived import REASON
from customers.queries.rights import ids_of

# A refusal of whom was merged into him counts as his own.
_REFUSES: Final = """EXISTS (
          SELECT FROM customers_tagrefusal r JOIN customers_customer who ON who.id = r.customer_id
          WHERE r.tag = {tag} AND (who.id = c.id OR who.merged_into_id = c.id))"""
# Whoever opts out at this moment waits for us, or we for him: the lock reads his row anew. Locked
# in the order in which files write.
GIVE: Final = f"""
WITH willing AS (
    SELECT c.id FROM customers_customer c
    WHERE c.id = ANY(%(ids)s::bigint[]) AND c.status = 'active'
      AND NOT c.personalise_off
      AND NOT {_REFUSES.format(tag="%(tag)s")}
    ORDER BY c.customer_no FOR SHARE OF c)
INSERT INTO customers_tagging AS t (customer_id, tag, source, since, valid_until)
SELECT id, %(tag)s, %(source)s, %(now)s, %(until)s FROM willing
ON CONFLICT (customer_id, tag) DO UPDATE
SET source = excluded.source, valid_until = excluded.valid_until,
    since = CASE WHEN t.valid_until <= %(now)s THEN excluded.since ELSE t.since END
WHERE (t.source, t.valid_until) IS DISTINCT FROM (excluded.source, excluded.valid_until)
"""


# What a file tells of tags. Of a person whose several numbers it names, the newest word counts.
_TOLD: Final = """
SELECT DISTINCT ON (person.id, given.tag) person.id AS customer_id, given.tag, given.value,
       given.told_at, given.told_at + term.ttl_days * interval '24 hours' AS until, term.source
FROM customers_stagedrow stage
CROSS JOIN LATERAL jsonb_to_record(stage.data) AS given (
    customer text, tag text, value boolean, told_at timestamptz)
JOIN customers_tagterm term ON term.tag = given.tag
JOIN customers_customer holder ON holder.customer_no = given.customer
JOIN customers_customer person ON person.id = coalesce(holder.merged_into_id, holder.id)
WHERE stage.load_id = %(load)s AND stage.code = ''
ORDER BY person.id, given.tag, given.told_at DESC
"""


# What another system has concluded is a conclusion: who refuses personalisation gets none of it.
GIVE_STAGED: Final = f"""
WITH told AS ({_TOLD}),
willing AS (
    SELECT c.id, told.tag, told.source, told.told_at, told.until
    FROM told JOIN customers_customer c ON c.id = told.customer_id
    WHERE told.value AND told.until > %(now)s AND c.status = 'active' AND NOT c.personalise_off
      AND NOT {_REFUSES.format(tag="told.tag")}
    ORDER BY c.customer_no, told.tag FOR SHARE OF c)
INSERT INTO customers_tagging AS t (customer_id, tag, source, since, valid_until)
SELECT id, tag, source, told_at, until FROM willing
ON CONFLICT (customer_id, tag) DO UPDATE
SET source = excluded.source, valid_until = excluded.valid_until,
    since = CASE WHEN t.valid_until <= %(now)s THEN excluded.since ELSE t.since END
WHERE t.valid_until < excluded.valid_until
"""


TAKE_STAGED: Final = f"""
DELETE FROM customers_tagging t USING ({_TOLD}) told
WHERE t.customer_id = told.customer_id AND t.tag = told.tag AND NOT told.value
  AND t.since <= told.told_at
"""


REFUSE_NOT_GIVEN: Final = """
UPDATE customers_stagedrow stage
SET code = CASE WHEN (stage.data->>'told_at')::timestamptz
                     + term.ttl_days * interval '24 hours' <= %(now)s
                THEN 'tag_over' ELSE 'tag_unwanted' END,
    "column" = 'tag', value = term.tag
FROM customers_tagterm term, customers_customer holder
WHERE stage.load_id = %(load)s AND stage.code = '' AND (stage.data->>'value')::boolean
  AND term.tag = stage.data->>'tag' AND holder.customer_no = stage.data->>'customer'
  AND NOT EXISTS (
      SELECT FROM customers_tagging t
      WHERE t.customer_id = coalesce(holder.merged_into_id, holder.id) AND t.tag = term.tag)
"""


LET_GIVE: Final = """
INSERT INTO customers_tagterm AS term (tag, source, ttl_days)
VALUES (%(tag)s, %(source)s, %(ttl_days)s)
ON CONFLICT (tag) DO UPDATE SET source = excluded.source, ttl_days = excluded.ttl_days
"""


END_DUE: Final = """
DELETE FROM customers_tagging WHERE id IN (
    SELECT id FROM customers_tagging WHERE valid_until <= %(now)s
    ORDER BY valid_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
"""


TAKE: Final = "DELETE FROM customers_tagging WHERE tag = %(tag)s"


FORGET_ATTRIBUTE: Final = f"""
UPDATE customers_customer
SET attributes = attributes - ARRAY[%(tag)s::text, %(tag)s::text || '{REASON}'],
    updated_at = %(now)s
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
