"""What is asked before an offer, and what is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from compliance.suitability.values import INSTITUTION, Decision, Finding
from customers.vocabulary import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. ``product``: what the message names, if it names one.

    ``purpose``: what it is for, or ``protective``; ``text``: what would be said, judged if given.
    ``is_personal``: the text says something of this customer.
    """

    customer_no: str
    channel: str
    product: str = ""
    purpose: str = Purpose.MARKETING
    initiator: str = INSTITUTION
    text: str = ""
    is_personal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The heaviest of all findings. ``not_before``: from when hours alone no longer object.

    ``judged_as``: the purpose whose consent and limits counted; ``rules``: the versions that
    officers made; ``rules_hash``: of all rules it was given by; ``jurisdiction``: by whose numbers.
    """

    customer_id: int
    decision: Decision
    findings: Sequence[Finding]
    notices: Sequence[str] = ()
    not_applied: Sequence[str] = ()
    not_before: datetime | None = None
    rules: Mapping[str, int] = field(default_factory=dict)
    rules_hash: str = ""
    jurisdiction: str = ""
    judged_as: str = Purpose.MARKETING
