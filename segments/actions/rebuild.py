"""Rebuild a segment's members on the engine of choice."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.timezone import localtime

from segments.actions.refresh import refresh
from segments.engines import sentences as why
from segments.engines.run import engine_of, matching_ids, open_engine, read_archive
from segments.engines.shape import Archive, newest_archive
from segments.errors import EngineError
from segments.models import Segment
from segments.queries.rules import check_rule

POSTGRES: Final = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """How the members changed, or would have; of what moment, and the seconds it took."""

    engine: str
    as_of: datetime
    size: int
    entered: int
    left: int
    is_held: bool
    judging_seconds: float
    seconds: float


def rebuild(
    *,
    key: str,
    url: str,
    root: Path,
    now: datetime,
    accepts_older: bool = False,
    is_trial: bool = False,
) -> Rebuilt:
    """Run the rule over everybody and move who changed, as `refresh` does.

    1. The engine judges, over the newest archive under `root`, at the archive's moment; no
       transaction is open meanwhile. PostgreSQL judges its own tables, now.
    2. The ids come back by COPY and the members move in one transaction, with the segment's guard.

    Cost: the engine's, plus one row over the wire per member.

    Parameters
    ----------
    url : the engine's address (see `engines.run`), or ``postgres``
    accepts_older : even if members moved since the archive was written
    is_trial : change nothing; the numbers are those of a real one

    Raises
    ------
    EngineError : no such segment, archive or engine; the archive is too old or lacks something.
    RuleError : the rule names what is gone.
    """
    started = time.perf_counter()
    segment = Segment.objects.filter(key=key, archived_at=None).first()
    if segment is None:
        raise EngineError(why.NO_SEGMENT, key=key)
    archive, found = None, None
    if url != POSTGRES:
        archive = newest_archive(root)
        _require_fitting(archive, segment, accepts_older=accepts_older)
        found = _judge(segment, archive, url)
    judged = time.perf_counter()
    with transaction.atomic():
        locked = Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)
        if archive is not None:
            _require_unchanged(locked, segment)
            _require_fitting(archive, locked, accepts_older=accepts_older)
        done = refresh(segment=locked, now=now, found=found)
        transaction.set_rollback(is_trial)
    return Rebuilt(
        engine=engine_of(url),
        as_of=now if archive is None else archive.manifest.as_of,
        size=done.size,
        entered=done.entered,
        left=done.left,
        is_held=done.is_held,
        judging_seconds=judged - started,
        seconds=time.perf_counter() - started,
    )


def _judge(segment: Segment, archive: Archive, url: str) -> Sequence[int]:
    checked = check_rule(segment.rule, own_key=segment.key)
    with open_engine(url) as engine:
        reading = read_archive(archive, engine)
        return matching_ids(checked, reading=reading, now=archive.manifest.as_of)


def _require_fitting(archive: Archive, segment: Segment, *, accepts_older: bool) -> None:
    """Nobody moved since the archive was written, nor may have; days are counted alike."""
    manifest = archive.manifest
    if manifest.zone != settings.TIME_ZONE:
        raise EngineError(why.OTHER_ZONE, zone=manifest.zone, own=settings.TIME_ZONE)
    changes = [at for at in (segment.changed_at, segment.stale_at) if at is not None]
    if changes and max(changes) > manifest.as_of and not accepts_older:
        raise EngineError(
            why.TOO_OLD,
            as_of=f"{localtime(manifest.as_of):%Y-%m-%d %H:%M:%S}",
            segment=segment.key,
            changed=f"{localtime(max(changes)):%Y-%m-%d %H:%M:%S}",
        )


def _require_unchanged(locked: Segment, judged: Segment) -> None:
    if locked.rule != judged.rule:
        raise EngineError(why.RULE_CHANGED, key=locked.key)
