"""Write statements of will into the consent ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from django.db import transaction

from customers.queries.consents import ADD_CONSENTS, LOCK_CUSTOMERS
from customers.queries.database import as_json, execute
from customers.vocabulary import ConsentState


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentStatement:
    """What one person said, to which notice, and how it can be proved."""

    customer_id: int
    purpose: str
    channel: str
    state: ConsentState
    notice_version: str
    source: str
    evidence: Mapping[str, str | int] = field(default_factory=dict)


@transaction.atomic
def record_consents(*, statements: Sequence[ConsentStatement], now: datetime) -> int:
    """Append explicit statements in the order given; the number appended.

    The newest counts, so this can also take a withdrawal back: call it only with the customer's
    own, evidenced word. Files go through the importer, which cannot.
    """
    if not statements:
        return 0
    ids = sorted({statement.customer_id for statement in statements})
    execute(LOCK_CUSTOMERS, {"ids": as_json(ids)})
    batch = [asdict(statement) for statement in statements]
    return execute(ADD_CONSENTS, {"rows": as_json(batch), "now": now})


def withdraw(
    *,
    customer_id: int,
    purpose: str,
    channel: str,
    source: str,
    evidence: Mapping[str, str],
    now: datetime,
) -> None:
    """Record that a customer wants no more of a purpose by a channel; repeating it is harmless."""
    statement = ConsentStatement(
        customer_id=customer_id,
        purpose=purpose,
        channel=channel,
        state=ConsentState.WITHDRAWN,
        notice_version="",
        source=source,
        evidence=evidence,
    )
    record_consents(statements=[statement], now=now)
