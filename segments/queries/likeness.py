"""What a look-alike model reads of people, of nobody who objects or is restricted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from customers.queries.database import rows
from segments.likeness.model import Spec
from segments.queries.blocks import BLOCKS, IN_BLOCK, blocks_for, span_of_ids
from segments.queries.profile import number_sql, text_sql
from segments.rules.catalog import Catalog, Field, FieldType

CATEGORIES: Final = 8
_AT_ONCE: Final = 5_000
_IDS_AT_ONCE: Final = 50_000
SAMPLED: Final = 20_000
"""How many customers tell which texts are frequent."""
# Of nobody's liking: his number, and what rankings or reasons say.
_NEVER: Final = frozenset({"customer_no", "persona_why"})
_EVERYBODY: Final = """
FROM customers_customer c
LEFT JOIN segments_membership m
    ON m.customer_id = c.id AND m.segment_id = %(segment)s AND m.left_at IS NULL
WHERE c.status = 'active' AND NOT c.personalise_off
"""
_MEMBERS: Final = """
SELECT count(*) FROM (
    SELECT FROM segments_membership m JOIN customers_customer c ON c.id = m.customer_id
    WHERE m.segment_id = %(segment)s AND m.left_at IS NULL
      AND c.status = 'active' AND NOT c.personalise_off
    LIMIT %(most)s) member
"""
_IDS: Final = f"""
SELECT c.id, m.customer_id IS NOT NULL {_EVERYBODY}
AND c.id > %(after)s ORDER BY c.id LIMIT %(most)s
"""
_VALUES: Final = f"""
SELECT value FROM (
    SELECT {{value}} AS value FROM {BLOCKS} CROSS JOIN LATERAL (
        SELECT * FROM customers_customer one WHERE one.id {IN_BLOCK}) c
    WHERE c.status = 'active' AND NOT c.personalise_off) everybody
WHERE value <> '' GROUP BY value HAVING count(*) >= 10
ORDER BY count(*) DESC, value LIMIT %(categories)s
"""
_CARRYING: Final = """
SELECT id FROM customers_customer WHERE attributes ? %(field)s AND status = 'active'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A field, and how the model reads it."""

    field: Field
    spec: Spec


def usable_members(segment_id: int, *, most: int) -> int:
    """How many of the segment's members may be used; counted up to ``most``."""
    return int(rows(_MEMBERS, {"segment": segment_id, "most": most})[0][0])


def usable_ids(segment_id: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Everybody who may be used, by id, and whether he is a member (N each); 9 bytes a customer."""
    ids, members = [np.empty(0, np.int64)], [np.empty(0, np.bool_)]
    told = {"segment": segment_id, "most": _IDS_AT_ONCE}
    after = 0
    while batch := rows(_IDS, {**told, "after": after}):
        ids.append(np.array([row[0] for row in batch], np.int64))
        members.append(np.array([row[1] for row in batch], np.bool_))
        after = batch[-1][0]
    return np.concatenate(ids), np.concatenate(members)


def features(fields: Catalog, excluded: frozenset[str]) -> list[Feature]:
    """Numbers, flags and the frequent values of texts.

    Which are frequent some `SAMPLED` customers tell, however many there are.
    """
    span = span_of_ids()
    drawn = blocks_for(len(span), most=SAMPLED, span=span).params
    found = []
    for field in fields.fields.values():
        if field.name in excluded | _NEVER or field.name.startswith("lookalike_"):
            continue
        match field.type:
            case FieldType.NUMBER:
                found.append(Feature(field=field, spec=Spec(name=field.name)))
            case FieldType.TEXT | FieldType.CHOICE | FieldType.LEVEL | FieldType.BOOLEAN:
                told = {**drawn, "name": field.name, "categories": CATEGORIES}
                values = rows(_VALUES.format(value=text_sql(field)), told)
                if len(values) > 1:
                    spec = Spec(name=field.name, values=tuple(value for (value,) in values))
                    found.append(Feature(field=field, spec=spec))
            case FieldType.DATE | FieldType.DATETIME | FieldType.ENCRYPTED:
                continue
    return found


def feature_rows(
    told: Sequence[Feature], segment_id: int, today: date
) -> Iterator[list[tuple[Any, ...]]]:
    """Id, membership and the features of everybody, in batches by id."""
    params: dict[str, object] = {"segment": segment_id, "most": _AT_ONCE, "today": today}
    columns = []
    for at, feature in enumerate(told):
        params[f"name{at}"] = feature.field.name
        columns.append(_column(feature, f"name{at}"))
    statement = (
        f"SELECT c.id, m.customer_id IS NOT NULL, {', '.join(columns)} {_EVERYBODY}"
        " AND c.id > %(after)s ORDER BY c.id LIMIT %(most)s"
    )
    after = 0
    while batch := rows(statement, {**params, "after": after}):
        yield batch
        after = batch[-1][0]


def carrying(field: str) -> list[int]:
    """Active customers who carry the field."""
    return [customer for (customer,) in rows(_CARRYING, {"field": field})]


def _column(feature: Feature, parameter: str) -> str:
    if feature.spec.values:
        return text_sql(feature.field, parameter)
    return number_sql(feature.field, parameter)
