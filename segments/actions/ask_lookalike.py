"""Ask for everybody's likeness to a segment; who may not be a seed is refused, on record."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from compliance.actions import record
from compliance.models import User
from compliance.sentences import Sentence
from segments.errors import LookalikeRefused
from segments.likeness.seeds import LEAST_SEED, TOO_SMALL, Basis, Origin, objection
from segments.models import LookalikeRun, Segment
from segments.queries.likeness import usable_members


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A segment as a seed, and what whoever asks states of it.

    ``statement``: where the list comes from and why it may be used, in a sentence.
    """

    segment: Segment
    origin: Origin
    basis: Basis
    statement: str


def ask_lookalike(*, seed: Seed, size: int, actor: User, now: datetime) -> LookalikeRun:
    """Note that the ``size`` people most like the seed are wanted; a process apart ranks them.

    Asking and being refused are audited alike, with what was stated.

    Raises
    ------
    LookalikeRefused : a competitor's list, no lawful basis, or fewer than `LEAST_SEED` members who
        may be used.
    """
    objected = objection(seed.origin, seed.basis, seed.statement)
    if objected is None:
        members = usable_members(seed.segment.pk, most=LEAST_SEED)
        if members >= LEAST_SEED:
            return _ask(seed, size, actor, now)
        _audit(seed, actor, now, refused=TOO_SMALL)
        raise LookalikeRefused(TOO_SMALL, count=members, least=LEAST_SEED)
    _audit(seed, actor, now, refused=objected)
    raise LookalikeRefused(objected)


@transaction.atomic
def _ask(seed: Seed, size: int, actor: User, now: datetime) -> LookalikeRun:
    _audit(seed, actor, now)
    return LookalikeRun.objects.create(
        seed=seed.segment,
        origin=seed.origin,
        basis=seed.basis,
        statement=seed.statement.strip(),
        size=size,
        asked_by=actor,
        asked_at=now,
    )


@transaction.atomic
def _audit(seed: Seed, actor: User, now: datetime, *, refused: Sentence | None = None) -> None:
    record(
        actor=actor.username,
        action="lookalike.refuse" if refused else "lookalike.ask",
        subject=seed.segment.key,
        now=now,
        detail={
            "origin": seed.origin,
            "basis": seed.basis,
            "statement": seed.statement.strip(),
            "refused": refused.code if refused else "",
        },
    )
