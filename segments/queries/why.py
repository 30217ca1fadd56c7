"""Why a customer is, or is not, in a segment: each clause of the rule with what decided it."""

import json
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import connection, transaction

from customers.identifiers import redact
from customers.models import Customer
from segments.errors import NOT_ACTIVE, UNKNOWN_NUMBER, NoSuchCustomer
from segments.queries.rules import references, spoken_catalog
from segments.rules.catalog import FieldType
from segments.rules.check import Checked, check
from segments.rules.clauses import Clause, Evidence, clauses, leaves_of
from segments.rules.evidence import compile_evidence
from segments.rules.moments import Clock
from segments.rules.parse import parse
from segments.rules.pointer import shown
from segments.rules.tree import Attribute, Rule

TIMEOUT_MS: Final = 5_000


def why(raw: object, *, customer_no: str, now: datetime, own_key: str | None = None) -> Clause:
    """The verdict of a rule about one customer, clause by clause. One statement.

    Raises
    ------
    RuleError : the rule is wrong.
    NoSuchCustomer : nobody has this number, or he is not active any more.
    OperationalError : it takes too long.
    """
    known = spoken_catalog()
    checked = check(parse(raw), catalog=known, references=references(own_key=own_key))
    # PostgreSQL would not even look for a text with a NUL in it.
    found = Customer.objects.filter(customer_no=customer_no) if "\x00" not in customer_no else None
    customer = found.first() if found is not None else None
    if customer is None:
        raise NoSuchCustomer(UNKNOWN_NUMBER, number=shown(customer_no))
    evidence = _evidence(checked, customer.pk, now)
    if not evidence:
        raise NoSuchCustomer(NOT_ACTIVE)
    clock = Clock.at(now=now, zone=settings.TIME_ZONE)
    return clauses(checked, evidence, catalog=known, clock=clock)


def _evidence(checked: Checked, customer_id: int, now: datetime) -> list[Evidence]:
    fragment = compile_evidence(checked, now=now, zone=settings.TIME_ZONE, customer_id=customer_id)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {TIMEOUT_MS:d}")
        cursor.execute(
            f"SELECT is_met, found::text FROM ({fragment.sql}) clause ORDER BY number",
            dict(fragment.params),
        )
        found = cursor.fetchall()
    leaves = [leaf for _pointer, leaf in leaves_of(checked.rule)] if found else []
    return [
        Evidence(is_met=is_met, found=_masked(leaf, json.loads(value or "null"), checked))
        for leaf, (is_met, value) in zip(leaves, found, strict=True)
    ]


def _masked(leaf: Rule, found: object, checked: Checked) -> object:
    """Free text may hold a phone number or an address; a figure only looks like one."""
    is_text = isinstance(leaf, Attribute) and checked.fields[leaf.field].type is FieldType.TEXT
    return redact(found) if is_text and isinstance(found, str) else found
