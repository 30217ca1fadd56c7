"""Reads of floor 0: the clock, approvals, the audit chain."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import connection

from compliance.models import AuditEntry, AuditHead, Review

GENESIS = "0" * 64
ANCHOR = "audit head %d %s"
_ANCHOR_IN_LOG = re.compile(r"\baudit head (\d{1,18}) ([0-9a-f]{64})\b")


def clock_now() -> datetime:
    """The installation's time: the database's clock, moved by the replay's shift if one runs.

    Doors read it once and pass it down; several machines then agree on one clock.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT clock_timestamp()"
            " + coalesce((SELECT shift FROM compliance_replayclock), interval '0')"
        )
        row = cursor.fetchone()
    now: datetime = row[0]
    return now


def is_approved(*, kind: str, key: str, content_hash: str) -> bool:
    """Whether a second person approved exactly this content; the newest verdict on it counts."""
    verdicts = Review.objects.filter(subject_kind=kind, subject_key=key, subject_hash=content_hash)
    decided = verdicts.exclude(verdict=Review.Verdict.PENDING).order_by("-id")
    return decided.values_list("verdict", flat=True).first() == Review.Verdict.APPROVED


def entry_hash(*, previous_hash: str, entry: AuditEntry) -> str:
    """SHA-256, hex, over the previous hash and the entry's canonical JSON."""
    body: dict[str, Any] = {
        "seq": entry.seq,
        "at": entry.at.isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "detail": entry.detail,
    }
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous_hash}\n{text}".encode()).hexdigest()


def broken_audit_entries() -> Iterator[int]:
    """Numbers at which the chain doesn't hold: a changed, missing or foreign entry.

    The number after the last one stands for entries that were cut off at the end.
    """
    expected_seq, previous = 1, GENESIS
    for entry in AuditEntry.objects.order_by("seq").iterator():
        intact = (
            entry.seq == expected_seq
            and entry.previous_hash == previous
            and entry.hash == entry_hash(previous_hash=previous, entry=entry)
        )
        if not intact:
            yield entry.seq
        expected_seq, previous = entry.seq + 1, entry.hash
    head = AuditHead.objects.filter(id=1).first()
    told = (head.seq + 1, head.hash) if head else (1, GENESIS)
    if told != (expected_seq, previous):
        yield expected_seq


def unmet_anchors(log: Iterable[str]) -> Iterator[int]:
    """Numbers that the log's lines tell another hash of than the chain has now, or has no more.

    The log is kept where the database's administrators cannot reach it: it also finds a chain that
    was written anew from some entry on, or cut off together with its head.
    """
    told = [(int(found[1]), found[2]) for line in log for found in _ANCHOR_IN_LOG.finditer(line)]
    kept = dict(
        AuditEntry.objects.filter(seq__in={seq for seq, _ in told}).values_list("seq", "hash")
    )
    for seq, digest in sorted(set(told)):
        if kept.get(seq) != digest:
            yield seq
