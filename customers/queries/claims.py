"""Identifiers that calls gave to customers, and who has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from customers.queries.database import as_json, rows

KEPT_CLAIMS = """
    -- Of each identifier given to a customer: whether it is his now, and whether it is anybody's.
    SELECT given.place, coalesce(bool_or(held.customer_id = given.customer_id), false),
           count(held.id) > 0
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
        place int, customer_id bigint, kind text, value_hash text)
    LEFT JOIN customers_identity held
        ON held.kind = given.kind AND held.value_hash = decode(given.value_hash, 'hex')
    GROUP BY given.place
"""


class Holder(StrEnum):
    """Whose an identifier is that was given to a customer."""

    OWN = "own"  # his
    ANOTHER = "another"  # somebody else's, and it stayed so
    NOBODY = "nobody"  # it was not stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One identifier as one call gave it to a customer."""

    index: int
    """The call's place in its request."""
    field: str
    """As the client wrote it."""
    customer_id: int
    kind: str
    value_hash: bytes


def holders(claims: Sequence[Claim]) -> list[Holder]:
    """Whose each claimed identifier is, in the same order."""
    given = [
        {
            "place": place,
            "customer_id": claim.customer_id,
            "kind": claim.kind,
            "value_hash": claim.value_hash.hex(),
        }
        for place, claim in enumerate(claims)
    ]
    if not given:
        return []
    found = {place: (own, held) for place, own, held in rows(KEPT_CLAIMS, {"rows": as_json(given)})}
    return [_holder(*found[place]) for place in range(len(claims))]


def _holder(is_own: bool, is_held: bool) -> Holder:
    if is_own:
        return Holder.OWN
    return Holder.ANOTHER if is_held else Holder.NOBODY
