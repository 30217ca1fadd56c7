"""Verbs of floor 0: ask for a review, decide one, write the audit trail, set the replay clock."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from compliance.errors import NothingToReview, NotPermitted, SelfReview
from compliance.models import AuditEntry, AuditHead, ReplayClock, Review, User
from compliance.queries import ANCHOR, GENESIS, entry_hash

log = logging.getLogger("compliance.audit")

# Any constant does; it keeps two writers from forking the chain.
_AUDIT_LOCK = 0x70C5_0001


@transaction.atomic
def record(
    *, actor: str, action: str, subject: str, now: datetime, detail: dict[str, Any] | None = None
) -> AuditEntry:
    """Append one act to the audit chain, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_AUDIT_LOCK])
    last = AuditEntry.objects.order_by("-seq").first()
    entry = AuditEntry(
        seq=last.seq + 1 if last else 1,
        previous_hash=last.hash if last else GENESIS,
        at=now.astimezone(UTC),
        actor=actor,
        action=action,
        subject=subject,
        detail=detail or {},
    )
    entry.hash = entry_hash(previous_hash=entry.previous_hash, entry=entry)
    entry.save(force_insert=True)
    AuditHead.objects.update_or_create(id=1, defaults={"seq": entry.seq, "hash": entry.hash})
    # Who rules the database can cut the chain and its head alike, but not what was logged.
    transaction.on_commit(lambda: log.info(ANCHOR, entry.seq, entry.hash))
    return entry


@transaction.atomic
def ask_review(*, kind: str, key: str, content_hash: str, maker: User, now: datetime) -> Review:
    """Put a subject before a second person; an older request for the same subject is replaced."""
    Review.objects.filter(
        subject_kind=kind, subject_key=key, verdict=Review.Verdict.PENDING
    ).delete()
    review = Review.objects.create(
        subject_kind=kind,
        subject_key=key,
        subject_hash=content_hash,
        maker=maker,
        submitted_at=now,
    )
    record(
        actor=maker.username,
        action=f"{kind}.submit",
        subject=key,
        now=now,
        detail={"hash": content_hash},
    )
    return review


@transaction.atomic
def decide_review(
    *,
    kind: str,
    key: str,
    content_hash: str,
    checker: User,
    approve: bool,
    opinion: str,
    now: datetime,
    author: User | None = None,
) -> Review:
    """Give the second person's verdict on exactly the content that was submitted.

    ``author``: who wrote the content, where that may be another than who submitted it.

    Raises
    ------
    NothingToReview : no request is pending, or the content changed since it was made.
    SelfReview : the checker submitted or wrote it.
    NotPermitted : the checker has no right to review.
    """
    review = (
        Review.objects.select_for_update()
        .filter(subject_kind=kind, subject_key=key, verdict=Review.Verdict.PENDING)
        .first()
    )
    if review is None or review.subject_hash != content_hash:
        raise NothingToReview(
            _("%(key)s is not waiting for review, or it changed since. Submit it again.")
            % {"key": key}
        )
    if review.maker_id == checker.pk:
        raise SelfReview(_("Whoever made it cannot approve it. Ask a second person."))
    if not checker.has_perm("compliance.change_review"):
        raise NotPermitted(_("Your role may not review. Ask a checker or compliance."))
    if author is not None and author.pk == checker.pk:
        raise SelfReview(_("Whoever made it cannot approve it. Ask a second person."))
    review.checker = checker
    review.verdict = Review.Verdict.APPROVED if approve else Review.Verdict.RETURNED
    review.opinion = opinion
    review.decided_at = now
    review.save()
    record(
        actor=checker.username,
        action=f"{kind}.{review.verdict}",
        subject=key,
        now=now,
        detail={"hash": content_hash, "opinion": opinion},
    )
    return review


def set_replay_clock(*, shift: timedelta, allowed: bool) -> None:
    """Move this installation's clock; ``allowed`` is the setting that production never has on."""
    if not allowed:
        raise NotPermitted(_("A production installation runs on the real clock."))
    if shift == timedelta():
        ReplayClock.objects.all().delete()
        return
    ReplayClock.objects.update_or_create(id=1, defaults={"shift": shift})
