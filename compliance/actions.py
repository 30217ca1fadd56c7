"""Verbs of floor 0: ask for a review, decide one, write the audit trail, set the replay clock."""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from compliance.errors import NothingToReview, NotPermitted, RulebookError, SelfReview
from compliance.masking import mask
from compliance.models import AuditEntry, AuditHead, Product, ReplayClock, Review, RulePack, User
from compliance.queries import ANCHOR, GENESIS, check_rules, entry_hash, pack_hash
from compliance.rulebook.shipped import shipped_context

log = logging.getLogger("compliance.audit")

RATINGS = ("issuer_risk", "distributor_risk")
RULES = "rules"  # the kind under which changes of rules are reviewed
_TYPED = frozenset({"why", "reason", "note"})
# Any constant does; it keeps two writers from forking the chain.
_AUDIT_LOCK = 0x70C5_0001


@transaction.atomic(savepoint=False)  # an act that cannot be written down did not happen
def record(
    *, actor: str, action: str, subject: str, now: datetime, detail: dict[str, Any] | None = None
) -> AuditEntry:
    """Append one act to the audit chain, in the caller's transaction.

    What somebody typed as his reason may name a customer, who may want to be forgotten, and the
    chain cannot be changed: phone numbers and addresses in it are hidden.
    """
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
        detail={
            key: mask(told) if key in _TYPED and isinstance(told, str) else told
            for key, told in (detail or {}).items()
        },
    )
    entry.hash = entry_hash(previous_hash=entry.previous_hash, entry=entry)
    entry.save(force_insert=True)
    AuditHead.objects.bulk_create(
        [AuditHead(id=1, seq=entry.seq, hash=entry.hash)],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["seq", "hash"],
    )
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


@transaction.atomic
def propose_rules(
    *, key: str, rules: object, effective_from: date, maker: User, now: datetime
) -> RulePack:
    """Write down a new version of a set of rules; it counts once a second person approved it.

    Raises
    ------
    RulebookError : the rules cannot be read, or one of those in force vanished.
    NotPermitted : the maker's role keeps no rules.
    """
    if not maker.has_perm("compliance.add_rulepack"):
        raise NotPermitted(_("Your role may not change rules. Ask compliance."))
    check_rules(key, rules)
    # Held: of two who propose at once the second's version comes after the first's.
    held = RulePack.objects.select_for_update(no_key=True).filter(key=key).order_by("version")
    list(held.values_list("pk"))
    last = RulePack.objects.filter(key=key).aggregate(last=Max("version"))["last"] or 0
    pack = RulePack.objects.create(
        key=key,
        version=last + 1,
        effective_from=effective_from,
        rules=rules,
        made_by=maker,
        source=_("Changed by %(who)s") % {"who": maker.username},
    )
    record(
        actor=maker.username,
        action=f"{RULES}.propose",
        subject=pack.reference,
        now=now,
        detail={"rules": rules, "effective_from": effective_from.isoformat()},
    )
    ask_review(kind=RULES, key=pack.reference, content_hash=pack_hash(pack), maker=maker, now=now)
    return pack


@transaction.atomic
def review_rules(
    *, pack: RulePack, checker: User, approve: bool, opinion: str, now: datetime
) -> Review:
    """The second person's verdict; an approved version is in force from its first day on.

    Raises `ComplianceError` (see `decide_review`).
    """
    held = RulePack.objects.select_for_update().get(pk=pack.pk)
    review = decide_review(
        kind=RULES,
        key=held.reference,
        content_hash=pack_hash(held),
        checker=checker,
        approve=approve,
        opinion=opinion,
        now=now,
        author=held.made_by,
    )
    status = RulePack.Status.ACTIVE if approve else RulePack.Status.DEPRECATED
    RulePack.objects.filter(pk=held.pk).update(status=status)
    return review


