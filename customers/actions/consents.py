"""Write statements of will into the consent ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance.actions import record
from customers.actions.rights import explained, standing
from customers.errors import RightRefused
from customers.identifiers import redact
from customers.importing.mapping import CHANNELS
from customers.queries.consents import ADD_CONSENTS
from customers.queries.database import as_json, execute
from customers.queries.locks import lock_standing
from customers.vocabulary import ConsentState, Purpose

PERSONAL_NOTICE: Final = gettext_lazy(
    "It is a phone number, an e-mail address or the number of an identity card, and would stand in"
    " clear for ever: say the version of the notice, such as 2026-01."
)


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
    own, evidenced word. Files go through the importer, which cannot. What is said for somebody who
    was merged into another is that one's word.
    """
    if not statements:
        return 0
    standing_now = lock_standing({statement.customer_id for statement in statements})
    batch = [
        {
            **asdict(said),
            "customer_id": standing_now.get(said.customer_id, said.customer_id),
            "evidence": {redact(name): _kept(name, told) for name, told in said.evidence.items()},
        }
        for said in statements
    ]
    return execute(ADD_CONSENTS, {"rows": as_json(batch), "now": now})


def _kept(name: str, told: str | int) -> str | int:
    """Evidence outlives the person in the ledger, in clear: it says nothing of how to reach him."""
    return redact(told) if isinstance(told, str) and name != "by" else told


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


@transaction.atomic
def withdraw_for(
    *, customer_no: str, purpose: str, channel: str, actor: str, why: str, now: datetime
) -> None:
    """Withdraw for a customer who told somebody of ours; by whom, and why, is on record.

    Raises RightRefused: nobody has the number, there is no such purpose or channel, or no reason
    was given.
    """
    customer = standing(customer_no)
    explained(why)
    if purpose not in set(Purpose) or channel not in CHANNELS:
        raise RightRefused("no_consent", _("There is no such purpose and channel."))
    withdraw(
        customer_id=customer.pk,
        purpose=purpose,
        channel=channel,
        source="console",
        evidence={"by": actor, "why": why.strip()},
        now=now,
    )
    record(
        actor=actor,
        action="consent.withdraw",
        subject=str(customer.pk),
        now=now,
        detail={"purpose": purpose, "channel": channel, "why": why.strip()},
    )
