"""A sample of customers with the tags and values they carry, and whether they reached a goal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

from customers.queries.database import rows
from segments.catalogue.shipped import shipped_tags
from segments.models import Segment, Tag, TagState
from segments.queries.blocks import BLOCKS, IN_BLOCK, blocks_for, span_of_ids
from segments.queries.dependents import times_named
from segments.usefulness import Levels, as_levels

SAMPLED: Final = 20_000
LOOKED_BACK: Final = timedelta(days=90)

_SAMPLE: Final = f"""
    -- The same customers each time, as long as the table is the same.
    SELECT c.attributes::text, jsonb_build_object(
               'region', c.region, 'risk_level', c.risk_level, 'lowest_class', c.lowest_class,
               'investor_type', c.investor_type, 'lifecycle', c.lifecycle,
               'total_asset', c.total_asset)::text,
           ARRAY(
               SELECT t.tag FROM customers_tagging t WHERE t.customer_id = c.id
                 AND (t.valid_until IS NULL OR t.valid_until > %(now)s)),
           EXISTS (SELECT FROM customers_event e WHERE e.customer_id = c.id
                     AND e.name = %(goal)s AND e.occurred_at > %(since)s
                     AND e.occurred_at <= %(now)s)
    FROM {BLOCKS} CROSS JOIN LATERAL (
        SELECT * FROM customers_customer one WHERE one.id {IN_BLOCK}) c
    WHERE c.status = 'active'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """Levels by tag, and who reached the goal; each has one entry a customer."""

    levels: dict[str, Levels]
    goal: NDArray[np.bool_]


def sample(*, goal: str, now: datetime) -> Sampled:
    """Some twenty thousand customers with every tag in use.

    Cost: three probes for each customer of the sample, however many there are.
    """
    span = span_of_ids()
    drawn = blocks_for(len(span), most=SAMPLED, span=span)
    told = {"goal": goal, "now": now, "since": now - LOOKED_BACK, **drawn.params}
    found = rows(_SAMPLE, told, binary=True)
    values = [{**orjson.loads(row[0]), **orjson.loads(row[1])} for row in found]
    carried = [frozenset(row[2]) for row in found]
    fields = {tag.key: tag.field or tag.key for tag in shipped_tags() if tag.field or tag.is_value}
    keys = Tag.objects.filter(state__in=[TagState.ACTIVE, TagState.RETIRING]).values_list(
        "key", flat=True
    )
    return Sampled(
        levels={
            key: as_levels([of.get(fields[key]) for of in values])
            if key in fields
            else np.array([key in tags for tags in carried], dtype=np.int16)
            for key in keys
        },
        goal=np.array([row[3] for row in found], dtype=bool),
    )


def segments_asking(tags: Sequence[str]) -> dict[str, int]:
    """How many segments, and rules of other tags, ask for each of these tags, or its value."""
    rules = Segment.objects.filter(archived_at=None).values_list("rule", flat=True)
    return times_named(rules, tags)