@transaction.atomic
def save_product(*, product: Product, actor: User, now: datetime) -> Product:
    """Store a product's facts, with an entry in the audit trail.

    Raises
    ------
    RulebookError : its kind is none that the wording rules know.
    NotPermitted : the actor's role keeps no products.
    """
    if not actor.has_perm("compliance.change_product"):
        raise NotPermitted(_("Your role may not change products. Ask compliance."))
    if product.kind and product.kind not in shipped_context().products:
        raise RulebookError(_("There is no product kind %(kind)s.") % {"kind": product.kind})
    before = Product.objects.filter(pk=product.pk).values(*RATINGS).first() or {}
    product.updated_at = now
    product.save()
    record(
        actor=actor.username,
        action="product.save",
        subject=product.code,
        now=now,
        detail={
            "kind": product.kind,
            "issuer_risk": product.issuer_risk,
            "distributor_risk": product.distributor_risk,
            "regions": product.regions,
            "is_public": product.is_public,
            "risk_points": product.risk_points,
            "ratings_before": before,
        },
    )
    return product


@transaction.atomic
def import_products(*, facts: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Store what a source's file tells of products, but for their ratings (see `rate_products`).

    What a file does not tell stays, and so does everything that only compliance decides (risk
    points, complexity, permissions).

    Parameters
    ----------
    facts : ``code`` and ``name``, and ``kind`` if the file has it

    Raises RulebookError when a kind is none that the wording rules know; nothing is stored then.
    """
    known = Product.objects.in_bulk([fact["code"] for fact in facts], field_name="code")
    kinds = shipped_context().products
    for fact in facts:
        if fact.get("kind") and fact["kind"] not in kinds:
            raise RulebookError(_("There is no product kind %(kind)s.") % {"kind": fact["kind"]})
        product = known.setdefault(fact["code"], Product(code=fact["code"]))
        for name in ("name", "kind"):
            if name in fact:
                setattr(product, name, fact[name])
        product.updated_at = now
    Product.objects.bulk_create(
        # In one order for all who write several, so that none deadlock.
        sorted(known.values(), key=lambda product: product.code),
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "kind", "updated_at"],
    )


def ratings_of(codes: Collection[str]) -> dict[str, dict[str, int | None]]:
    """Both ratings of these products, by code."""
    found = Product.objects.filter(code__in=codes).values("code", *RATINGS)
    return {one["code"]: {name: one[name] for name in RATINGS} for one in found}


@transaction.atomic
def rate_products(
    *,
    ratings: Mapping[str, Mapping[str, int]],
    maker: User,
    checker: User,
    source: str,
    now: datetime,
) -> None:
    """Put ratings into force that one person brought and another approved.

    Each change is an entry in the audit trail, as when somebody typed it.

    Raises SelfReview; NotPermitted when the checker has no right to review.
    """
    if maker.pk == checker.pk:
        raise SelfReview(_("Whoever made it cannot approve it. Ask a second person."))
    if not checker.has_perm("compliance.change_review"):
        raise NotPermitted(_("Your role may not review. Ask a checker or compliance."))
    products = Product.objects.select_for_update().filter(code__in=list(ratings)).order_by("code")
    for product in products:
        before = {name: getattr(product, name) for name in RATINGS}
        for name, rating in ratings[product.code].items():
            setattr(product, name, rating)
        product.updated_at = now
        product.save(update_fields=[*RATINGS, "updated_at"])
        record(
            actor=checker.username,
            action="product.save",
            subject=product.code,
            now=now,
            detail={
                **{name: getattr(product, name) for name in RATINGS},
                "ratings_before": before,
                "made_by": maker.username,
                "source": source,
            },
        )


def set_replay_clock(*, shift: timedelta, allowed: bool) -> None:
    """Move this installation's clock; ``allowed`` is the setting that production never has on."""
    if not allowed:
        raise NotPermitted(_("A production installation runs on the real clock."))
    if shift == timedelta():
        ReplayClock.objects.all().delete()
        return
    ReplayClock.objects.update_or_create(id=1, defaults={"shift": shift})
