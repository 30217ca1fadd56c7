"""Ratings of products from files: proposed by who brought the file, in force by a second person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from compliance.actions import RATINGS, rate_products, ratings_of, record
from compliance.errors import NotPermitted, SelfReview
from compliance.models import User
from customers.errors import RatingsRefused
from customers.models import ImportJob, RatingReview
from customers.vocabulary import RatingState

CLAIMS: Final = "customers.change_ratingreview"
CHECKS: Final = "compliance.change_review"
_OPEN: Final = (RatingState.UNCLAIMED, RatingState.PENDING)


def propose_ratings(
    *, job: ImportJob, facts: Mapping[str, Mapping[str, Any]], now: datetime
) -> None:
    """Note which ratings a file would change, in the caller's transaction; none counts yet.

    An open proposal of an earlier file of the source is replaced, also when this one changes none.

    Parameters
    ----------
    facts : rows of the file by product code
    """
    RatingReview.objects.filter(
        load__source=job.source_id, load__kind=job.kind, state__in=_OPEN
    ).update(state=RatingState.REPLACED)
    known = ratings_of(facts.keys())
    changes = {}
    for code, fact in facts.items():
        after = {name: fact[name] for name in RATINGS if name in fact}
        if any(known[code][name] != rating for name, rating in after.items()):
            changes[code] = {"before": known[code], "after": after}
    if not changes:
        return
    maker = User.objects.filter(username=job.started_by).first() if job.started_by else None
    RatingReview.objects.create(
        load=job,
        changes=changes,
        state=RatingState.PENDING if maker else RatingState.UNCLAIMED,
        maker=maker,
        made_at=now,
    )


@transaction.atomic
def claim_ratings(*, review: RatingReview, maker: User, now: datetime) -> None:
    """Answer for the ratings of a file that came by the command line.

    Raises NotPermitted; RatingsRefused when somebody has already, or it is over.
    """
    if not maker.has_perm(CLAIMS):
        raise NotPermitted(_("Your role may not submit ratings. Ask operations."))
    row = _locked(review, RatingState.UNCLAIMED)
    row.maker, row.state = maker, RatingState.PENDING
    row.save(update_fields=["maker", "state"])
    record(
        actor=maker.username,
        action="ratings.submit",
        subject=f"file {row.load_id}",
        now=now,
        detail={"products": len(row.changes)},
    )


@transaction.atomic
def decide_ratings(
    *, review: RatingReview, checker: User, approve: bool, opinion: str, now: datetime
) -> None:
    """The second person's verdict; approved ratings count from here on, all or none.

    Raises
    ------
    NotPermitted : the checker has no right to review.
    SelfReview : he brought the file.
    RatingsRefused : it is over, or a product was rated otherwise since the file came.
    """
    if not checker.has_perm(CHECKS):
        raise NotPermitted(_("Your role may not review. Ask a checker or compliance."))
    row = _locked(review, RatingState.PENDING)
    maker = row.maker
    if maker is None or maker.pk == checker.pk:
        raise SelfReview(_("Whoever made it cannot approve it. Ask a second person."))
    if approve:
        _put_into_force(row, maker, checker, now)
    row.checker, row.opinion, row.decided_at = checker, opinion, now
    row.state = RatingState.APPROVED if approve else RatingState.RETURNED
    row.save(update_fields=["checker", "opinion", "decided_at", "state"])
    record(
        actor=checker.username,
        action=f"ratings.{row.state}",
        subject=f"file {row.load_id}",
        now=now,
        detail={"products": len(row.changes), "opinion": opinion},
    )


def _locked(review: RatingReview, state: RatingState) -> RatingReview:
    row = RatingReview.objects.select_for_update().get(pk=review.pk)
    if row.state != state:
        raise RatingsRefused("ratings_over", _("These ratings are no longer waiting for that."))
    return row


def _put_into_force(row: RatingReview, maker: User, checker: User, now: datetime) -> None:
    now_rated = ratings_of(row.changes.keys())
    moved = [code for code, told in row.changes.items() if now_rated.get(code) != told["before"]]
    if moved:
        raise RatingsRefused(
            "ratings_moved",
            _("%(code)s was rated otherwise since the file came: return it and load a newer file.")
            % {"code": sorted(moved)[0]},
        )
    rate_products(
        ratings={code: told["after"] for code, told in row.changes.items()},
        maker=maker,
        checker=checker,
        source=f"file {row.load_id}",
        now=now,
    )
