"""What the floors above find out about customers, kept where rules can ask for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from django.db import transaction

from customers.queries.database import as_json, execute
from customers.queries.derived import REGISTER, SET_ATTRIBUTES, SET_LIFECYCLES
from customers.vocabulary import AttributeType

AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A field that the product itself fills."""

    key: str
    type: AttributeType
    label_en: str
    label_zh: str


def put_lifecycles(*, stages: Iterable[tuple[int, str]], now: datetime) -> int:
    """Write the stage of each customer who is active; how many changed.

    They are taken as they come, `AT_ONCE` at a time: a million need no more memory than these, and
    a file waits for no more. Each batch stands for itself: whoever is broken off comes again.
    """
    told = ({"id": customer, "stage": stage} for customer, stage in stages)
    return _put(SET_LIFECYCLES, told, now)


def put_derived(
    *,
    fields: Sequence[Derived],
    values: Iterable[tuple[int, Mapping[str, str | float | bool | None]]],
    now: datetime,
) -> int:
    """Register the fields and write each customer's values; how many customers changed.

    None takes a value away. Who has the same values already is not written; who has refused
    personalisation meanwhile is given none, and nobody what he had deleted. The values are taken as
    they come, in batches as above.
    """
    registered = [
        {"key": one.key, "type": one.type, "en": one.label_en, "zh": one.label_zh} for one in fields
    ]
    execute(REGISTER, {"rows": as_json(registered)})
    told = ({"id": customer, "values": dict(found)} for customer, found in values)
    return _put(SET_ATTRIBUTES, told, now)


def _put(statement: str, told: Iterable[Mapping[str, object]], now: datetime) -> int:
    left, changed = iter(told), 0
    while batch := list(islice(left, AT_ONCE)):
        with transaction.atomic():
            changed += execute(statement, {"rows": as_json(batch), "now": now})
    return changed
