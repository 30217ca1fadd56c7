"""Providers' invoices beside our own touches."""

from typing import Any, Final

from campaigns.models import Invoice
from customers.queries.database import rows

ADD_INVOICE_LINES: Final = """
INSERT INTO campaigns_invoiceline (invoice_id, number, reference, segments, amount, billed_on)
SELECT %(invoice)s, r.number, r.reference, r.segments, r.amount, r.billed_on
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
    number int, reference text, segments int, amount numeric, billed_on date)
"""


# Each line and the touch it names by our key or by the provider's id, which may have been accepted
# some days before it was billed; then what was accepted in the invoice's days and is on no line of
# it, nor of another invoice of the account. An id given to two touches stands for the newer.
RECONCILED: Final = """
WITH span AS MATERIALIZED (
    SELECT min(billed_on) AS first_on, max(billed_on) AS last_on
    FROM campaigns_invoiceline WHERE invoice_id = %(invoice)s
), ours AS MATERIALIZED (
    SELECT t.id, t.key, replace(t.key::text, '-', '') AS hex, t.provider_id, t.segments, t.cost,
           (t.accepted_at AT TIME ZONE %(zone)s)::date AS day
    FROM campaigns_touch t, span
    WHERE t.account_id = %(account)s
      AND t.accepted_at >= (span.first_on - 7)::timestamp AT TIME ZONE %(zone)s
      AND t.accepted_at < (span.last_on + 8)::timestamp AT TIME ZONE %(zone)s
), named AS (
    SELECT DISTINCT ON (provider_id) provider_id, id FROM ours WHERE provider_id <> ''
    ORDER BY provider_id, id DESC
), judged AS MATERIALIZED (
    SELECT l.number, l.billed_on, l.reference, l.segments, l.amount,
           coalesce(k.id, n.id) AS touch_id,
           row_number() OVER (
               PARTITION BY coalesce(k.id, n.id), l.amount < 0 ORDER BY l.number) AS place
    FROM campaigns_invoiceline l
    LEFT JOIN ours k ON k.hex = l.reference
    LEFT JOIN named n ON n.provider_id = l.reference
    WHERE l.invoice_id = %(invoice)s
)
SELECT CASE WHEN j.amount < 0 THEN 'credited'
            WHEN o.id IS NULL THEN 'missing_ours'
            WHEN j.place > 1 THEN 'billed_twice'
            WHEN j.amount <> o.cost THEN 'amount_differs'
            WHEN j.segments <> o.segments THEN 'segments_differ'
            ELSE 'matched' END AS finding,
       j.billed_on AS day, j.number AS line, j.reference, o.key,
       j.segments AS their_segments, o.segments AS our_segments, j.amount AS their_amount,
       CASE WHEN j.place = 1 AND j.amount >= 0 THEN o.cost END AS our_amount
FROM judged j LEFT JOIN ours o ON o.id = j.touch_id
UNION ALL
SELECT 'missing_theirs', o.day, NULL, o.provider_id, o.key, NULL, o.segments, NULL, o.cost
FROM ours o JOIN span ON o.day BETWEEN span.first_on AND span.last_on
WHERE NOT EXISTS (SELECT FROM judged j WHERE j.touch_id = o.id)
  AND NOT EXISTS (
      SELECT FROM campaigns_invoiceline x JOIN campaigns_invoice i ON i.id = x.invoice_id
      WHERE i.account_id = %(account)s AND x.reference IN (o.hex, nullif(o.provider_id, '')))
"""


INVOICE_DAYS: Final = f"""
SELECT day, finding, count(*), coalesce(sum(their_amount), 0), coalesce(sum(our_amount), 0)
FROM ({RECONCILED}) found GROUP BY day, finding ORDER BY day, finding
"""


INVOICE_FINDINGS: Final = f"""
SELECT finding, day, line, reference, key, their_segments, our_segments, their_amount, our_amount
FROM ({RECONCILED}) found WHERE finding <> 'matched'
ORDER BY day, finding, line, reference LIMIT %(limit)s
"""


def invoice_days(invoice: Invoice, zone: str) -> list[tuple[Any, ...]]:
    """``(day, finding, count, their amount, our amount)``."""
    return rows(INVOICE_DAYS, _reconciling(invoice, zone))


def invoice_findings(invoice: Invoice, zone: str, limit: int | None) -> list[tuple[Any, ...]]:
    """The rows of `INVOICE_FINDINGS`; ``limit`` None is all."""
    return rows(INVOICE_FINDINGS, {**_reconciling(invoice, zone), "limit": limit})


def _reconciling(invoice: Invoice, zone: str) -> dict[str, object]:
    return {"invoice": invoice.pk, "account": invoice.account_id, "zone": zone}
