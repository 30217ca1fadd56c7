"""What a gate may answer, and what it is asked with."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from campaigns.states import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """Nothing speaks against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defer:
    """Not now: judged anew at ``until``."""

    until: datetime
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Not sent, for ever."""

    reason: Reason
    detail: str = ""


Verdict: TypeAlias = Allow | Defer | Refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One touch and what is known about it in the claiming transaction.

    ``consent`` is the newest statement for this purpose and channel: granted, withdrawn or None.
    """

    purpose: str
    channel: str
    expires_at: datetime | None
    customer_status: str | None
    personalise_off: bool
    consent: str | None
    has_address: bool
    is_personal: bool
    is_approved: bool
